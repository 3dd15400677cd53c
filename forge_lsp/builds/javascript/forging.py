"""What a candidate's text does, and the user's did not, that could make a test pass without the work being done.

Pure: it looks at the tokens of both texts.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache

from forge_lsp.builds.javascript.reading import Token, closing, tokens_of

__all__ = ["doubt_of"]

_TESTS = "the code reads the tests"
_RUNNER = "the code reaches for the test runner"
_STACK = "the code looks at the stack of its callers"
_BUILTIN = "the code changes what belongs to JavaScript itself ({name})"
_GLOBALS = "the code reaches for global values by a way round (`{name}`)"
_EVALUATED = "the code runs code that it makes from text (`{name}`)"
_EQUAL = "a value of the code answers every comparison by itself (`{name}`)"
_PROCESS = "the code takes hold of the process that tests it (`process{name}`)"
_MODULES = "the code reaches into the loading of modules (`{name}`)"
_TESTED = "the code asks whether it is being tested"
_MEMORY = "the code looks into the memory of the process (`{name}`)"

_RUNNERS = re.compile(
    r"(?:node:)?test(?:/reporters)?|vitest(?:/.*)?|@vitest/.*|jest(?:-.*)?|@jest/.*|chai|expect|mocha|ava|tinypool|tinyspy"
)
_INSIDE = re.compile(r"(?:node:)?(?:inspector(?:/promises)?|v8|vm|repl|wasi)")
_LOADING = re.compile(r"(?:node:)?module")
_READING = re.compile(r"(?:node:)?(?:fs(?:/promises)?|child_process)")
_TEST_TEXT = re.compile(
    r"(?:^|[/\\._\s*`'\"(-])(?:__tests__|tests?|spec|specs)(?:$|[/\\.*\s`'\")-])|\*\.[cm]?[jt]s|/proc\b|/dev/(?:fd|std)"
)
# In what people read, "test" is a word like others.
_TEST_PATH = re.compile(r"(?:__tests__|\btests?|\bspecs?)/|\.(?:test|spec)\.[cm]?[jt]sx?\b|/proc/|/dev/(?:fd|std)")
# A test file that is loaded as a module or as text.
_SOURCE_OF_TESTS = re.compile(r"[._-](?:test|spec)s?\b|(?:^|/)(?:__tests__|tests?)/[^?]*(?:\?|\*|$)|\*\*")
_SEARCHING = re.compile(
    r"\b(?:grep|egrep|rg|ag|ack)\b(?=.*(?:\s-\w*[rR]|\*))|^(?:rg|ag|ack)$|\bgit grep\b"
    r"|\bfind\s+[./]|\b(?:cat|tar)\b.*(?:\*|\s\.)"
)
_ASKS_NAMES = re.compile(r"VITEST|JEST|NODE_TEST|TEST_CONTEXT")
_RUNNER_NAMES = re.compile(r"vitest|jest|mocha|\btest|\bspec")
_TEST_GLOBALS = frozenset(("it", "test", "describe", "expect", "jest", "vi", "beforeEach", "afterEach"))
_HOOKS = frozenset(("createHook", "executionAsyncResource"))
_LOADERS = frozenset(("register", "registerHooks", "syncBuiltinESMExports"))
_LISTING = frozenset(("readdirSync", "readdir", "globSync", "opendirSync", "cpSync", "cp", "symlinkSync", "renameSync"))
_TEXTUAL = frozenset(("split", "match", "matchAll", "replace", "replaceAll", "substring", "search", "charAt"))
_PARSING = frozenset(
    ("split", "match", "matchAll", "replace", "replaceAll", "slice", "substring", "indexOf", "includes", "at", "search")
)
_ASKING = frozenset(("JEST_WORKER_ID", "VITEST", "VITEST_WORKER_ID", "VITEST_POOL_ID", "NODE_TEST_CONTEXT"))
_BUILTINS = frozenset(
    [
        "Object",
        "Array",
        "Function",
        "Number",
        "String",
        "Boolean",
        "Symbol",
        "BigInt",
        "Math",
        "JSON",
        "Reflect",
        "Proxy",
        "Promise",
        "Map",
        "Set",
        "WeakMap",
        "WeakSet",
        "Error",
        "TypeError",
        "RangeError",
        "RegExp",
        "Date",
        "Iterator",
        "Intl",
        "Buffer",
        "assert",
        "console",
        "globalThis",
        "global",
        "window",
        "self",
    ]
)
_PROTOTYPED = _BUILTINS - {"assert", "console", "globalThis", "global", "window", "self"}
_DEFINING = frozenset(("defineProperty", "defineProperties", "setPrototypeOf", "assign", "set", "deleteProperty"))
# What honest code asks of the process; ending it needs no word here, since a run that ends early has failed.
_HONEST = frozenset(
    [
        "env",
        "argv",
        "stdout",
        "stderr",
        "stdin",
        "cwd",
        "platform",
        "arch",
        "version",
        "versions",
        "hrtime",
        "memoryUsage",
        "nextTick",
        "uptime",
        "exit",
        "exitCode",
        "pid",
        "cpuUsage",
        "emitWarning",
        "title",
        "release",
        "argv0",
        "chdir",
        "umask",
        "getuid",
        "execPath",
    ]
)
_GLOBAL = frozenset(("globalThis", "global", "self", "window"))
_REACHED = frozenset(
    (
        *("process", "expect", "test", "it", "require", "eval", "Function", "module", "vi", "jest", "assert"),
        *("describe", "beforeEach", "afterEach", "beforeAll", "afterAll"),
    )
)
_ASSIGNS = re.compile(r"(?:[-+*/%&|^<>?]{0,3})=")
_SELF = frozenset(("valueOf", "toJSON", "equals", "isEqual", "toPrimitive", "hasInstance"))


def doubt_of(before: str, after: str) -> str | None:
    """Return why no proof of the text ``after`` is believed, in words for users; None: nothing speaks against it.

    ``before`` is the user's text: what stands in it is held against nobody.
    """
    known = Counter(_seen(tokens_of(before)))
    fresh = Counter(_seen(tokens_of(after))) - known
    return next(iter(fresh), None)


def _seen(tokens: Sequence[Token]) -> Iterator[str]:
    """All that could forge a result, in words."""
    strings = list(_joined(tokens))
    reads = any(_READING.fullmatch(text) for text in strings)
    runs = any("child_process" in text for text in strings)
    asked = [_plain(token.text) for index, token in enumerate(tokens) if _only_asked(tokens, index)]
    for text in asked:
        strings.remove(text)
    if "test" in asked and any(token.text in ("NODE_ENV", "MODE") for token in tokens):
        yield _TESTED
    for text in strings:
        if _RUNNERS.fullmatch(text) and _is_source(tokens, text):
            yield _RUNNER
        elif _INSIDE.fullmatch(text) and _is_source(tokens, text):
            yield _MEMORY.format(name=text)
        elif text in ("asymmetricMatch", "$$typeof", "jest.asymmetricMatcher"):
            yield _EQUAL.format(name=text)
        elif text.startswith("/proc/") or (reads and _names_tests(text, runs=runs)):
            yield _TESTS
        elif text in _ASKING:
            yield _TESTED
        elif text in ("constructor", "__proto__", "prototype", "prepareStackTrace", "callee"):
            yield _GLOBALS.format(name=text)
        elif _SOURCE_OF_TESTS.search(text) and (_is_source(tokens, text) or _is_glob(tokens, text)):
            yield _TESTS
    yield from _of_keys(tokens)
    if runs and {"grep", "egrep"} & set(strings) and any(re.fullmatch(r"-\w*[rR]\w*", text) for text in strings):
        yield _TESTS
    if any(token.kind == "regex" and _ASKS_NAMES.search(token.text) for token in tokens):
        yield _TESTED
    started = any(token.text == "argv" and tokens[at - 1].text in (".", "?.") for at, token in enumerate(tokens) if at)
    if started and (
        {"vitest", "jest", "mocha", "test"} & set(strings)
        or any(token.kind == "regex" and _RUNNER_NAMES.search(token.text) for token in tokens)
    ):
        yield _TESTED
    hooks = any(text.endswith("async_hooks") for text in strings)
    loading = any(_LOADING.fullmatch(text) for text in strings)
    for index, token in enumerate(tokens):
        if token.kind == "name" and ((hooks and token.text in _HOOKS) or (loading and token.text in _LOADERS)):
            yield (_MODULES if token.text in _LOADERS else _MEMORY).format(name=token.text)
        if token.kind == "name":
            before = tokens[index - 1].text if index else ""
            yield from _of_name(tokens, index, token.text, member=before in (".", "?."), reads=reads)


def _is_source(tokens: Sequence[Token], text: str) -> bool:
    """Whether a string is what a module is loaded by."""
    for index, token in enumerate(tokens):
        if token.kind == "string" and token.text == text and index:
            before = tokens[index - 1].text
            opener = tokens[index - 2].text if index > 1 else ""
            loads = ("require", "import", "getBuiltinModule", "importActual", "requireActual")
            if before in ("from", "import") or (before == "(" and opener in loads):
                return True
    return text not in (token.text for token in tokens if token.kind == "string")  # it was put together


def _only_asked(tokens: Sequence[Token], index: int) -> bool:
    """Whether a string that may be a folder's name is only compared, or the name of a member."""
    token = tokens[index]
    if token.kind != "string" or token.text not in ("test", "tests", "spec", "specs") or index < 2:
        return False
    before, owner = tokens[index - 1], tokens[index - 2]
    following = tokens[index + 1].text if index + 1 < len(tokens) else ""
    member = before.text == "[" and following == "]" and (owner.kind == "name" or owner.text in (")", "]"))
    return member or before.text in ("===", "!==", "==", "!=", "case") or following in ("===", "!==", "==", "!=", ":")


