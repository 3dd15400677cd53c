"""What a candidate's text does that could forge a proof and the user's text does not. Pure: read, not run."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator

from forge_lsp.languages.php.editing import STRINGS

__all__ = ["doubt_of"]

_FRAMES = "the code looks at the stack of what calls it"
_RUNNER = "the code reaches into what tests it"
_READS = "the code reads the tests"
_ENDS = "the code ends the process while it is tested, or acts when it ends"
_EVALUATED = "the code runs code that it makes from text"
_STARTS = "the code starts other programs"
_NAMES = "the code defines names in place of PHP's or in another namespace"

# Matched whole, in any case, against words of the code and against strings (a name may be called by its text).
_WORDS = (
    (re.compile(r"debug_(?:print_)?backtrace|getTrace|xdebug_\w+"), _FRAMES),
    (
        re.compile(
            r"get_(?:declared_(?:classes|interfaces|traits)|defined_(?:vars|constants|functions)|resources)|gc_status|"
            r"spl_autoload_(?:register|unregister|functions)|class_alias|stream_wrapper_\w+|stream_filter_register|"
            r"runkit\w*|uopz\w*|FFI|dl|(?:set|restore)_exception_handler|getClosure(?:This|ScopeClass)|ReflectionReference|"
            r"expect(?:Exception|Output|NotTo|Error|Warning|Notice|Deprecation)\w*|markTest\w+|addToAssertionCount|"
            r"auto_(?:append|prepend)_file|zend\.assertions|assert\.\w+|assert_options"
        ),
        _RUNNER,
    ),
    (
        re.compile(r"exit|die|register_(?:shutdown|tick)_function|pcntl_\w+|posix_kill|fastcgi_finish_request"),
        _ENDS,
    ),
    (re.compile(r"eval|create_function|__halt_compiler"), _EVALUATED),
    (re.compile(r"shell_exec|exec|system|passthru|proc_open|popen"), _STARTS),
    (re.compile(r"get_(?:included|required)_files|argv|argc|highlight_file|show_source|php_strip_whitespace"), _READS),
)
_METHODS = {"exec", "system", "popen", "passthru", "eval", "exit", "die", "dl", "ffi", "argc"}
"""Words that methods, variables and texts are called as well: `$pdo->exec()`."""
_PROGRAMS = {"exec", "system", "popen", "passthru", "ffi", "dl"}
_TEXTS = (
    (re.compile(r"phpunit|sebastianbergmann", re.I), _RUNNER),
    (re.compile(r"/proc/|Test\.php|(?:^|[/\\])tests?(?:[/\\]|$)|/dev/fd|php://(?:fd|filter)", re.I), _READS),
    (re.compile(r"^data:", re.I), _EVALUATED),
)
_LISTS = re.compile(
    r"\b(?:glob|scandir|opendir|dir|(?:Recursive)?DirectoryIterator|FilesystemIterator|GlobIterator)\b", re.I
)
_HERE = re.compile(r"__(?:DIR|FILE)__|\bgetcwd\b|\bget_include_path\b")
_READ = re.compile(
    r"\b(?:file_get_contents|fopen|file|readfile|SplFileObject|SplFileInfo|parse_ini_file|token_get_all|"
    r"(?:include|require)(?:_once)?)\b",
    re.I,
)
# What tells where the files of callers and of their classes are.
_WHERE = re.compile(
    r"getFileName|getTraceAsString|=\s*\(?\s*new\s+\\?\w*(?:Exception|Error)\b|"
    r"\bnew\s+\\?Reflection\w+|\bspl_classes\b|\bstream_resolve_include_path\b",
    re.I,
)
_AS_TEXT = re.compile(r"\(string\)|\bstrval\b|__toString", re.I)
_THROWN = re.compile(r"Exception|Error|Throwable|\bcatch\b", re.I)  # as text, it says where it was made
_LOADS_VALUE = re.compile(r"\b(?:include|require)(?:_once)?\b[^;]*\$", re.I)
_WRITES = re.compile(r"\b(?:file_put_contents|fwrite|fputs|copy|rename|tempnam|tmpfile)\b", re.I)
_DECODES = re.compile(
    r"\b(?:base64_decode|str_rot13|strrev|hex2bin|gzinflate|gzuncompress|convert_uudecode|pack|chr)\b", re.I
)
_CALLS_VALUE = re.compile(
    r"(?:\$\w+|\)|\])\s*\(|\bcall_user_func(?:_array)?\b|\bnew\s+\$|\$\w+::|\bFromCallable\b", re.I
)
_JOINED = re.compile(r"(['\"])([^'\"\\$]*)\1\s*\.\s*(['\"])")
_FUNCTION = re.compile(r"^[ \t]*function\s+&?(\w+)\s*\(", re.M)
_BUILT_IN = re.compile(
    r"(?:is|array|str|json|mb|ctype|iterator|preg|spl|date|func|var)_\w+|str\w+|in_array|count|sizeof|abs|min|max|round|"
    r"floor|ceil|intdiv|sqrt|pow|implode|explode|join|u?k?r?sort|range|compact|extract|print_r|var_dump|serialize|"
    r"sprintf|printf|trim|ltrim|rtrim|ucfirst|usleep|time|microtime|current|key|next|reset|end|[a-z]+val|call_user_\w+|"
    r"function_exists|class_exists|method_exists|define|defined|constant|file_\w+|gettype|get_\w+|fopen|levenshtein|nl2br",
    re.I,
)


def doubt_of(before: str, after: str, tests: Collection[str] = ()) -> str | None:
    """Return why no proof of the text ``after`` is believed, in words for users; None: nothing speaks against it.

    ``before`` is the user's text: what stands in it is held against nobody. ``tests`` are the names of test classes.
    """
    fresh = Counter(_seen(after, tests)) - Counter(_seen(before, tests))
    return "; ".join(dict.fromkeys(why for why, _ in fresh)) or None


def _seen(text: str, tests: Collection[str]) -> Iterator[tuple[str, str]]:
    while (joined := _JOINED.sub(lambda found: f"{found[3]}{found[2]}", text)) != text:
        text = joined
    code, strings = _parts(text)
    for word in re.finditer(r"(?P<before>->\s*|::\s*|\bfunction\s+&?|\$)?\b(?P<word>[A-Za-z_]\w*)", code):
        name, member = word["word"], word["before"]
        if member and name.lower() in _METHODS:
            continue
        yield from _of_word(name)
    for word in re.findall(r"[\w\\]+", code):
        if _TEXTS[0][0].search(word):
            yield _RUNNER, word
    calls = _CALLS_VALUE.search(code) is not None
    for string in strings:
        if string.lower() not in _METHODS or (calls and string.lower() in _PROGRAMS):
            yield from _of_word(string.strip("\\"))
        yield from ((why, string) for pattern, why in _TEXTS if pattern.search(string))
    if tests and re.search(rf"(?<!\w)(?:{'|'.join(map(re.escape, tests))})(?!\w)", " ".join((code, *strings))):
        yield _READS, "a test's name"
    if _LISTS.search(code) and (_HERE.search(code) or any(re.match(r"[./*]|.*php", one) for one in strings)):
        yield _READS, "listed"
    thrown = _AS_TEXT.search(code) and any(map(_THROWN.search, (code, *strings)))
    if _READ.search(code) and (_WHERE.search(code) or thrown):
        yield _READS, "where a caller is"
    if (_DECODES.search(code) and calls) or (_LOADS_VALUE.search(code) and _WRITES.search(code)):
        yield _EVALUATED, "made"
    if "`" in re.sub(r"\s", "", code):
        yield _STARTS, "`"
    yield from ((_NAMES, name) for name in re.findall(r"\bnamespace\s+([\w\\]+)\s*[;{]", code)[1:])
    if re.search(r"\bnamespace\s+\w", code):
        yield from ((_NAMES, name) for name in _FUNCTION.findall(code) if _BUILT_IN.fullmatch(name))


def _of_word(name: str) -> Iterator[tuple[str, str]]:
    for pattern, why in _WORDS:
        if re.fullmatch(pattern.pattern, name, re.I):
            yield why, name.lower()


def _parts(text: str) -> tuple[str, list[str]]:
    """The code without what stands in strings and comments, and the strings."""
    strings: list[str] = []

    def blanked(found: re.Match[str]) -> str:
        if found[1] is None:
            return " "
        if found[1].startswith("`"):
            return " ` "
        strings.append(found[1].strip("'\"").replace("\\\\", "\\"))
        # What is put into a text is code: "{$f()}".
        inner = " ".join(re.findall(r"\{\$[^}]*\}", found[1])) if not found[1].startswith("'") else ""
        return f" '' {inner} "

    return STRINGS.sub(blanked, text), strings
