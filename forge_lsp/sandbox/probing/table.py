"""What is tried against each sandbox, and what each is known to give."""

from __future__ import annotations

from dataclasses import dataclass

from forge_lsp.reading import table_beside

__all__ = ["PROBES", "Probe", "documented"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One attempt. ``key`` is its name in JSON, ``what`` says in words what is tried.

    ``bubblewrap`` and ``landlock`` say what comes of it there; two asterisks mark what the sandbox does **not** hold.
    """

    key: str
    group: str
    what: str
    bubblewrap: str
    landlock: str

    def is_open(self, kind: str) -> bool:
        """Whether this is known not to hold in the sandbox ``kind``."""
        return {"bubblewrap": self.bubblewrap, "landlock": self.landlock}.get(kind, "").startswith("**")


def documented() -> str:
    """The table of docs/sandbox.md."""
    lines = ["| tried | bubblewrap | Landlock |", "|---|---|---|"]
    lines += [f"| {probe.what} | {probe.bubblewrap} | {probe.landlock} |" for probe in PROBES]
    return "\n".join(lines)


def _probes() -> tuple[Probe, ...]:
    return tuple(
        Probe(key=f"{group}.{name}", group=group, what=row[0], bubblewrap=row[1], landlock=row[-1])
        for group, rows in table_beside(__file__, "probes.toml").items()
        for name, row in rows.items()
    )


PROBES = _probes()
"""Every attempt of ``probes.toml``, in the order in which it is told."""