def _names_tests(text: str, *, runs: bool) -> bool:
    """Whether a string leads to the tests: a path, or, where the code ``runs`` programs, a command."""
    if runs or not re.search(r"\s", text):
        return _TEST_TEXT.search(text) is not None or _SEARCHING.search(text) is not None
    return _TEST_PATH.search(text) is not None


def _is_glob(tokens: Sequence[Token], text: str) -> bool:
    """Whether a string stands in a call of the bundler's ``import.meta.glob``."""
    for index, token in enumerate(tokens[:-1]):
        if token.text == "glob" and index > 1 and tokens[index - 2].text == "meta":
            end = closing(tokens, index + 1)
            if any(each.kind == "string" and _plain(each.text) == text for each in tokens[index + 1 : end]):
                return True
    return False


def _of_keys(tokens: Sequence[Token]) -> Iterator[str]:
    """Members that are asked for by a string (``error["stack"]``), or by one that is put together."""
    for index, token in enumerate(tokens[:-1]):
        if token.text in ("get", "getOwnPropertyDescriptor") and tokens[index + 1].text == "(":
            inside = tokens[index + 1 : closing(tokens, index + 1)]
            if tokens[index - 2].text in ("Reflect", "Object") and inside[-1].text in ("stack", "caller"):
                yield _STACK
        if token.text != "[" or token.kind != "mark" or tokens[index + 1].kind != "string":
            continue
        parts = tokens[index + 1 : closing(tokens, index)]
        if any(part.kind == "string" if at % 2 == 0 else part.text == "+" for at, part in enumerate(parts)) is False:
            continue
        text = "".join(_plain(part.text) for part in parts if part.kind == "string")
        pieces = sum(part.kind == "string" for part in parts)
        owner = tokens[index - 1].text if index else ""
        end = index + len(parts) + 2
        after = tokens[end].text if end < len(tokens) else ""
        of_error = text == "stack" and (pieces > 1 or _of_error(tokens, index + 1, owner, after))
        if of_error or text in ("caller", "callee", "getCallSites"):
            yield _STACK


