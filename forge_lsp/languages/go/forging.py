"""What a candidate's text does, and the user's did not, that could make a Go test pass without the work being done.

Pure: it looks at the tokens of both texts. Go compiles all that it runs, so whoever reaches past the language has to
name the package that does it.
"""

from __future__ import annotations

import fnmatch
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping

from forge_lsp.checking.comparisons import Function, compares, lambdas_of
from forge_lsp.languages.go.sources import declarations, imports_of, masked

__all__ = ["doubt_of"]

_ENDS = "the code ends or replaces the test program by system calls"
_MEMORY = "the code goes past Go's type system (unsafe, cgo, linkname or a plug-in)"
_STACK = "the code looks at the stack of its callers"
_TESTING = "the code asks for the test framework"
_FLAGS = "the code reads or changes the test program's flags"
_OUTPUT = "the code takes the test program's output into its own hands"
_PROGRAM = "the code looks for the test program itself"
_ARGUMENTS = "the code reads the test program's arguments and ends it"
_ASKED = "the code reads the test program's arguments"
_ENVIRONMENT = "the code looks through the test program's environment"
_EARLY = "the code ends the program while it is loaded"
_INPUT = "the code reads the test program's input"
_FILES = "the code reads the tests, or files that they compare with"
_EQUAL = "its `{name}` does not look at the other side"
_NAN = "the code always gives NaN, which no comparison with a tolerance refuses"
_SHADOW = "its `{name}` takes the place of Go's own"
_VARIABLE = "the code changes `{name}`, a variable of another package"
_LINES = "the code says that it stands in another file or on another line"
_TEST_MAIN = "the code brings a TestMain of its own"

# Names of a package ("*": all of them) and what it means to use one.
_USES: tuple[tuple[str, str, str], ...] = (
    ("syscall", "Exit Exec ForkExec StartProcess Kill Tgkill ExitProcess TerminateProcess", _ENDS),
    (
        "syscall",
        "Syscall Syscall6 Syscall9 SyscallN RawSyscall RawSyscall6 AllThreadsSyscall AllThreadsSyscall6",
        _ENDS,
    ),
    ("syscall", "Write Pwrite Sendto Sendmsg Sendfile Splice Dup Dup2 Dup3 Close Mmap", _OUTPUT),
    ("golang.org/x/sys/unix", "*", _ENDS),
    ("unsafe", "Pointer Add Slice", _MEMORY),  # what is read alone changes nothing
    ("C", "*", _MEMORY),
    ("plugin", "*", _MEMORY),
    ("runtime", "Caller Callers CallersFrames FuncForPC Stack GoroutineProfile Goexit Breakpoint", _STACK),
    ("runtime/debug", "Stack PrintStack ReadBuildInfo SetCrashOutput WriteHeapDump", _STACK),
    ("runtime/pprof", "*", _STACK),
    ("runtime/trace", "*", _STACK),
    ("testing", "*", _TESTING),
    ("flag", "Set Lookup Visit VisitAll CommandLine", _FLAGS),
    ("os", "Executable Getppid", _PROGRAM),
    ("os", "NewFile", _OUTPUT),
)
_STRINGS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"/proc\b|/dev/(?:fd|std|tty|pts)"), _PROGRAM),
    (re.compile(r"--- (?:PASS|FAIL|SKIP)|=== RUN|\\x16|\\u0016|\\026|\x16"), _OUTPUT),
    (re.compile(r"\"Action\"|test2json"), _OUTPUT),
    (re.compile(r"-?test\.(?:run|v|timeout|count|skip|list|paniconexit0|\w*profile)\b"), _FLAGS),
    (re.compile(r"\A/?\.test\Z"), _PROGRAM),
    (re.compile(r"\btestdata\b|\.golden\b"), _FILES),
)
_PIECES = re.compile(r"/?proc/?(?:self|thread-self)")
_TESTS = re.compile(r"_test\.go|_test\b.*\.go|\*\.go")
_DIRECTIVE = re.compile(r"^//go:(?:linkname|cgo_\w+)\b", re.M)
_LINE = re.compile(r"(?:^//|/\*)line [^\n]*:\d+", re.M)
_NAMES = (
    "any bool byte comparable complex64 complex128 error float32 float64 int int8 int16 int32 int64 rune "
    "string uint uint8 uint16 uint32 uint64 uintptr true false iota nil append cap clear close complex "
    "copy delete imag len make max min new panic print println real recover"
)
_PREDECLARED = frozenset(_NAMES.split())
_KEEPS = re.compile(r"\b(?:strings\.Builder|bytes\.(?:New)?Buffer|io\.Pipe)\b|\)[ \t]*Write\(")
_TYPE_NAME = re.compile(r"\bfmt\.Sprintf\(\s*\"%T\"\s*,[^()\n]*\)")
_EMBED = re.compile(r"^//go:embed[ \t]+(?P<patterns>[^\n]+)", re.M)
_MAIN = re.compile(r"^func[ \t]+main[ \t]*\(", re.M)
_STRING = re.compile(r"\"(?:\\.|[^\"\\\n])*\"|`[^`]*`")
_JOINED = re.compile(rf"(?:{_STRING.pattern})(?:\s*\+\s*(?:{_STRING.pattern}))*")
_STREAM = r"(?:Stdout|Stderr)"
_METHOD = re.compile(
    r"^func[ \t]*\([ \t]*(?:(?P<receiver>\w+)[ \t]+)?\*?(?P<type>\w+)[^)]*\)[ \t]*"
    r"(?P<name>Equals?|EqualTo|DeepEqual|Is|As|Compare|CompareTo|Cmp|Matches|IsEqual)[ \t]*"
    r"\((?P<parameters>[^)]*)\)[^{\n]*\{",
    re.M,
)
_PARAMETERS = re.compile(
    r"func\s*(?:\(\s*(?:(\w+)\s+)?\*?[^)]*\)\s*)?(\w+)\s*(?:\[[^\]]*\]\s*)?\(([^)]*)\)\s*(?:\(\s*(\w+)\s+bool\s*\))?"
)
_LOOKS_AT_BOTH = frozenset(("Equal", "Equals", "EqualTo", "DeepEqual", "Compare", "CompareTo", "Cmp", "IsEqual"))


