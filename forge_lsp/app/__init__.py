"""The composition root: settings -> components -> a front end. The only package that names concrete implementations.

Nothing heavy is imported at the top of its files: the language server answers ``initialize`` first. A process has one
:class:`Container`. What depends on settings (models, sandbox, checks) is built when a job first needs it, and shared by
all jobs with the same settings.
"""

from __future__ import annotations

from forge_lsp.app.container import Container
from forge_lsp.app.flags import Flags, SystemClock, state_folder
from forge_lsp.app.fleets import make_fleet
from forge_lsp.app.services import make_services

__all__ = ["Container", "Flags", "SystemClock", "make_fleet", "make_services", "state_folder"]
