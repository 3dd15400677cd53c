"""What a candidate's new C# code does that could forge the result of a test, by its words. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import PurePosixPath

from forge_lsp.checking.comparing import Comparison, compares, parameters_of
from forge_lsp.checking.rules import rules_beside
from forge_lsp.languages.csharp.scanning import Method, blanked, literals_in, methods_in

__all__ = ["doubt_of"]

_TABLE = rules_beside(__file__, flags=re.M)
_ENDS, _LOOKS, _PRIES = (_TABLE.says[name] for name in ("ends", "looks", "pries"))
_PRYING = re.compile(r"/proc\b|/dev/|\.trx\b|VSTEST|testhost|\.csproj\b|xunit", re.I)
_COMPARES = re.compile(r"operator\s*(?:==|!=|<=|>=|<|>)|Equals|CompareTo|Compare")
_OF_INTERFACE = re.compile(r"(?<=[\s])[\w.]+(?:<[\w\s,.?<>]*>)?\.(?=(?:Equals|CompareTo|Compare)\s*\()")
_CALLER = re.compile(r"\bCaller(?:FilePath|MemberName|LineNumber|ArgumentExpression)\w*\b")
_VARIABLE = re.compile(r"\bGetEnvironmentVariable\s*\(\s*(?P<name>\"[^\"]*\")?")
_OF_RUNNER = re.compile(r"TEST|DOTNET|MSBUILD|XUNIT|NUNIT|COVER|CORECLR|COMPlus|^\"CI\"|HOST", re.I)
_MAY_EXIT = re.compile(r"Main|\w*(?:Usage|Help|Version|Exit|Quit|Die|Fatal)\w*")
_TYPE = re.compile(
    r"\b(?:class|struct|interface|enum|record(?:\s+(?:class|struct))?|delegate\s+[\w<>.?]+)\s+(?P<name>[A-Za-z_]\w*)"
)


def doubt_of(
    code: str,
    user: str,
    tests: Mapping[str, str],
    *,
    ended: bool = False,
    project: str = "",
    known: Collection[str] = (),
) -> str | None:
    """Return why a proof of this candidate is not believed, in words for people; None where nothing is seen.

    ``code`` is what the candidate wrote; what ``user``, the document before, holds too is the user's own. ``tests`` are
    the texts of the test files by their places, ``project`` is the name of their project, ``known`` are the names that
    the candidate may bring: the scope's, its callers', those that tests wait for. ``ended``: the tests came to their
    end, so that nothing in the code ended their process.
    """
    code = re.sub(r"\\u00([4-7][0-9A-Fa-f])", lambda match: chr(int(match[1], 16)), code)
    new, held = blanked(code), blanked(user)
    for rule in _TABLE.rules:
        theirs = {_squeezed(match[0]) for match in rule.pattern.finditer(held)}
        if rule.says == _ENDS and (ended or _only_where_it_may(rule.pattern, code)):
            continue
        if any(_squeezed(match[0]) not in theirs for match in rule.pattern.finditer(new)):
            return rule.says
    for match in _VARIABLE.finditer(blanked(code, literals=False)):
        if (match["name"] is None or _OF_RUNNER.search(match["name"])) and match[0] not in user:
            return _PRIES
    return (
        _by_members(code)
        or _by_tests(code, user, _used(tests.values()), known)
        or _by_literals(code, user, {PurePosixPath(name).name for name in tests}, project)
    )


def _by_members(code: str) -> str | None:
    code = _OF_INTERFACE.sub(lambda match: " " * len(match[0]), code)
    every = methods_in(code)
    helpers = {one.name: (given, code[one.body : one.end]) for one in every if (given := parameters_of(one.parameters))}
    for one in every:
        if not _COMPARES.fullmatch(one.name):
            continue
        body = blanked(code[one.body : one.end])
        given = parameters_of(one.parameters) or ()
        if not compares(Comparison(parameters=given, body=body, type_text=_type_of(code, one), helpers=helpers)):
            return "the code compares without looking at the other side"
    return None


def _by_tests(code: str, user: str, used: set[str], known: Collection[str]) -> str | None:
    """What the candidate does with the names that the tests use."""
    every = methods_in(code)
    if any(one.name in used and _CALLER.search(one.parameters) for one in every):
        return _LOOKS
    brought = {match["name"] for match in _TYPE.finditer(blanked(code))}
    brought |= {name.removesuffix("Attribute") for name in brought}
    brought |= {one.name for one in every if re.match(r"\s*this\s", one.parameters)}
    taken = sorted((brought & used) - set(known) - set(_words(user)))
    return f"the code brings a {taken[0]} of its own, which the tests use" if taken else None


def _by_literals(code: str, user: str, files: Collection[str], project: str) -> str | None:
    known = set(literals_in(user))
    named = re.compile(rf"(?<!\w){re.escape(project)}(?!\w)") if project else None
    for literal in literals_in(code):
        if literal in known:
            continue
        if _PRYING.search(literal) or any(name in literal for name in files) or (named and named.search(literal)):
            return "the code looks for the tests"
    return None


def _only_where_it_may(rule: re.Pattern[str], code: str) -> bool:
    plain = blanked(code)
    methods = [one for one in methods_in(code) if _MAY_EXIT.fullmatch(one.name)]
    return all(any(one.body <= match.start() < one.end for one in methods) for match in rule.finditer(plain))


def _type_of(code: str, one: Method) -> str:
    """The statements of the type that a member belongs to, without what its members do."""
    plain = blanked(code)
    for match in reversed(list(_TYPE.finditer(plain, 0, one.begin + 1))):
        opening = plain.find("{", match.end())
        if opening < 0:
            continue
        depth, kept, at = 1, [plain[match.start() : opening + 1]], opening + 1
        while at < len(plain) and depth:
            depth += (plain[at] == "{") - (plain[at] == "}")
            kept.append(plain[at] if depth == 1 else ";")
            at += 1
        if opening < one.body < at:
            return "".join(kept)
    return ""


def _used(tests: Collection[str]) -> set[str]:
    """The names that test files use of others: members of values, and what they define themselves, left out."""
    found: set[str] = set()
    for text in tests:
        found |= set(re.findall(r"(?<![\w.])[A-Za-z_]\w*", blanked(text)))
        found |= set(re.findall(r"\.\s*([A-Za-z_]\w*)\s*\(", blanked(text)))
        found -= {one.name for one in methods_in(text)}
    return found


def _words(text: str) -> set[str]:
    return set(re.findall(r"[A-Za-z_]\w*", blanked(text)))


def _squeezed(text: str) -> str:
    return "".join(text.split())