def _joined(tokens: Sequence[Token]) -> Iterator[str]:
    """The strings, those that are put together from pieces as one more."""
    index = 0
    while index < len(tokens):
        if tokens[index].kind == "string":
            text, count = _plain(tokens[index].text), 1
            yield text
            while (
                index + 2 < len(tokens)
                and tokens[index + 1].text == "+"
                and tokens[index + 1].kind == "mark"
                and tokens[index + 2].kind == "string"
            ):
                index += 2
                count += 1
                text += _plain(tokens[index].text)
                yield _plain(tokens[index].text)
            if count > 1:
                yield text
        index += 1


def _plain(text: str) -> str:
    """A string's escapes read: what hides a name in them is no less a name."""
    hidden = re.sub(r"\\x([0-9a-fA-F]{2})|\\u([0-9a-fA-F]{4})|\\u\{([0-9a-fA-F]+)\}", _character, text)
    return re.sub(r"\\(.)", r"\1", hidden, flags=re.S)


def _character(found: re.Match[str]) -> str:
    code = int(found[1] or found[2] or found[3], 16)
    return chr(code) if code < 0x110000 else ""


def _of_name(tokens: Sequence[Token], index: int, name: str, *, member: bool, reads: bool) -> Iterator[str]:
    def at(offset: int) -> str:
        return tokens[index + offset].text if 0 <= index + offset < len(tokens) else ""

    following = at(1)
    if "\\" in name:
        yield _GLOBALS.format(name=name)
    elif member:
        yield from _of_member(tokens, index, name, following, reads=reads)
    elif name == "typeof" and following in _TEST_GLOBALS and not _own_name(tokens, following):
        yield _TESTED
    elif (name == "eval" and not _method(tokens, index)) or (
        name == "Function" and (following == "(" or at(-1) in ("=", "new", ",", "[", "("))
    ):
        yield _EVALUATED.format(name=name)
    elif name in ("import", "require") and following == "(":
        if index + 2 < len(tokens) and (tokens[index + 2].kind != "string" or at(3) not in (")", ",")):
            yield _MODULES.format(name=name)
    elif name == "require" and following == "." and at(2) == "main" and at(3) in ("===", "=="):
        pass  # whether it was started as a program
    elif name in ("module", "require") and following == "." and at(2) in _MODULE_PARTS:
        yield _MODULES.format(name=f"{name}.{at(2)}")
    elif name in ("inspect", "format", "structuredClone") and following == "(" and _makes_error(tokens, index + 1):
        yield _STACK
    elif name == "require" and following in (";", ",", ")", "["):
        yield _MODULES.format(name=name)
    elif name == "process":
        if following not in (".", "?."):
            if not (following == ":" or at(-1) in ("function", "const", "let", "var", "import")):
                yield _PROCESS.format(name="")
        elif at(2) not in _HONEST or (at(2) in ("exit", "cwd") and _ASSIGNS.fullmatch(at(3))):
            yield _PROCESS.format(name=f".{at(2)}")
    elif (name in ("vi", "jest", "__vitest_worker__", "__vitest_index__") and following in (".", "[")) or (
        name == "expect"
        and (following in ("=", "[") or (following == "." and at(2) in ("extend", "getState", "setState")))
    ):
        yield _RUNNER
    elif name in _GLOBAL and not (name != "globalThis" and _own_name(tokens, name)):
        if following == "as":  # `(globalThis as any).expect`
            end = next((later for later in range(index, len(tokens)) if tokens[later].text in (")", ";", "=")), index)
            following, second = (tokens[end + step].text if end + step < len(tokens) else "" for step in (1, 2))
        else:
            second = at(2)
        if following in (".", "?.") and (second in _REACHED or second.startswith("__")):
            yield _GLOBALS.format(name=f"{name}.{second}")
        elif at(-1) == "in" and index > 1 and tokens[index - 2].text in _TEST_GLOBALS:
            yield _TESTED
        elif following == "[" or at(-1) == "=" or (at(-1) in ("(", ",") and following in (")", ",")):
            yield _GLOBALS.format(name=name)
    elif name in ("asymmetricMatch", "$$typeof"):
        yield _EQUAL.format(name=name)
    elif name in ("__proto__", "prepareStackTrace"):
        yield _BUILTIN.format(name=name) if name == "__proto__" else _STACK
    elif name == "stack" and following in ("}", ",", ":") and at(-1) in ("{", ",") and _destructured(tokens, index):
        yield _STACK
    if not member and following == "." and _ASSIGNS.fullmatch(at(3)) and name in _built_in(tuple(tokens)):
        yield _BUILTIN.format(name=f"{name}.{at(2)}")
    if name in _BUILTINS and not member:
        yield from _of_builtin(tokens, index, name)
    if name in _SELF or name == "Proxy":
        yield from _of_equality(tokens, index, name, member=member)


