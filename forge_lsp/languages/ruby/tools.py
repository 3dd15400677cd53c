"""Ruby's own program, what it may see in a box, and what it says of a text."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from forge_lsp.checking.problems import problem_at
from forge_lsp.checking.project import Place
from forge_lsp.checking.versions import home_of
from forge_lsp.core.attempt import Diagnostic
from forge_lsp.core.errors import EnvironmentFault, ToolMissing
from forge_lsp.core.ports import Box
from forge_lsp.reading import parsed_json

__all__ = ["CHECK", "INSTALL", "Ruby", "checked", "environment_of", "find_ruby", "found_ruby"]

INSTALL = "apt-get install ruby, or https://www.ruby-lang.org/en/documentation/installation"
CHECK = Path(__file__).with_name("runners") / "ruby_check.rb"
_VERSION = re.compile(r"(?<!\d)\d{1,4}\.\d{1,4}[\w.-]{0,60}")
_LINE = re.compile(r"^(?P<file>[^\n]*?):(?P<line>\d+): (?P<message>.*)$")
_MARKED = re.compile(r"^>?\s*(?P<line>\d+) \|")
_POINTED = re.compile(r"^\s*\|(?P<before>\s+)\^~* (?P<message>\S.*)$")
_HEADS = re.compile(r"syntax errors? found")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruby:
    """One installation. ``readable`` are its folders and those of gems; ``gems`` where gems lie beside its own."""

    program: Path
    readable: tuple[Path, ...] = ()
    gems: tuple[Path, ...] = field(default=())


def find_ruby(environment: Mapping[str, str], place: Place | None = None) -> Ruby | None:
    """The Ruby of PATH, and behind the shim of a version manager the one that the project or the user chose."""
    for name in ("ruby", "ruby3"):
        found = shutil.which(name, path=environment.get("PATH", ""))
        program = _real(Path(found), environment, place) if found is not None else None
        if program is None:
            continue
        prefix = program.parent.parent
        own = () if prefix.is_relative_to("/usr") or prefix == Path("/") else (prefix,)
        gems = tuple(_gems(environment))
        return Ruby(program=program, readable=(*own, *gems), gems=gems)
    return None


def found_ruby(environment: Mapping[str, str], place: Place) -> Ruby:
    """Like :func:`find_ruby`. Raises ToolMissing."""
    found = find_ruby(environment, place)
    if found is None:
        raise ToolMissing("no ruby on PATH", remedy=INSTALL)
    return found


def _real(program: Path, environment: Mapping[str, str], place: Place | None) -> Path | None:
    try:
        with program.open("rb") as file:
            script = file.read(2) == b"#!"
    except OSError:
        return None
    if not script:
        return program.resolve()
    home = home_of(environment)
    folders = (
        Path(environment.get("RBENV_ROOT", home / ".rbenv")) / "versions",
        Path(environment.get("ASDF_DATA_DIR", home / ".asdf")) / "installs" / "ruby",
        home / ".local" / "share" / "mise" / "installs" / "ruby",
    )
    for version in _versions(environment, home, place):
        for folder in folders:
            if (folder / version / "bin" / "ruby").is_file():
                return (folder / version / "bin" / "ruby").resolve()
    return None


def _versions(environment: Mapping[str, str], home: Path, place: Place | None) -> Iterator[str]:
    """The versions that are asked for: by the environment, the project, the user."""
    yield environment.get("RBENV_VERSION", "") or "-"
    texts: list[str] = []
    if place is not None:
        for name in (".ruby-version", ".tool-versions", "mise.toml"):
            file = place.nearest(name)
            texts.append((place.text(file) or "") if file is not None else "")
    for path in (home / ".rbenv" / "version", home / ".tool-versions"):
        try:
            texts.append(path.read_text("utf-8"))
        except (OSError, UnicodeDecodeError):
            continue
    for text in texts:
        named = re.search(r"^ruby[\s=\"']+(\S+?)[\"']?$", text, re.M)
        found = _VERSION.search(named[1] if named is not None else text.split("\n", 1)[0])
        if found is not None:
            yield found[0]


def _gems(environment: Mapping[str, str]) -> Iterator[Path]:
    home = home_of(environment)
    named = [environment.get("GEM_HOME", ""), *environment.get("GEM_PATH", "").split(":")]
    known = [Path(name) for name in named if name.startswith("/")]
    for folder in (home / ".local" / "share" / "gem" / "ruby", home / ".gem" / "ruby", Path("/var/lib/gems")):
        known += sorted(folder.glob("[0-9]*"))
    yield from (path for path in dict.fromkeys(known) if path.is_dir())


def environment_of(ruby: Ruby, box: Box) -> Mapping[str, str]:
    """What a Ruby needs to know in a box."""
    return {
        "HOME": str(box.root),
        "LANG": "C.UTF-8",
        "PATH": f"{ruby.program.parent}:/usr/local/bin:/usr/bin:/bin",
        "FORGE_GEMS": ":".join(map(str, ruby.gems)),
        "BUNDLE_FROZEN": "true",
        "BUNDLE_DISABLE_VERSION_CHECK": "true",
    }


def checked(output: bytes, file: str) -> tuple[tuple[Diagnostic, ...], tuple[Diagnostic, ...], tuple[str, int] | None]:
    """What ``runners/ruby_check.rb`` says: syntax errors, files that are required and not there, the first gem that is
    not installed with its line. Raises EnvironmentFault where that is no answer."""
    try:
        answer = parsed_json(output)
        words, absent, gems = str(answer["syntax"]), list(answer["absent"]), list(answer["gems"])
    except (ValueError, TypeError, KeyError):
        raise EnvironmentFault("ruby does not run here", remedy="ruby -v") from None
    lost = tuple(_problem(file, int(line), "LoadError", f"cannot load such file -- {name}") for name, line in absent)
    first = next(((str(name), int(line)) for name, line in gems), None)
    return tuple(_syntax(words, file)), lost, first


def _syntax(words: str, file: str) -> Iterator[Diagnostic]:
    """Ruby's words, in the form of each of its parsers: a line for each error, or an excerpt with marks below it."""
    lines = words.split("\n")
    line, told = 0, False
    for number, text in enumerate(lines):
        marked, pointed, plain = _MARKED.match(text), _POINTED.match(text), _LINE.match(text)
        if pointed is not None and line:
            told = True
            yield _problem(file, line, "SyntaxError", pointed["message"], max(len(pointed["before"]), 1))
        elif marked is not None:
            line = int(marked["line"])
        elif plain is not None and not _HEADS.search(plain["message"]):
            told = True
            below = lines[number + 2] if number + 2 < len(lines) else ""
            column = below.index("^") + 1 if re.fullmatch(r"\s*\^~*\s*", below) else 0
            yield _problem(file, int(plain["line"]), "SyntaxError", plain["message"], column)
    if words.strip() and not told:
        first = re.search(r":(\d+):", words)
        yield _problem(file, int(first[1]) if first else 1, "SyntaxError", words.strip().split("\n")[0])


def _problem(file: str, line: int, code: str, message: str, column: int = 0) -> Diagnostic:
    return problem_at(file, line, column, code=code, message=message.strip(), source="ruby")
