"""What a candidate's text does, and the user's did not, that could make a test pass without the work being done.

Pure: it looks at the tokens of both texts.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from forge_lsp.languages.ecmascript.altering import (
    ASSIGNS,
    BUILTIN,
    BUILTINS,
    EQUAL,
    SELF,
    built_in,
    of_builtin,
    of_equality,
)
from forge_lsp.languages.ecmascript.declaring import method, of_function, own_class, own_name
from forge_lsp.languages.ecmascript.reading import Token, closing, tokens_of
from forge_lsp.languages.ecmascript.stacks import (
    STACK,
    destructured,
    makes_error,
    of_error,
    of_keys,
    read_as_text,
    taken_apart,
)
from forge_lsp.languages.ecmascript.texts import (
    SOURCE_OF_TESTS,
    beside,
    is_glob,
    is_source,
    joined,
    names_tests,
    only_asked,
    plain,
)
from forge_lsp.reading import table_beside

__all__ = ["doubt_of"]

_TESTS = "the code reads the tests"
_RUNNER = "the code reaches for the test runner"
_GLOBALS = "the code reaches for global values by a way round (`{name}`)"
_EVALUATED = "the code runs code that it makes from text (`{name}`)"
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
_ASKS_NAMES = re.compile(r"VITEST|JEST|NODE_TEST|TEST_CONTEXT")
_RUNNER_NAMES = re.compile(r"vitest|jest|mocha|\btest|\bspec")
_TEST_GLOBALS = frozenset(("it", "test", "describe", "expect", "jest", "vi", "beforeEach", "afterEach"))
_HOOKS = frozenset(("createHook", "executionAsyncResource"))
_LOADERS = frozenset(("register", "registerHooks", "syncBuiltinESMExports"))
_LISTING = frozenset(("readdirSync", "readdir", "globSync", "opendirSync", "cpSync", "cp", "symlinkSync", "renameSync"))
_ASKING = frozenset(("JEST_WORKER_ID", "VITEST", "VITEST_WORKER_ID", "VITEST_POOL_ID", "NODE_TEST_CONTEXT"))
_NAMES = table_beside(__file__, "names.toml")
_HONEST = frozenset(_NAMES["honest"])
_GLOBAL = frozenset(("globalThis", "global", "self", "window"))
_REACHED = frozenset(_NAMES["reached"])


def doubt_of(before: str, after: str) -> str | None:
    """Return why no proof of the text ``after`` is believed, in words for users; None: nothing speaks against it.

    ``before`` is the user's text: what stands in it is held against nobody.
    """
    known = Counter(_seen(tokens_of(before)))
    fresh = Counter(_seen(tokens_of(after))) - known
    return next(iter(fresh), None)


def _seen(tokens: Sequence[Token]) -> Iterator[str]:
    """All that could forge a result, in words."""
    strings = list(joined(tokens))
    reads = any(_READING.fullmatch(text) for text in strings)
    runs = any("child_process" in text for text in strings)
    asked = [plain(token.text) for index, token in enumerate(tokens) if only_asked(tokens, index)]
    for text in asked:
        strings.remove(text)
    if "test" in asked and any(token.text in ("NODE_ENV", "MODE") for token in tokens):
        yield _TESTED
    for text in strings:
        if _RUNNERS.fullmatch(text) and is_source(tokens, text):
            yield _RUNNER
        elif _INSIDE.fullmatch(text) and is_source(tokens, text):
            yield _MEMORY.format(name=text)
        elif text in ("asymmetricMatch", "$$typeof", "jest.asymmetricMatcher"):
            yield EQUAL.format(name=text)
        elif text.startswith("/proc/") or (reads and names_tests(text, runs=runs)):
            yield _TESTS
        elif text in _ASKING:
            yield _TESTED
        elif text in ("constructor", "__proto__", "prototype", "prepareStackTrace", "callee"):
            yield _GLOBALS.format(name=text)
        elif SOURCE_OF_TESTS.search(text) and (is_source(tokens, text) or is_glob(tokens, text)):
            yield _TESTS
    yield from of_keys(tokens)
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


def _of_name(tokens: Sequence[Token], index: int, name: str, *, member: bool, reads: bool) -> Iterator[str]:
    def at(offset: int) -> str:
        return tokens[index + offset].text if 0 <= index + offset < len(tokens) else ""

    following = at(1)
    if "\\" in name:
        yield _GLOBALS.format(name=name)
    elif member:
        yield from _of_member(tokens, index, name, following, reads=reads)
    elif name == "typeof" and following in _TEST_GLOBALS and not own_name(tokens, following):
        yield _TESTED
    elif (name == "eval" and not method(tokens, index)) or (
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
    elif name in ("inspect", "format", "structuredClone") and following == "(" and makes_error(tokens, index + 1):
        yield STACK
    elif name == "require" and following in (";", ",", ")", "["):
        yield _MODULES.format(name=name)
    elif name == "process":
        if following not in (".", "?."):
            if not (following == ":" or at(-1) in ("function", "const", "let", "var", "import")):
                yield _PROCESS.format(name="")
        elif at(2) == "title" and not ASSIGNS.fullmatch(at(3)):
            yield _TESTED  # runners name their processes
        elif at(2) not in _HONEST or (at(2) in ("exit", "cwd") and ASSIGNS.fullmatch(at(3))):
            yield _PROCESS.format(name=f".{at(2)}")
    elif (name in ("vi", "jest", "__vitest_worker__", "__vitest_index__") and following in (".", "[")) or (
        name == "expect"
        and (following in ("=", "[") or (following == "." and at(2) in ("extend", "getState", "setState")))
    ):
        yield _RUNNER
    elif name in _GLOBAL and not (name != "globalThis" and own_name(tokens, name)):
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
        yield EQUAL.format(name=name)
    elif name == "__proto__" and at(-1) in ("{", ",") and (following, at(2)) == (":", "null"):
        pass  # a new object that inherits nothing; not the member of one, before the `:` of a condition
    elif name in ("__proto__", "prepareStackTrace"):
        yield BUILTIN.format(name=name) if name == "__proto__" else STACK
    elif name == "stack" and following in ("}", ",", ":") and at(-1) in ("{", ",") and destructured(tokens, index):
        yield STACK
    if not member and following == "." and ASSIGNS.fullmatch(at(3)) and name in built_in(tuple(tokens)):
        yield BUILTIN.format(name=f"{name}.{at(2)}")
    if name in BUILTINS and not member:
        yield from of_builtin(tokens, index, name)
    if name in SELF or name == "Proxy":
        yield from of_equality(tokens, index, name, member=member)


_MODULE_PARTS = frozenset(
    ("cache", "main", "extensions", "parent", "children", "constructor", "_load", "resolve", "paths")
)


def _of_member(tokens: Sequence[Token], index: int, name: str, following: str, *, reads: bool) -> Iterator[str]:
    owner = tokens[index - 2].text if index > 1 else ""
    if name == "constructor" and (following in ("(", ".", "[") or owner in (")", "]")):
        chained = following == "." and tokens[index + 2].text == "constructor"
        if following in ("(", "[") or chained or (owner == ")" and of_function(tokens, index - 2)):
            yield _EVALUATED.format(name="constructor")
    elif name in ("caller", "callee", "getCallSites", "getCallSite", "prepareStackTrace") or (
        name == "stack"
        and owner != "this"
        and (of_error(tokens, index, owner, following) or taken_apart(tokens, index) or read_as_text(tokens, index))
    ):
        yield STACK
    elif name in ("vitest", "jest") and owner == "meta":
        yield _TESTED
    elif name in ("asymmetricMatch", "$$typeof"):
        yield EQUAL.format(name=name)
    elif name in ("__proto__", "__defineGetter__", "__defineSetter__"):
        yield BUILTIN.format(name=name)
    elif name in ("getBuiltinModule", "registerHooks", "_load", "_cache", "_extensions", "_compile"):
        yield _MODULES.format(name=name)
    elif name in _ASKING:
        yield _TESTED
    elif name == "prototype" and following in (".", "[") and not own_class(tokens, owner):
        end = index + 3 if following == "." else closing(tokens, index + 1) + 1
        if end < len(tokens) and ASSIGNS.fullmatch(tokens[end].text) and owner not in BUILTINS:
            yield BUILTIN.format(name=f"{owner}.prototype")
    elif reads and name in _LISTING and beside(tokens, index):
        yield _TESTS