@lru_cache(maxsize=4)
def _built_in(tokens: tuple[Token, ...]) -> frozenset[str]:
    """The names under which a text has node's own modules."""
    found: set[str] = set()
    for index, token in enumerate(tokens):
        if token.kind != "string" or not index or not _NODES.match(_plain(token.text)):
            continue
        if tokens[index - 1].text == "from":
            found.add(tokens[index - 2].text)
        elif tokens[index - 1].text == "(" and index > 3 and tokens[index - 3].text == "=":
            found.add(tokens[index - 4].text)
    return frozenset(found)


_NODES = re.compile(
    r"node:|(?:assert|fs|path|util|events|stream|module|timers|buffer|child_process|process|os|url|async_hooks)(?:/|$)"
)
_MODULE_PARTS = frozenset(
    ("cache", "main", "extensions", "parent", "children", "constructor", "_load", "resolve", "paths")
)


def _of_member(tokens: Sequence[Token], index: int, name: str, following: str, *, reads: bool) -> Iterator[str]:
    owner = tokens[index - 2].text if index > 1 else ""
    if name == "constructor" and (following in ("(", ".", "[") or owner in (")", "]")):
        chained = following == "." and tokens[index + 2].text == "constructor"
        if following in ("(", "[") or chained or (owner == ")" and _of_function(tokens, index - 2)):
            yield _EVALUATED.format(name="constructor")
    elif name in ("caller", "callee", "getCallSites", "getCallSite", "prepareStackTrace") or (
        name == "stack"
        and owner != "this"
        and (_of_error(tokens, index, owner, following) or _taken_apart(tokens, index) or _read_as_text(tokens, index))
    ):
        yield _STACK
    elif name in ("vitest", "jest") and owner == "meta":
        yield _TESTED
    elif name in ("asymmetricMatch", "$$typeof"):
        yield _EQUAL.format(name=name)
    elif name in ("__proto__", "__defineGetter__", "__defineSetter__"):
        yield _BUILTIN.format(name=name)
    elif name in ("getBuiltinModule", "registerHooks", "_load", "_cache", "_extensions", "_compile"):
        yield _MODULES.format(name=name)
    elif name in _ASKING:
        yield _TESTED
    elif name == "prototype" and following in (".", "[") and not _own_class(tokens, owner):
        end = index + 3 if following == "." else closing(tokens, index + 1) + 1
        if end < len(tokens) and _ASSIGNS.fullmatch(tokens[end].text) and owner not in _BUILTINS:
            yield _BUILTIN.format(name=f"{owner}.prototype")
    elif reads and name in _LISTING and _beside(tokens, index):
        yield _TESTS


