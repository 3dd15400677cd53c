"""One typed tree of settings, its sources and precedence, its JSON schema.

Imports pydantic: never before ``initialize`` is answered.
"""

from __future__ import annotations

from forge_lsp.config.load import PROFILES, ResolvedSettings, SettingsSources, gather, profile_layer, resolve
from forge_lsp.config.tree import Settings

__all__ = ["PROFILES", "ResolvedSettings", "Settings", "SettingsSources", "gather", "profile_layer", "resolve"]
