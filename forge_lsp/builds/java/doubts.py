"""What a Java candidate does that could make its own tests pass: looked for in what is new in its text.

The runner keeps what it can out of the tested code's reach (see ``runners/``). What remains within one virtual machine
is said here, so that no proof of such a candidate is believed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from forge_lsp.builds.java.texts import literals, plain, unescaped

__all__ = ["ENDS", "doubt_of"]

ENDS = "the code ends the process while it is tested"
_WORDS: Sequence[tuple[str, str]] = (
    (
        r"getStackTrace|getAllStackTraces|setStackTrace|StackWalker|StackTraceElement|dumpStack|"
        r"printStackTrace(?=\s*\(\s*[^\s)])|getClassContext|ThreadMXBean|ThreadInfo",
        "the code looks at its call stack",
    ),
    (
        r"getDeclared\w+|setAccessible|MethodHandles?|VarHandle|Unsafe|newProxyInstance|InvocationHandler|defineClass|"
        r"defineHiddenClass|Instrumentation|ModuleLayer|ScriptEngineManager|ToolProvider|JavaCompiler",
        "the code looks into other code by reflection",
    ),
    (
        r"ManagementFactory|HotSpotDiagnosticMXBean|PlatformManagedObject|MBeanServer\w*|VirtualMachine|dumpHeap|"
        r"loadLibrary|native(?=\s+[\w<>\[\]]+\s+\w+\s*\()|SymbolLookup|Linker",
        "the code looks into the virtual machine",
    ),
    (r"setOut|setErr|setIn|FileDescriptor", "the code replaces the standard streams"),
    (
        r"ThreadGroup|getThreadGroup|Thread\s*\.\s*enumerate|setSecurityManager",
        "the code takes hold of threads that are not its own",
    ),
    (r"ProcessBuilder|ProcessHandle|(?<=\.)exec(?=\s*\()", "the code starts another program"),
    (
        r"org\s*\.\s*(?:junit|testng|hamcrest|opentest4j|assertj|mockito)|junit\s*\.\s*framework|"
        r"AssumptionViolatedException|TestAbortedException|forge_check",
        "the code uses the test framework",
    ),
)
_LITERALS = re.compile(
    r"/proc\b|/dev/fd|/dev/std|src/test|\.forge|Tests?\.(?:java|class)\b|java\.class\.path|sun\.java\.command|"
    r"\borg[./]junit|forge_check"
)
_READS = "the code reads the tests or the files of their runner"
_PATTERNS = tuple((re.compile(rf"(?<!\w)(?:{words})(?!\w)"), said) for words, said in _WORDS)
_NAMED_LIKE = re.compile(r"[\w>\]]\s+(assert[A-Z]\w*)\s*\([^()]*\)\s*(?:throws\s+[\w.,\s]+)?\{")
_KEYWORDS = frozenset({"new", "return", "else", "throw", "case", "yield"})
_COMPARING = re.compile(
    r"\bboolean\s+(?P<name>equals|contains|containsAll|containsKey|containsValue|contentEquals|matches|isEqual\w*)"
    r"\s*\(\s*(?P<given>[^()]*?)\s*\)\s*(?P<open>\{)"
    r"|\bint\s+(?P<name2>compareTo|compare)\s*\(\s*(?P<given2>[^()]*?)\s*\)\s*(?P<open2>\{)"
)
_BLIND = "the code compares values without looking at both"


def doubt_of(document: str, candidate: str) -> str | None:
    """Return why no proof of ``candidate`` is believed, in words for people; None: nothing speaks against it.

    What the user's ``document`` does as often is not held against it.
    """
    before, after = plain(unescaped(document)), plain(unescaped(candidate))
    said = [words for pattern, words in _PATTERNS if _more(pattern, before, after)]
    if _more(_LITERALS, literals(document), literals(candidate)):
        said.append(_READS)
    if Counter(_named_like(after)) - Counter(_named_like(before)):
        said.append("the code has methods named as a test's assertions")
    if Counter(_blind(after)) - Counter(_blind(before)):
        said.append(_BLIND)
    return "; ".join(said) or None


def _more(pattern: re.Pattern[str], before: str, after: str) -> bool:
    found = Counter(match[0] for match in pattern.finditer(after))
    return bool(found - Counter(match[0] for match in pattern.finditer(before)))


def _named_like(code: str) -> Iterator[str]:
    for match in _NAMED_LIKE.finditer(code):
        if code[: match.start() + 1].split()[-1:] not in ([word] for word in _KEYWORDS):
            yield match[1]


def _blind(code: str) -> Iterator[str]:
    """The methods that compare and whose answer does not come from both sides."""
    for match in _COMPARING.finditer(code):
        name, given = match["name"] or match["name2"], match["given"] or match["given2"] or ""
        start = match.start("open") if match["open"] else match.start("open2")
        body = _block(code, start)
        sides = [part.split()[-1] for part in given.split(",") if part.split()]
        if sides and not all(_looks_at(side, body, name) for side in sides):
            yield f"{name} {' '.join(body.split())}"


def _block(code: str, start: int) -> str:
    depth = 0
    for at in range(start, len(code)):
        depth += (code[at] == "{") - (code[at] == "}")
        if depth == 0:
            return code[start + 1 : at]
    return code[start + 1 :]


def _looks_at(side: str, body: str, name: str) -> bool:
    """Whether a body uses what is in ``side``: beyond asking for its type and whether it is the same object."""
    word = re.escape(side)
    rest = re.sub(
        rf"\bif\s*\(\s*(?:this\s*==\s*{word}|{word}\s*==\s*this)\s*\)\s*(?:\{{\s*return\s+true\s*;\s*\}}|return\s+true\s*;)",
        " ",
        body,
    )
    if (
        name == "equals"
        and re.search(r"\breturn\s+true\s*;|\|\|\s*true\b|\btrue\s*\|\|", rest)
        and "return false" not in rest
    ):
        return False
    aliases = {side}
    aliases |= set(re.findall(rf"\b(\w+)\s*=\s*\(\s*[\w.<>?,\s]+\s*\)\s*{word}\b", rest))
    aliases |= set(re.findall(rf"\b{word}\s+instanceof\s+(?:final\s+)?[\w.<>?,]+\s+(\w+)", rest))
    for alias in aliases:
        used = re.escape(alias)
        # A member of it, itself as an argument or an operand; not `x instanceof T`, `x == null`, `x.getClass()`.
        if re.search(rf"\b{used}\s*\.\s*(?!getClass\b)\w|\(\s*\({used}\)|\)\s*{used}\s*\)\s*\.\s*\w", rest):
            return True
        if re.search(
            rf"[(,]\s*{used}\s*[,)]", re.sub(rf"\b(?:if|while)\s*\(\s*{used}\s*\)|\bgetClass\s*\(\s*\)", " ", rest)
        ):
            return True
        if (
            re.search(
                rf"[-+<>=!]=?\s*{used}\b(?!\s*(?:instanceof|=\s*=\s*null))|\b{used}\s*(?:[-+<>]|[=!]=)(?!\s*null)", rest
            )
            and name != "equals"
        ):
            return True
    return False
