"""What is tried against each sandbox, by ``forge-lsp doctor --probe`` and by the tests: one table, one program."""

from __future__ import annotations

from forge_lsp.sandbox.probing.measure import Measured, Open, Session, Surroundings, measure
from forge_lsp.sandbox.probing.table import PROBES, Probe, documented

__all__ = ["PROBES", "Measured", "Open", "Probe", "Session", "Surroundings", "documented", "measure"]
