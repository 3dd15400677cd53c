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
_FRAMEWORK = "the code uses the test framework"
_WORDS: Sequence[tuple[str, str]] = (
    (
        r"getStackTrace|getAllStackTraces|setStackTrace|StackWalker|StackTraceElement|dumpStack|"
        r"printStackTrace(?=\s*\(\s*[^\s)])|getClassContext|getSourceMethodName|getSourceClassName|"
        r"ThreadMXBean|ThreadInfo",
        "the code looks at its call stack",
    ),
    (
        r"getDeclared\w+|setAccessible|MethodHandles?|VarHandle|Unsafe|newProxyInstance|InvocationHandler|defineClass|"
        r"defineHiddenClass|FieldUtils|MethodUtils|Reflection(?:Test)?Utils|(?<=\.)invoke(?=\s*\()|Instrumentation|ModuleLayer|ScriptEngineManager|ToolProvider|JavaCompiler",
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
        _FRAMEWORK,
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


def doubt_of(document: str, candidate: str, *, testing: bool = False) -> str | None:
    """Return why no proof of ``candidate`` is believed, in words for people; None: nothing speaks against it.

    What the user's ``document`` does as often is not held against it, nor, where it belongs to the tests itself
    (``testing``), that it uses their framework.
    """
    before, after = plain(unescaped(document)), plain(unescaped(candidate))
    said = [words for pattern, words in _PATTERNS if _more(pattern, before, after)]
    said = [words for words in said if words != _FRAMEWORK or not testing]
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


_ABOUT = r"(?!(?:getClass|hashCode|toString|notify|notifyAll|wait)\b)"
_PLAIN = frozenset(
    re.findall(
        r"\w+",
        "return true false if else null instanceof final equals compare compareTo getClass hashCode toString var class "
        "new int long boolean double for while try catch",
    )
)


def _looks_at(side: str, body: str, name: str) -> bool:
    """Whether a body uses what is in ``side``, and the object's own state with it: more than its type, and whether it
    is there or is the same object."""
    word = re.escape(side)
    same = (
        rf"\bif\s*\(\s*(?:this\s*==\s*{word}|{word}\s*==\s*this)\s*\)\s*"
        r"(?:\{\s*return\s+true\s*;\s*\}|return\s+true\s*;)"
    )
    rest = re.sub(same, " ", body)
    if re.search(r"\|\|\s*true\b|\btrue\s*\|\|", rest):
        return False
    if name == "equals" and re.search(r"\breturn\s+true\s*;", rest) and "return false" not in rest:
        return False
    aliases = {side, *re.findall(rf"\b(\w+)\s*=\s*\(\s*[\w.<>?,\s]+\s*\)\s*{word}\b", rest)}
    aliases.update(re.findall(rf"\b{word}\s+instanceof\s+(?:final\s+)?[\w.<>?,]+\s+(\w+)", rest))
    names = "|".join(re.escape(alias) for alias in aliases)
    member = rf"(?:\b(?:{names})|\(\s*\([^()]*\)\s*(?:{names})\s*\))\s*\.\s*{_ABOUT}\w+"
    given = (
        r"(?<!if)(?<!while)(?<!getClass)\s*[(,]\s*(?:\([^()]*\)\s*)?"
        rf"(?:{names}|(?:{names})\s*\.\s*toString\s*\(\s*\))\s*[,)]"
    )
    operand = (
        rf"[-+<>]=?\s*(?:{names})\b|\b(?:{names})\s*[-+<>]|[=!]=\s*(?:{names})\b|"
        rf"\b(?:{names})\s*[=!]=\s*(?!null)"
    )
    used = re.search(member, rest) or re.search(given, rest) or (name != "equals" and re.search(operand, rest))
    if not used:
        return False
    own = re.sub(member, " ", rest)
    words = set(re.findall(r"(?<![\w])[a-z]\w*", own)) - _PLAIN - aliases
    return name not in ("equals", "compareTo") or bool(words)
