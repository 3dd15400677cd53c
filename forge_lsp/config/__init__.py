"""One typed tree of settings, its sources and precedence, its JSON schema.

Imports pydantic: never before ``initialize`` is answered.
"""

from __future__ import annotations

from forge_lsp.config.load import PROFILES, Resolved, SettingsSources, gather, profile_layer, resolve
from forge_lsp.config.tree import Settings

__all__ = ["PROFILES", "Resolved", "Settings", "SettingsSources", "gather", "profile_layer", "resolve"]