def _of_function(tokens: Sequence[Token], end: int) -> bool:
    """Whether the parentheses that end there hold a function: its constructor makes functions from text."""
    opening = next((at for at in range(end - 1, -1, -1) if closing(tokens, at) == end), end)
    return any(token.text in ("=>", "function") for token in tokens[opening:end])


def _method(tokens: Sequence[Token], index: int) -> bool:
    """Whether a name is that of a method which is declared there: ``eval() {``."""
    if index + 1 >= len(tokens) or tokens[index + 1].text != "(":
        return False
    end = closing(tokens, index + 1) + 1
    if end < len(tokens) and tokens[end].text == ":":
        end = next((at for at in range(end, len(tokens)) if tokens[at].text in ("{", ";", "}")), len(tokens))
    before = tokens[index - 1].text if index else ""
    return end < len(tokens) and tokens[end].text == "{" and before in ("{", "}", ";", ",", "async", "static", "get")


def _own_name(tokens: Sequence[Token], name: str) -> bool:
    """Whether the text declares that name: as a variable, by destructuring or importing, or as a parameter."""
    return any(token.text == name and token.kind == "name" and _declares(tokens, at) for at, token in enumerate(tokens))


def _declares(tokens: Sequence[Token], index: int) -> bool:
    before = tokens[index - 1].text if index else ""
    if before in ("const", "let", "var", "function", "class", "import"):
        return True
    opening = next((at for at in range(index - 1, -1, -1) if closing(tokens, at) > index), -1)
    if opening < 0 or before not in ("(", ",", "{", "..."):
        return False
    if tokens[opening].text == "{":
        return tokens[opening - 1].text in ("const", "let", "var", "import") if opening else False
    end = closing(tokens, opening) + 1
    called = tokens[opening - 1].text if opening else ""
    return end < len(tokens) and tokens[end].text in ("=>", "{", ":") and called not in ("if", "for", "while", "switch")