def doubt_of(before: str, after: str, *, test_files: Collection[str] = (), hidden: bool = False) -> str | None:
    """Return why no proof of the text ``after`` is believed, in words for users; None: nothing speaks against it.

    ``before`` is the user's text, what stands in it is held against nobody. ``test_files`` are the names of the test
    files beside it; ``hidden``: they are not there while it runs, so that it may speak of such files as it likes.
    """
    new = Counter(_signs(after, test_files)) - Counter(_signs(before, test_files))
    if not hidden:
        new += Counter(_test_names(after)) - Counter(_test_names(before))
    reasons = dict.fromkeys(reason for _, reason in new)
    return "; ".join(list(reasons)[:3]) or None


def _signs(text: str, test_files: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield each thing that a text does which could forge a proof, with the reason in words."""
    plain = _without_main(masked(_TYPE_NAME.sub(lambda match: " " * len(match[0]), text)))
    known = imports_of(text)
    for name, path in known.items():
        if name.startswith(("_ ", ". ")):
            for package, _, reason in _USES:
                if path == package:
                    yield f"import {path}", reason
    for package, listed, reason in _USES:
        names = listed.split()
        for alias in (name for name, path in known.items() if path == package):
            if "*" in names:
                yield f"import {package}", reason
            for match in re.finditer(rf"(?<![\w.]){re.escape(alias)}\s*\.\s*(\w+)", plain):
                if match[1] in names or "*" in names:
                    yield f"{package}.{match[1]}", reason
    for alias in (name for name, path in known.items() if path == "os"):
        yield from _streams(plain, re.escape(alias))
    if re.search(r"\b(?:L(?:short|long)file|AddSource|ReportCaller|AddCaller)\b", plain) and _KEEPS.search(plain):
        yield "caller in a log", _STACK
    yield from _texts(text, test_files)
    yield from _equality(plain)
    yield from _replaced(plain, known)
    yield from _constant(plain, [name for name, path in known.items() if path == "math"])
    if re.search(r"^func[ \t]+TestMain\b", plain, re.M):
        yield "TestMain", _TEST_MAIN


def _streams(plain: str, os: str) -> Iterator[tuple[str, str]]:
    """The process's own streams put somewhere else, its arguments changed, or read where it is ended too."""
    taken = rf"(?<![\w.]){os}\.{_STREAM}\s*(?:=(?!=)|,[^=\n;{{]*=(?!=)|\.(?:Close|Fd|SyscallConn|Truncate|Seek)\b)"
    for match in re.finditer(rf"{taken}|&\s*\(*{os}\.{_STREAM}\b|=\s*[^;\n]*,\s*{os}\.{_STREAM}\s*=(?!=)", plain):
        yield f"stream {match[0]}", _OUTPUT
    for match in re.finditer(rf"\b(\w+)\s*:?=\s*{os}\.{_STREAM}\b", plain):
        if re.search(rf"(?<![\w.]){match[1]}\.(?:Close|Fd|SyscallConn)\b", plain):
            yield f"stream {match[0]}", _OUTPUT
    for match in re.finditer(rf"(?<![\w.])(?:&\s*)?{os}\.Args\s*(?:\[[^\]\n]*\]\s*)?=(?!=)|&\s*{os}\.Args\b", plain):
        yield f"arguments {match[0]}", _FLAGS
    ends = rf"(?<![\w.])(?:{os}\.Exit|log\.Fatal\w*|log\.Panic\w*)\b"
    library = re.search(r"^package[ \t]+main\b", plain, re.M) is None
    if library and re.search(rf"(?<![\w.]){os}\.Args\s*\[\s*0\s*\]|\blen\(\s*{os}\.Args\s*\)", plain):
        yield "arguments", _ASKED
    elif re.search(rf"(?<![\w.]){os}\.Args\b", plain) and re.search(ends, plain):
        yield "arguments and exit", _ARGUMENTS
    for match in re.finditer(rf"(?<![\w.]){os}\.Environ\(\)", plain):
        if not re.search(r"append\(\s*\Z", plain[: match.start()]):
            yield "environment", _ENVIRONMENT
    for one in declarations(plain):
        early = one.names == ("init",) or plain.startswith("var", one.start)
        if early and re.search(ends, plain[one.start : one.end]):
            yield f"exit in {' '.join(one.names)}", _EARLY
    for match in re.finditer(rf"(?<![\w.]){os}\.Stdin\b|(?<![\w.])syscall\.Read\(\s*(?:0|syscall\.Stdin)\b", plain):
        yield f"input {match[0]}", _INPUT


def _texts(text: str, test_files: Collection[str]) -> Iterator[tuple[str, str]]:
    """What strings and directives name: tests, the runner's lines, the process's own files."""
    for match in _DIRECTIVE.finditer(text):
        yield match[0], _MEMORY
    for match in _LINE.finditer(text):
        yield match[0], _LINES
    for match in _EMBED.finditer(text):
        patterns = match["patterns"].split()
        folders = not all("." in pattern.rpartition("/")[2] for pattern in patterns)
        if folders or any(fnmatch.fnmatch(name, pattern.strip('"`')) for name in test_files for pattern in patterns):
            yield match[0], _FILES
    for content in _strings(text):
        for pattern, reason in _STRINGS:
            if pattern.search(content):
                yield f"text {content}", reason
    pieces = "".join(_strings(text))
    if _PIECES.search(pieces):
        yield "text in pieces", _PROGRAM


def _test_names(text: str) -> Iterator[tuple[str, str]]:
    """Strings that name test files."""
    return ((f"text {content}", _FILES) for content in _strings(text) if _TESTS.search(content))


def _strings(text: str) -> Iterator[str]:
    """The strings of a text, those that are added up as one."""
    for match in _JOINED.finditer(masked(text, strings=False)):
        yield "".join(part[0][1:-1] for part in _STRING.finditer(match[0]))


def _equality(plain: str) -> Iterator[tuple[str, str]]:
    """Methods that compare, and look at one side only."""
    functions = dict(_functions(plain))
    for match in _METHOD.finditer(plain):
        body = _body(plain, match.end() - 1)
        sign = f"{match['type']}.{match['name']} {' '.join(body.split())}"
        used = re.sub(r"^\s*_\s*=\s*[\w.]+\s*$", "", body, flags=re.M)
        parameter = re.match(r"\s*(\w+)", match["parameters"])
        sides = [parameter[1]] if parameter is not None else []
        if match["name"] in _LOOKS_AT_BOTH:
            sides.append(match["receiver"] or "_")
        if not all(side != "_" and re.search(rf"\b{re.escape(side)}\b", used) for side in sides):
            yield sign, _EQUAL.format(name=match["name"])
        elif match["name"] in _LOOKS_AT_BOTH and parameter is not None:
            result = re.search(r"\(\s*(\w+)\s+bool\s*\)\s*\{\Z", match[0])
            one = Function(
                left=match["receiver"] or "_",
                right=parameter[1],
                body=_line(body),
                result=result[1] if result is not None else None,
            )
            if not compares(one, functions):
                yield sign, _EQUAL.format(name=match["name"])


def _functions(plain: str) -> Iterator[tuple[str, Function]]:
    """The functions of a text that have two sides, by name: of two parameters, or a method's receiver and one."""
    for one in declarations(plain):
        match = _PARAMETERS.match(plain, one.start)
        opened = plain.find("{", match.end()) if match is not None else -1
        if match is None or opened < 0:
            continue
        sides = [part.split()[0] for part in match[3].split(",") if part.split()]
        sides = [match[1], *sides] if match[1] else sides
        if len(sides) == 2:
            body = _line(_body(plain, opened))
            yield match[2], Function(left=sides[0], right=sides[1], body=body, result=match[4])
    yield from lambdas_of(_line(plain))


def _line(body: str) -> str:
    """A body on one line, with the semicolons that Go puts there itself."""
    return " ".join(re.sub(r"(?<=[\w)\]}\"'`+-])[ \t]*\n", "; ", body).split())


def _replaced(plain: str, known: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Go's own names declared again for the whole package, and variables of other packages that get another value."""
    for one in declarations(plain):
        method = re.match(r"func\s*\(", plain[one.start : one.end]) is not None
        for name in one.names:
            if name in _PREDECLARED and not method:
                yield f"declares {name}", _SHADOW.format(name=name)
    for match in re.finditer(r"(?<![\w.])(\w+)\.([A-Z]\w*)\s*(?:[-+*/|&^]|<<|>>)?=(?!=)", plain):
        name = f"{match[1]}.{match[2]}"
        if match[1] not in known or known[match[1]] in ("os", "flag"):
            continue  # those of os and flag that matter are looked at above
        if not re.search(rf"(?<![\w.]){match[1]}\s*(?:,[^=\n]*)?:=|[(,]\s*{match[1]}\s+[\w*\[]", plain):
            yield f"sets {name}", _VARIABLE.format(name=name)


def _constant(plain: str, math: list[str]) -> Iterator[tuple[str, str]]:
    """Functions that give NaN whatever they are given."""
    for one in declarations(plain):
        body = plain[one.start : one.end]
        for alias in math:
            nothing = rf"(?<![\w.]){re.escape(alias)}\.(?:NaN\b|(?:Sqrt|Log\w*)\(\s*-\s*\d)"
            if re.search(nothing, body) and not re.search(r"\b(?:if|switch|for)\b", body):
                yield f"NaN in {' '.join(one.names)}", _NAN
        if re.search(r"(?<![\w.)])([a-z]\w*)\s*/\s*\1\b(?!\s*[.(\[])", body):
            yield f"zero by zero in {' '.join(one.names)}", _NAN


def _without_main(plain: str) -> str:
    """A command's ``main`` is not run by tests: it may read arguments and end the process."""
    match = _MAIN.search(plain)
    if match is None or not re.search(r"^package[ \t]+main\b", plain, re.M):
        return plain
    one = next((one for one in declarations(plain) if one.start == match.start()), None)
    return plain if one is None else plain[: one.start] + plain[one.end :]


def _body(plain: str, start: int) -> str:
    depth = 0
    for at in range(start, len(plain)):
        depth += {"{": 1, "}": -1}.get(plain[at], 0)
        if depth == 0:
            return plain[start + 1 : at]
    return plain[start + 1 :]
