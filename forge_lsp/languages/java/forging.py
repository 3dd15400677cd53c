"""What a Java candidate does that could make its own tests pass: looked for in what is new in its text.

The runner keeps what it can out of the tested code's reach (see ``runners/``). What remains within one virtual machine
is said here, so that no proof of such a candidate is believed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from forge_lsp.checking.comparisons import Function, compares, lambdas_of
from forge_lsp.checking.jvm.forging import braced, has_more, in_one_piece
from forge_lsp.languages.java.texts import literals, methods_of, plain, unescaped

__all__ = ["doubt_of"]

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
        r"defineHiddenClass|FieldUtils|MethodUtils|Reflection(?:Test)?Utils|(?<=\.)invoke(?=\s*\()|Instrumentation|"
        r"getInstrumentation|ByteBuddyAgent|ModuleLayer|ScriptEngineManager|ToolProvider|JavaCompiler",
        "the code looks into other code by reflection",
    ),
    (
        r"(?:forName|loadClass|getSystemResource\w*|getResource\w*)(?=\s*\((?!\s*[\w.]*\s*\)))|"
        r"getSystemClassLoader|getPlatformClassLoader|getProtectionDomain|getCodeSource|getPackages|"
        r"set(?:Default|Class|Package)AssertionStatus|getClassLoader(?=\s*\(\s*\)\s*[!=]=)",
        "the code looks at how it was loaded",
    ),
    (
        r"getenv(?=\(\))|getProperties(?=\(\))|clearProperty",
        "the code looks through the runner's settings",
    ),
    (
        r"ManagementFactory|HotSpotDiagnosticMXBean|PlatformManagedObject|MBeanServer\w*|VirtualMachine|dumpHeap|"
        r"loadLibrary|(?<=System\.)load(?=\s*\()|native(?=\s+[\w<>\[\]]+\s+\w+\s*\()|SymbolLookup|Linker",
        "the code looks into the virtual machine",
    ),
    (r"setOut|setErr|setIn|FileDescriptor", "the code replaces the standard streams"),
    (
        r"ThreadGroup|getThreadGroup|Thread\s*\.\s*enumerate|setSecurityManager",
        "the code takes hold of threads that are not its own",
    ),
    (
        r"currentThread\s*\(\s*\)\s*\.\s*getName\s*\(\s*\)\s*\.\s*(?:equals\w*|startsWith|endsWith|contains|matches)",
        "the code asks in which test it runs",
    ),
    (r"ProcessBuilder|ProcessHandle|(?<=\.)exec(?=\s*\()", "the code starts another program"),
    (
        r"org\s*\.\s*(?:junit|testng|hamcrest|opentest4j|assertj|mockito)|junit\s*\.\s*framework|"
        r"AssumptionViolatedException|TestAbortedException|forge_check",
        _FRAMEWORK,
    ),
)
_LITERALS = re.compile(
    r"/proc\b|/dev/fd|/dev/std|src/test|\.forge|Tests?\.java\b|\w\.class\b|java\.class\.path|sun\.java\.command|"
    r"\borg[./]junit|forge_check"
)
_READS = "the code reads the tests or the files of their runner"
_PATTERNS = tuple((re.compile(rf"(?<!\w)(?:{words})(?!\w)"), said) for words, said in _WORDS)
_NAMED_LIKE = re.compile(r"[\w>\]]\s+(assert[A-Z]\w*)\s*\([^()]*\)\s*(?:throws\s+[\w.,\s]+)?\{")
_KEYWORDS = frozenset({"new", "return", "else", "throw", "case", "yield"})
_COMPARING = re.compile(
    r"\bboolean\s+(?P<name>equals|contains|containsAll|containsKey|containsValue|contentEquals|matches|isEqual\w*)"
    r"\s*+\((?P<given>[^()]*+)\)\s*+(?P<open>\{)"
    r"|\bint\s+(?P<name2>compareTo|compare)\s*+\((?P<given2>[^()]*+)\)\s*+(?P<open2>\{)"
)
_TWO_SIDES = frozenset(("equals", "isEqual", "isEqualTo", "compareTo", "compare"))
_BLIND = "the code compares values without looking at both"


def doubt_of(document: str, candidate: str, *, testing: bool = False) -> str | None:
    """Return why no proof of ``candidate`` is believed, in words for people; None: nothing speaks against it.

    What the user's ``document`` does as often is not held against it, nor, where it belongs to the tests itself
    (``testing``), that it uses their framework.
    """
    before, after = plain(unescaped(document)), plain(unescaped(candidate))
    said = [words for pattern, words in _PATTERNS if has_more(pattern, before, after)]
    said = [words for words in said if words != _FRAMEWORK or not testing]
    if has_more(_LITERALS, in_one_piece(literals(document)), in_one_piece(literals(candidate))):
        said.append(_READS)
    if Counter(_named_like(after)) - Counter(_named_like(before)):
        said.append("the code has methods named as a test's assertions")
    if Counter(_blind(after)) - Counter(_blind(before)):
        said.append(_BLIND)
    return "; ".join(said) or None


def _named_like(code: str) -> Iterator[str]:
    for match in _NAMED_LIKE.finditer(code):
        if code[: match.start() + 1].split()[-1:] not in ([word] for word in _KEYWORDS):
            yield match[1]


def _blind(code: str) -> Iterator[str]:
    """The methods that compare and whose answer does not come from both sides."""
    functions = dict(_functions(code))
    for match in _COMPARING.finditer(code):
        name, given = match["name"] or match["name2"], (match["given"] or match["given2"] or "").strip()
        start = match.start("open") if match["open"] else match.start("open2")
        body = braced(code, start)
        sides = [part.split()[-1] for part in given.split(",") if part.split()]
        line = " ".join(body.split())
        if name not in _TWO_SIDES:
            asked = all(re.search(rf"\b{re.escape(side)}\b", body) for side in sides)
            if not asked and not re.fullmatch(r"return false ?;|throw [^;]*;", line):
                yield f"{name} {line}"
        elif len(sides) in (1, 2) and not re.fullmatch(rf"return super\.{name}\( ?{re.escape(sides[0])} ?\) ?;", line):
            one = Function(left=sides[0] if len(sides) == 2 else "", right=sides[-1], body=line)
            if not compares(one, functions, seen=(name,)):
                yield f"{name} {line}"


def _functions(code: str) -> Iterator[tuple[str, Function]]:
    """The methods of two sides, by name: static ones of two parameters, others of one."""
    for method in methods_of(code):
        given = method.header.rpartition("(")[2].partition(")")[0]
        sides = [part.split()[-1] for part in given.split(",") if part.split()]
        static = re.search(r"\bstatic\b", method.header) is not None
        if len(sides) == (2 if static else 1):
            body = " ".join(code[method.body + 1 : method.end - 1].split())
            yield method.name, Function(left=sides[0] if static else "", right=sides[-1], body=body)
    yield from lambdas_of(" ".join(code.split()))