def _makes_error(tokens: Sequence[Token], opening: int) -> bool:
    inside = tokens[opening : closing(tokens, opening)]
    return any(token.text == "new" and inside[at + 1].text.endswith("Error") for at, token in enumerate(inside[:-1]))


def _own_class(tokens: Sequence[Token], name: str) -> bool:
    """Whether the text declares that class."""
    return any(
        token.text in ("function", "class") and tokens[index + 1].text == name
        for index, token in enumerate(tokens[:-1])
    )


def _of_error(tokens: Sequence[Token], index: int, owner: str, following: str) -> bool:
    """Whether the ``.stack`` at ``index`` is that of an error which the code makes or takes apart."""
    if owner == ")":
        end = index - 2
        opening = next((at for at in range(end, -1, -1) if closing(tokens, at) == end), 0)
        # Of what is made there, and of what another call makes of it: `Object(new Error()).stack`.
        return opening > 0 and any(token.text.endswith("Error") for token in tokens[opening - 1 : end])
    for at, token in enumerate(tokens[:-3]):
        made = token.text == owner and tokens[at + 1].text == "="
        if made and any(near.text.endswith("Error") for near in tokens[at + 2 : at + 4]):
            return True
        if token.text == "captureStackTrace" and tokens[at + 2].text == owner:
            return True
        caught = token.text == "catch" and tokens[at + 2].text == owner
        if caught and (following in (".", "?.", "[") or _taken_apart(tokens, index)):
            return True
    return False


def _read_as_text(tokens: Sequence[Token], index: int) -> bool:
    """Whether what stands at ``index`` is taken apart at once, by what only texts have."""
    at = index + 1
    while at < len(tokens) and (tokens[at].text in (")", "!", "??", "]") or tokens[at].kind == "string"):
        at += 1  # `(error.stack ?? "").split`
    return (
        at + 1 < len(tokens)
        and tokens[at].text in (".", "?.")
        and (tokens[at + 1].text in _TEXTUAL)
        and not _own_class(tokens, tokens[at + 1].text)
    )


def _taken_apart(tokens: Sequence[Token], index: int) -> bool:
    """Whether the value at ``index`` goes into a variable that the code then takes apart."""
    start = next((at for at in range(index, -1, -1) if tokens[at].text in (";", "{", "}", "=")), 0)
    if tokens[start].text != "=" or start == 0:
        return False
    name = tokens[start - 1].text
    for at, token in enumerate(tokens[:-2]):
        if token.text == name and tokens[at + 1].text in (".", "?.") and tokens[at + 2].text in _TEXTUAL:
            return True
        if token.text in ("exec", "test", "match") and tokens[at + 1].text == "(" and tokens[at + 2].text == name:
            return True
    return False


def _destructured(tokens: Sequence[Token], index: int) -> bool:
    end = next((at for at in range(index, len(tokens)) if tokens[at].text == "}"), len(tokens))
    stop = next((at for at in range(end, len(tokens)) if tokens[at].text == ";"), end + 4)
    made = any(token.text.endswith("Error") for token in tokens[end:stop])
    return made and end + 1 < len(tokens) and tokens[end + 1].text == "="


