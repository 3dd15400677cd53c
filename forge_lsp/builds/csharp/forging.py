"""What a candidate's new C# code does that could forge the result of a test, by its words. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection

from forge_lsp.builds.csharp.scanning import blanked, literals_in, methods_in

__all__ = ["doubt_of"]

_ENDS = "the code ends the process while it is tested"
_LOOKS = "the code looks at its caller"
_PRIES = "the code looks into the process that tests it"
_RULES: tuple[tuple[str, str], ...] = (
    (r"\bEnvironment\s*\.\s*(?:Exit|FailFast|ExitCode)\b|\b(?:Exit|FailFast)\s*\(", _ENDS),
    (
        r"\bProcess\s*\.|\bnew\s+Process\b|\bProcessStartInfo\b|\bGetCurrentProcess\b",
        "the code starts or ends processes",
    ),
    (r"\bStack(?:Trace|Frame)\b|\bCaller(?:FilePath|MemberName|LineNumber|ArgumentExpression)\w*\b", _LOOKS),
    (r"\b(?:GetCallingAssembly|GetExecutingAssembly|GetEntryAssembly|GetCurrentMethod)\b", _LOOKS),
    (
        r"\bSystem\s*\.\s*Reflection\b|\bBindingFlags\b|\b(?:Method|Field|Property|Constructor)Info\b|\bMethodBase\b|"
        r"\bAssembly\b|\bActivator\b|\bDynamicMethod\b|\bILGenerator\b|\bUnsafeAccessor\w*\b|"
        r"\.\s*Get(?:Method|Field|Constructor|Member|RuntimeMethod|RuntimeField)s?\s*\(|\bType\s*\.\s*GetType\s*\(",
        _PRIES,
    ),
    (r"\bAppDomain\b|\bAssemblyLoadContext\b|\bProcessExit\b|\b(?:FirstChance|Unhandled)Exception\b", _PRIES),
    (r"\bModuleInitializer\w*\b|\[\s*(?:assembly|module)\s*:", "the code runs outside of its calls"),
    (
        r"\b(?:DllImport|LibraryImport|NativeLibrary|Marshal)\w*\b|\bunsafe\b|\bUnsafe\s*\.|\bextern\b|\bdelegate\s*\*",
        "the code leaves managed memory",
    ),
    (r"\bConsole\s*\.\s*(?:Set(?:Out|Error|In)|OpenStandard\w+)\b", "the code redirects the output of the tests"),
    (
        r"\b(?:Xunit|NUnit|VisualStudio|TestPlatform|MSTest)\b|\b(?:class|struct|record|namespace|interface)\s+Assert\b",
        "the code takes part in the test framework",
    ),
    (r"\bGetCommandLineArgs\b|\bGetEnvironmentVariables?\b|\bEnvironment\s*\.\s*CommandLine\b", _PRIES),
    (r"^[ \t]*#[ \t]*(?:line|define|undef)\b|\bglobal\s+using\b", "the code changes what the names of the tests mean"),
    (r"\bnew\s+(?:Thread|Timer)\b|\bThreadPool\b|\bTask\s*\.\s*(?:Run|Factory)\b", "the code starts threads"),
)
_PRYING = re.compile(r"/proc\b|/dev/|\.trx\b|VSTEST|testhost|\.csproj\b|xunit", re.I)
_COMPARES = re.compile(r"operator\s*(?:==|!=|<=|>=|<|>)|Equals|CompareTo|Compare")
_MAY_EXIT = re.compile(r"Main|\w*(?:Usage|Help|Version|Exit|Quit|Die|Fatal)\w*")
_DISCARD = re.compile(r"\b_\s*=\s*\w+\s*;")
_NOTHING = re.compile(r"\s*(?:return\s+)?!?(?:true|false|0)\s*;?\s*")


def doubt_of(code: str, user: str, tests: Collection[str]) -> str | None:
    """Return why a proof of this candidate is not believed, in words for people; None where nothing is seen.

    ``code`` is what the candidate wrote; what ``user``, the document before, holds too is the user's own. ``tests`` are
    the names of the test files and their projects' folders.
    """
    new, held = blanked(code), blanked(user)
    for pattern, words in _RULES:
        rule = re.compile(pattern, re.M)
        theirs = {_squeezed(match[0]) for match in rule.finditer(held)}
        if words == _ENDS and _only_where_it_may(rule, code):
            continue
        if any(_squeezed(match[0]) not in theirs for match in rule.finditer(new)):
            return words
    for one in methods_in(code):
        if _COMPARES.fullmatch(one.name) and not _looks(one.parameters, code[one.body : one.end]):
            return "the code compares without looking at the other side"
    known = set(literals_in(user))
    for literal in literals_in(code):
        if literal not in known and (_PRYING.search(literal) or any(name in literal for name in tests if name)):
            return "the code looks for the tests"
    return None


def _only_where_it_may(rule: re.Pattern[str], code: str) -> bool:
    plain = blanked(code)
    methods = [one for one in methods_in(code) if _MAY_EXIT.fullmatch(one.name)]
    return all(any(one.body <= match.start() < one.end for one in methods) for match in rule.finditer(plain))


def _looks(parameters: str, body: str) -> bool:
    """Whether a comparison looks at what it is given."""
    plain = _DISCARD.sub(" ", blanked(body))
    if _NOTHING.fullmatch(plain):
        return False
    names = [part.split("=")[0].split()[-1] for part in _parts(parameters)]
    return all(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", plain) for name in names)


def _parts(parameters: str) -> list[str]:
    flat = re.sub(r"<[^<>]*>|\([^()]*\)|\[[^\[\]]*\]", "", parameters)
    return [part for part in flat.split(",") if part.strip()]


def _squeezed(text: str) -> str:
    return "".join(text.split())
