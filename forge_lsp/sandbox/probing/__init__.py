"""What is tried against each sandbox, by ``forge-lsp doctor --probe`` and by the tests: one table, one program."""

from __future__ import annotations

from forge_lsp.sandbox.probing.measure import HostMachine, Measured, Open, ProbedBox, measure
from forge_lsp.sandbox.probing.table import PROBES, Probe, documented

__all__ = ["PROBES", "HostMachine", "Measured", "Open", "Probe", "ProbedBox", "documented", "measure"]