def _beside(tokens: Sequence[Token], index: int) -> bool:
    """Whether what is listed is the code's own folder, one above it, or the one it runs in."""
    if index + 1 >= len(tokens):
        return False
    inside = list(tokens[index + 1 : closing(tokens, index + 1)])
    if tokens[index].text in ("cp", "cpSync", "symlinkSync", "renameSync"):  # the first of two paths
        inside = inside[: next((at for at, token in enumerate(inside) if token.text == ","), len(inside))]
    if len(inside) > 1 and inside[1].kind == "name":  # what the variable was made from
        for at, token in enumerate(tokens[:-1]):
            if token.text == inside[1].text and tokens[at + 1].text == "=":
                end = next((later for later in range(at, len(tokens)) if tokens[later].text == ";"), at + 2)
                inside += tokens[at + 2 : end]
    strings = [_plain(token.text) for token in inside if token.kind == "string"]
    if any(text.strip("./") and text not in ("utf8", "utf-8") for text in strings):
        return False  # a folder below
    return any(token.kind == "name" and token.text in ("__dirname", "meta", "cwd") for token in inside) or any(
        text in (".", "./", "..", "../", "/", "../..") for text in strings
    )


def _of_builtin(tokens: Sequence[Token], index: int, name: str) -> Iterator[str]:
    texts = [token.text for token in tokens[index : index + 9]] + [""] * 9
    if texts[1] == "." and texts[2] in _DEFINING and name in ("Object", "Reflect"):
        target = texts[4]
        if target in _BUILTINS and texts[5] in (",", ".", ")"):
            yield _BUILTIN.format(name=target)
        return
    at = 1
    if name in _PROTOTYPED and texts[1] == "." and texts[2] == "prototype":
        at = 3
    path = name
    while texts[at] == ".":
        path += f".{texts[at + 1]}"
        at += 2
        if at >= 8:
            return
    if texts[at] == "[":
        end = closing(tokens, index + at) + 1
        if end < len(tokens) and tokens[end].text == "=":
            yield _BUILTIN.format(name=path)
    elif _ASSIGNS.fullmatch(texts[at]) and at > 1 and name != "console":
        if not (name == "Error" and texts[2] in ("stackTraceLimit",)):
            yield _BUILTIN.format(name=path)
    elif (_ASSIGNS.fullmatch(texts[at]) and at > 2) or (at == 3 and texts[at] == ";"):
        yield _BUILTIN.format(name=path)


def _of_equality(tokens: Sequence[Token], index: int, name: str, *, member: bool) -> Iterator[str]:
    """A comparison of the code's own that does not look at the value it belongs to."""
    if name == "Proxy":
        if index + 1 < len(tokens) and tokens[index + 1].text == "(":
            inside = tokens[index + 1 : closing(tokens, index + 1)]
            for at, token in enumerate(inside):
                asked = at and inside[at - 1].text in (".", "?.")
                if token.text in ("get", "has", "getOwnPropertyDescriptor") and not asked and at + 2 < len(inside):
                    first = next((each.text for each in inside[at + 1 : at + 4] if each.kind == "name"), "")
                    if sum(each.text == first for each in inside[at + 1 :]) < 2:
                        yield _EQUAL.format(name=name)
                        return
        return
    if member and (index < 2 or tokens[index - 2].text != "Symbol"):
        return
    # `valueOf() {`, `valueOf: () =>`, `valueOf = function () {`, `[Symbol.toPrimitive](hint) {`
    at = index + 1
    while at < len(tokens) and tokens[at].text in ("]", ":", "=", "async", "function"):
        at += 1
    if at >= len(tokens):
        return
    end = closing(tokens, at) if tokens[at].text == "(" else at
    body = end + 1
    if body < len(tokens) and tokens[body].text == ":":  # the type of what it gives
        body = next(
            (later for later in range(body, len(tokens)) if tokens[later].text in ("{", "=>", ";")), len(tokens)
        )
    if body >= len(tokens) or tokens[body].text not in ("{", "=>"):
        return
    arrow = tokens[body].text == "=>"
    start = body + 1 if arrow else body
    stop = closing(tokens, start) + 1 if tokens[start].text in ("{", "(") else start + 8
    parameters = {token.text for token in tokens[at : end + 1] if token.kind == "name"}
    if not arrow:
        parameters.add("this")
    if not any(token.text in parameters for token in tokens[start:stop]):
        yield _EQUAL.format(name=name)
