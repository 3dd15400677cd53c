"""The text of the program that makes the calls of examples: it includes the document. Pure.

Each call stands on lines of its own, so that what the compiler says of one is known to be of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from forge_lsp.checking.examples.answers import AskedCall
from forge_lsp.checking.examples.written import as_in
from forge_lsp.checking.scanning import closing, parts_of
from forge_lsp.languages.c_family import CPP
from forge_lsp.languages.c_family.linking import Function
from forge_lsp.languages.c_family.scanning import blanked, functions_in

__all__ = ["DriverProgram", "driving", "fields_of", "main_of", "namespaces_at"]

_FOLDER = Path(__file__).parent / "runners" / "calls"
_OWN = re.compile(r"\bforge_(?=(?:kept|array|chars)\b)")
_NAMESPACE = re.compile(r"\b(?:inline\s+)?namespace\b\s*(?P<name>[A-Za-z_][\w:]*)?[^{;=]*\{")
_FIELD = re.compile(
    r"(?P<type>[\w:<>,\s*&]+?[\s*&>])(?P<name>[A-Za-z_]\w*)\s*(?P<array>(?:\[[^\]]*\]\s*)*)(?:=[\s\S]*)?$"
)
_ACCESS = re.compile(r"\b(?P<which>public|private|protected)\s*:(?!:)")
_MEMBER = re.compile(r"(?:(?<=\.)|(?<=->))(?P<name>[A-Za-z_]\w*)(?=\()")
_WORD = re.compile(r"(?:\w+::)*[A-Za-z_]\w*")
_MOST_FIELDS = 24
_DEEPEST = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverProgram:
    """A program's text, with the lines of each call by its place among the calls, from 1, both included."""

    text: str
    lines: Mapping[int, tuple[int, int]]

    def of(self, line: int) -> int | None:
        """The call that stands on a line."""
        return next((place for place, (first, last) in self.lines.items() if first <= line <= last), None)


def main_of(token: str) -> str:
    """Return the text of the program's other file: its ``main``, which makes the calls."""
    return _named(_read("main.c"), token)


def driving(document: str, function: Function, calls: Sequence[AskedCall], *, token: str) -> DriverProgram:
    """Return the program that includes the file ``document``, whose text is the function's, and makes ``calls`` of it.
    ``token`` is part of all its names, so that no text can know them."""
    text, cpp = function.text, function.language is CPP
    spaces = namespaces_at(text, function.at) if cpp else ()
    lines = [f'#include "{document}"', *_named(_read("values.hpp" if cpp else "values.h"), token).split("\n")]
    lines += _named(_objects(text, function.result) if cpp else "", token).split("\n")
    places: dict[int, tuple[int, int]] = {}
    for place, call in enumerate(calls):
        inside = f"using namespace ::{'::'.join(spaces)};" if spaces else ""
        lines += [_named(f"static void forge_call_{place}(void) {{", token), inside]
        lines.append(_named("forge_put_::guarded([&] {", token) if cpp else "")
        first = len(lines) + 1
        before, after = _around(function)
        lines += [_OWN.sub(f"forge_{token}_", step) for step in _once(call.steps, text)]
        lines += [_named(before, token), _OWN.sub(f"forge_{token}_", call.call), *(_named(one, token) for one in after)]
        places[place] = (first, len(lines))
        lines.append("}); }" if cpp else "}")
    table = ", ".join(f"forge_call_{place}" for place in range(len(calls)))
    begin, end = ('extern "C" {', "}") if cpp else ("", "")
    tail = (
        f"{begin} extern const forge_call forge_calls[]; extern const int forge_count; {end}\n"
        f"const forge_call forge_calls[] = {{{table}}};\nconst int forge_count = {len(calls)};\n"
    )
    return DriverProgram(text="\n".join((*lines, _named(tail, token))), lines=places)


def namespaces_at(text: str, at: int) -> tuple[str, ...]:
    """Return the names of the namespaces that hold a place of a C++ text, outermost first."""
    plain = blanked(text)
    found: list[str] = []
    for match in _NAMESPACE.finditer(plain, 0, at):
        end = closing(plain, match.end() - 1, "{", "}")
        if (end is None or end > at) and match["name"]:
            found += match["name"].split("::")
    return tuple(found)


