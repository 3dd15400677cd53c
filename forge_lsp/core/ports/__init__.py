"""What the ensemble and the front ends need from the adapters, as Protocols; :mod:`forge_lsp.app` plugs these in.

Every coroutine here may be cancelled at any await: it then closes what it opened (connections, children)
within 200 ms and lets the ``CancelledError`` through. Each module's ``__all__`` says what it offers here.
"""

from forge_lsp.core.ports.asking import *
from forge_lsp.core.ports.checking import *
from forge_lsp.core.ports.health import *
from forge_lsp.core.ports.models import *
from forge_lsp.core.ports.residency import *
from forge_lsp.core.ports.source import *
from forge_lsp.core.ports.spending import *