def fields_of(text: str, name: str) -> tuple[tuple[str, str], ...]:
    """Return type and name of the public fields of a ``struct`` or ``class`` that ``text`` defines; () where there is
    none of that name, or where that cannot be told."""
    plain = blanked(text)
    bare = re.escape(name.removeprefix("struct ").rpartition("::")[2])
    head = re.compile(rf"\b(?P<kind>struct|class)\s+{bare}\b[^;{{}}()]*\{{").search(plain)
    begin = head.end() - 1 if head is not None else None
    if begin is None:  # typedef struct { ... } Name;
        end = re.compile(rf"\}}\s*{bare}\s*;").search(plain)
        opened = [match.end() - 1 for match in re.finditer(r"\btypedef\s+struct\s*\w*\s*\{", plain)]
        begin = next((at for at in opened if end is not None and closing(plain, at, "{", "}") == end.start()), None)
    last = closing(plain, begin, "{", "}") if begin is not None else None
    if begin is None or last is None:
        return ()
    public = head is None or head["kind"] == "struct"
    found: list[tuple[str, str]] = []
    for statement in _statements(plain[begin + 1 : last]):
        while (access := _ACCESS.search(statement)) is not None:
            public = access["which"] == "public"
            statement = statement[access.end() :]
        first, *others = parts_of(statement, arrows="-")[:_MOST_FIELDS] or ("",)
        field = _FIELD.match(first.strip())
        if (
            not public
            or field is None
            or re.search(r"[()]|\b(?:static|using|typedef|friend|return|operator|enum)\b", statement)
        ):
            continue
        kind = f"{field['type'].strip()}{' *' if field['array'] else ''}"
        found.append((kind, field["name"]))
        found += ((kind, match[1]) for other in others if (match := re.match(r"\s*([A-Za-z_]\w*)", other)) is not None)
    return tuple(found[:_MOST_FIELDS])


def _statements(body: str) -> list[str]:
    """What stands between semicolons outside of braces; a function's body ends one too."""
    found, depth, start = list[str](), 0, 0
    for at, char in enumerate(body):
        depth += (char == "{") - (char == "}")
        if depth == 0 and char in ";}":
            found.append(body[start : at + (char == "}")])
            start = at + 1
    return found


def _objects(text: str, result: str) -> str:
    """C++: how the objects are told that the result is or holds, by their public fields."""
    plain = blanked(text)
    parts: list[str] = []
    done: set[str] = set()
    pending = _WORD.findall(result)
    for name in pending:  # grows while it is walked
        bare = name.rpartition("::")[2]
        if bare in done or len(done) > _MOST_FIELDS:
            continue
        done.add(bare)
        head = re.search(rf"\b(?:struct|class)\s+{bare}\b[^;{{}}()]*\{{", plain)
        fields = fields_of(text, bare)
        if head is None or not fields or plain[: head.start()].rstrip().endswith(">"):
            continue  # a template's fields are of types that only its use tells
        full = "::".join(("", *namespaces_at(text, head.start()), bare))
        steps = [
            _key(field, place) + f'given(value.{field}); forge_raw("]");' for place, (_, field) in enumerate(fields)
        ]
        parts.append(
            f"namespace forge_put_ {{ template <> struct put<{full}> {{ static void to(const {full} &value) {{ "
            f'forge_raw("{{\\"m\\":["); {" ".join(steps)} forge_raw("]}}"); }} }}; }}'
        )
        pending += [word for kind, _ in fields for word in _WORD.findall(kind)]
    return "\n".join(reversed(parts))  # what an object holds before the object


def _once(steps: Sequence[str], text: str) -> list[str]:
    """The steps, a name that is made twice given its second value; members are found by their names in any style."""
    names = list(dict.fromkeys(one.name for one in functions_in(text))) if steps else []
    known: set[str] = set()
    found: list[str] = []
    for step in steps:
        made = re.match(r"auto\s+(\w+)\s*=", step)
        again = made is not None and made[1] in known
        known |= {made[1]} if made is not None else set()
        plain = step.removeprefix("auto").lstrip() if again else step
        plain = _MEMBER.sub(lambda match: as_in(names, match["name"]), plain)
        found.append(plain if plain.rstrip().endswith((";", "}")) else f"{plain};")
    return found


def _around(function: Function) -> tuple[str, list[str]]:
    """What stands before a call, and what after it."""
    text, result, cpp = function.text, function.result, function.language is CPP
    if function.void:
        return "", [";", "FORGE_GIVE(nullptr);" if cpp else "FORGE_GIVE((void *)0);"]
    if cpp or not fields_of(text, result):
        return "FORGE_GIVE(", [");"]
    return "__auto_type forge_made = (", [");", *_put("forge_made", result, text, 0)]


def _put(value: str, kind: str, text: str, depth: int) -> list[str]:
    """C: how a value is told, a structure by its fields."""
    fields = fields_of(text, kind) if depth < _DEEPEST and not kind.endswith("*") else ()
    if not fields:
        return [f"FORGE_GIVE({value});"]
    lines = ['forge_raw("{\\"m\\":[");']
    for place, (inner, name) in enumerate(fields):
        lines += [_key(name, place), *_put(f"{value}.{name}", inner, text, depth + 1), 'forge_raw("]");']
    return [*lines, 'forge_raw("]}");']


def _key(name: str, place: int) -> str:
    return f'forge_raw("{"," if place else ""}[{{\\"s\\":\\"{name}\\"}},");'


def _named(text: str, token: str) -> str:
    """The text with names that no candidate knows."""
    return text.replace("forge_", f"forge_{token}_").replace("FORGE_", f"FORGE_{token}_")


@cache
def _read(name: str) -> str:
    return (_FOLDER / name).read_text("utf-8")
