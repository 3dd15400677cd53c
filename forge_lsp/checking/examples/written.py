"""Examples as they stand in comments: prompts with values below, promises in prose, values in the comment of a call.

Only the document before the candidate and the instruction are read: a candidate could write its own proof. Pure.
"""

from __future__ import annotations

import hashlib
import html
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass

from forge_lsp.checking.examples.prose import promises, value_in, with_error, without_error
from forge_lsp.checking.examples.values import closing, parse, split
from forge_lsp.core.task import Task

__all__ = [
    "Call",
    "DocumentationLine",
    "WrittenExample",
    "as_in",
    "call_in",
    "documentation_of",
    "same_name",
    "written_in",
]

_PROMPT = re.compile(r"\s*(?:>>>|js>|jshell>|ghci>|irb>|php >|csharp>|scala>)\s?(?P<rest>.*)$")
_GOES_ON = re.compile(r"\s*(?:\.\.\.|[.*]{3}>)\s?(?P<rest>.*)$")
_CALL = re.compile(
    r"(?:await\s+)?(?:new\s+)?(?P<head>(?:[A-Za-z_$][\w$]*(?:<[\w, ]*>)?(?:\.|::|->))*)(?P<name>[A-Za-z_$][\w$]*)"
    r"(?:<[\w, ]*>)?\s*\("
)
_BELOW = re.compile(
    r"\s*(?://+|#+|--|/\*)?\s*(?:=>|->|[→➞⇒⟶]|[Rr]eturns?\b:?|[Oo]utputs?\b:?|[Rr]esults?\b:?|[Pp]rints\b:?|={1,3})\s*(?P<rest>.+?)\s*(?:\*/)?$"
)
_RAISED = re.compile(
    r"\s*(?:Traceback \(most recent call last\):.*"
    r"|(?:\|\s*)?(?:(?:raises|throws|panics(?: with)?|Uncaught|Unhandled exception[:.]|Exception in thread \S+"
    r"|Exception)\s+(?:an?\s+)?`?)?"
    r"(?P<type>(?:[A-Za-z_]\w*\.)*[A-Z]\w*(?:Error|Exception))\b.*"
    r"|(?:raises|throws|panics)\b(?:\s+(?:with\s+)?(?:an?\s+)?`?(?P<other>(?:[A-Za-z_]\w*(?:\.|::))*(?:[A-Z]\w*|(?<=std::)\w+)))?.*)$"
)
_TAG = re.compile(r"</?[A-Za-z][\w.:-]*(?:\s[^<>]*)?/?>")
_COMMENT_LINE = re.compile(r"\s*(?:///?|//!|#+(?!\[)|--)\s?(?P<text>.*)$")
_BLOCK_LINE = re.compile(r"\s*\*?\s?(?P<text>.*?)\s*$")
_ABOVE = re.compile(r"\s*(?:@\w[\w.]*(?:\(.*\))?|\[.*\]|#\[.*\]|template\s*<.*>)\s*$")
_TAGGED = re.compile(r"@(?:example|returns?|param|throws|see|code|link)\b")
_SET_UP = re.compile(
    r"(?:(?:final|const|let|var|val|auto|mut)\s+)*(?:[A-Za-z_$][\w$.:]*(?:<[^=]*>)?[\s*&]+)?\$?[A-Za-z_]\w*\s*"
    r"(?::\s*[\w.<>, ]+)?(?::=|=(?![=>]))\s*\S"
)
_LINK = re.compile(r"\s*\??\.\s*(?=[A-Za-z_$])|(?:->|::)(?=[A-Za-z_]\w*\()")
_CALLED = re.compile(r"[A-Za-z_$][\w$]*(?:(?:\.|->)\w+)+\(")
_SAID = re.compile(r";?$|(?:==|[-=]>|[→➞⇒⟶]|returns?\b|gives?\b|throws\b|raises\b)")
_MOST = 60
_LONGEST = 2_000


@dataclass(frozen=True, slots=True)
class DocumentationLine:
    """A line of documentation without its marks. ``number`` counts from 1 in the document; 0: it is not there."""

    number: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call as written: ``head`` is what stands before the name (``Stack.``, ``s.``, ""), ``arguments`` their texts,
    ``after`` what is applied to its result (``.size()``)."""

    head: str
    name: str
    arguments: tuple[str, ...]
    after: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenExample:
    """An example. ``steps`` are the statements before it in its session, ``call`` is what is judged: by its value
    (``value``), or by its exception (``raises``: its type's name, "" any). Neither: it says nothing, and only what
    follows needs it."""

    id: str
    call: str
    line: int
    steps: tuple[str, ...] = ()
    value: str | None = None
    raises: str | None = None

    @property
    def silent(self) -> bool:
        """Whether nothing is said of what it should give."""
        return self.value is None and self.raises is None

    @property
    def expected(self) -> str:
        """What should come of it, as text."""
        if self.raises is not None:
            return f"raises {self.raises or 'an error'}"
        return self.value or ""


def same_name(one: str, other: str) -> bool:
    """Return whether two names are one in different conventions: ``make_palindrome``, ``makePalindrome``."""
    return _plain(one) == _plain(other)


def as_in(names: Sequence[str], name: str) -> str:
    """Return the one of ``names`` that is ``name`` in another convention; ``name`` itself where it is there, or none
    is."""
    return name if name in names else next((one for one in names if same_name(one, name)), name)


def call_in(text: str, speaks: Callable[[Call], bool] | None = None) -> Call | None:
    """Return the call that ``text`` is, whole; None: it is none. Of a chain of calls (``new Stack().push(1).size()``)
    it is the first, or the first that ``speaks``."""
    text = text.strip().rstrip(";").strip()
    match = _CALL.match(text)
    first: Call | None = None
    head = ""
    while match is not None and (end := closing(text, match.end() - 1)) is not None:
        after = text[end:].strip()
        if after and after[0] not in ".[" and _LINK.match(text, end) is None:
            return None
        arguments = split(text[match.end() : end - 1])
        call = Call(head=head + match["head"], name=match["name"], arguments=arguments, after=after)
        first = first or call
        if speaks is None or speaks(call):
            return call
        link = _LINK.match(text, end)
        if link is None:
            break
        head = text[: link.end()]
        match = _CALL.match(text, link.end())
    return first


def documentation_of(task: Task) -> tuple[DocumentationLine, ...]:
    """Return the lines of the scope's documentation: the comments right above it and in it, and the instruction."""
    text = task.document.text
    lines = text.split("\n")
    first = text.count("\n", 0, task.scope.range.start)
    last = text.count("\n", 0, task.scope.range.end)
    found = [*_comments(lines, _start_of_comments(lines, first), last + 1)]
    told = [DocumentationLine(0, line) for line in task.instruction.split("\n")]
    return (*found, DocumentationLine(0, ""), *told)


def written_in(lines: Sequence[DocumentationLine], speaks: Callable[[Call], bool]) -> tuple[WrittenExample, ...]:
    """Return the examples in some documentation, in order; ``speaks`` says whether a call is one of the scope."""
    found: list[tuple[int, WrittenExample]] = []
    taken: set[int] = set()
    known: Counter[str] = Counter()

    def example(index: int, call: str, steps: Sequence[str] = (), **said: str | None) -> None:
        text = "\0".join((*steps, call))
        known[text] += 1
        name = hashlib.sha256(f"{known[text]}\0{text}".encode("utf-8", "surrogatepass")).hexdigest()[:10]
        one = WrittenExample(id=f"e{name}", call=call, line=lines[index].number, steps=tuple(steps), **said)
        found.append((index, one))

    def is_call(text: str) -> bool:
        call = call_in(text, speaks)
        return call is not None and speaks(call)

    def promising(text: str) -> bool:
        return any(promises([text], is_call=is_call, is_value=is_value))

    for index, (statement, steps), values in _sessions(lines, taken, promising):
        asserted = re.match(r"assert\s+(.*)$", statement)
        told = promises([asserted[1] if asserted else statement], is_call=is_call, is_value=is_value)
        promise = next(told, None)
        if promise is not None:
            example(index, promise.call, steps, value=promise.literal, raises=promise.raises)
        elif is_call(statement):
            example(index, statement, steps, **_told(values))
    for index, line in enumerate(lines):
        if index in taken:
            continue
        inline = list(promises([line.text], is_call=is_call, is_value=is_value))
        steps = _above(lines, index, taken)
        for promise in inline:
            example(index, promise.call, steps, value=promise.literal, raises=promise.raises)
        if not inline and is_call(line.text) and index + 1 < len(lines) and index + 1 not in taken:
            below = _BELOW.match(lines[index + 1].text)
            value = value_in(below["rest"], is_value, alone=True) if below is not None else None
            if value is not None:
                example(index, line.text.strip().rstrip(";"), steps, value=value)
    return tuple(one for _, one in sorted(found, key=lambda pair: pair[0])[:_MOST])


def is_value(text: str) -> bool | None:
    """Return whether a text is a value in some notation; None: nor is any beginning of it."""
    try:
        parse(text)
    except (ValueError, RecursionError):
        return False
    return True


def _above(lines: Sequence[DocumentationLine], index: int, taken: Set[int]) -> tuple[str, ...]:
    """The statements in the lines right above one: what an instance needs that is used in it."""
    found: list[str] = []
    while index > 0 and index - 1 not in taken:
        index -= 1
        statement = re.sub(r"\s*(?://|#\s).*$", "", lines[index].text).strip()
        assigned = _SET_UP.match(statement) is not None
        call = None if assigned else _CALLED.match(statement)
        if call is not None:
            end = closing(statement, call.end() - 1)
            rest = statement[end:].strip() if end is not None else "no end"
            if rest and not _SAID.match(rest):
                break
            statement = statement[:end]
        elif not assigned:
            break
        found.append(statement)
    return tuple(reversed(found))


def _told(values: Sequence[str]) -> dict[str, str | None]:
    """What the lines below a prompt say of its call."""
    values = [re.sub(r"^\s*\$?\w+ ==> ", "", value) for value in values]  # jshell: "$1 ==> 3"
    text = without_error("\n".join(values).strip())
    if not text:
        return {}
    raised = _RAISED.match(values[-1].strip()) or _RAISED.match(text.split("\n")[0])
    if raised is not None:
        return {"raises": re.split(r"\.|::", raised["type"] or raised["other"] or "")[-1]}
    if with_error(text, is_value):
        return {"raises": "error"}
    if is_value(text):
        return {"value": text}
    first = value_in(values[0].strip(), is_value, alone=True)
    return {"value": first} if first is not None else {"value": text}


def _sessions(
    lines: Sequence[DocumentationLine], taken: set[int], promising: Callable[[str], bool]
) -> Iterator[tuple[int, tuple[str, tuple[str, ...]], tuple[str, ...]]]:
    """Yield prompts with their line's index, the statement and the steps before it, and the lines below: up to a blank
    one, another prompt, or one that promises something by itself."""
    steps: list[str] = []
    index = 0
    while index < len(lines):
        match = _PROMPT.match(lines[index].text)
        if match is None:
            index += 1
            continue
        start, statement = index, match["rest"].strip()
        taken.add(index)
        index += 1
        while index < len(lines) and (more := _GOES_ON.match(lines[index].text)) is not None:
            statement += "\n" + more["rest"]
            taken.add(index)
            index += 1
        values: list[str] = []
        while index < len(lines) and _is_answer(lines[index].text) and not promising(lines[index].text):
            values.append(lines[index].text)
            taken.add(index)
            index += 1
            said = without_error("\n".join(values))
            if is_value(said) or with_error(said, is_value):
                break
        if statement:
            yield start, (statement, tuple(steps)), tuple(values)
            steps.append(statement)
        if index < len(lines) and not lines[index].text.strip() and not _prompt_follows(lines, index):
            steps.clear()


def _prompt_follows(lines: Sequence[DocumentationLine], index: int) -> bool:
    following = next((line.text for line in lines[index:] if line.text.strip()), "")
    return _PROMPT.match(following) is not None


def _is_answer(text: str) -> bool:
    return bool(text.strip()) and _PROMPT.match(text) is None and _TAGGED.match(text.strip()) is None


def _plain(name: str) -> str:
    return name.replace("_", "").lower()


def _start_of_comments(lines: Sequence[str], first: int) -> int:
    """The index of the first line of the comments that end right above a line; attributes may stand between."""
    index = first
    while index > 0:
        above = lines[index - 1]
        if above.strip().endswith("*/"):
            index -= 1
            while index > 0 and "/*" not in lines[index]:
                index -= 1
        elif _COMMENT_LINE.match(above) or _ABOVE.match(above):
            index -= 1
        else:
            break
    return index


def _comments(lines: Sequence[str], start: int, end: int) -> Iterator[DocumentationLine]:
    """The text of the comments in some lines; code between two of them is a blank line."""
    inside = False
    for number in range(start, min(end, len(lines))):
        line = lines[number][:_LONGEST]
        text = ""
        if not inside and (opened := re.match(r"\s*/\*[*!]?\s?(?P<text>.*)$", line)) is not None:
            inside, line = True, opened["text"]
            closed = line.find("*/")
            text = line[:closed] if closed >= 0 else line
            inside = closed < 0
        elif inside:
            closed = line.find("*/")
            inside = closed < 0
            match = _BLOCK_LINE.match(line[:closed] if closed >= 0 else line)
            text = match["text"] if match is not None else ""
        elif (comment := _COMMENT_LINE.match(line)) is not None:
            text = comment["text"]
        yield DocumentationLine(number + 1, _unmarked(text))


def _inline(text: str) -> str:
    """A line with what stands in Javadoc's ``{@code ...}`` in its place."""
    while (match := re.search(r"\{@(?:code|literal)\s+", text)) is not None:
        depth = 1
        for end in range(match.end(), len(text)):
            depth += (text[end] == "{") - (text[end] == "}")
            if depth == 0:
                break
        else:
            break  # it goes on in the next line
        text = text[: match.start()] + text[match.end() : end] + text[end + 1 :]
    return text


def _unmarked(text: str) -> str:
    """Documentation without the marks of its format: tags that stand alone or around code, and entities."""
    text = _inline(text)
    text = re.sub(r"^\s*@example\b:?", "", text)
    if "<" in text and ("</" in text or re.fullmatch(r"\s*(?:" + _TAG.pattern + r"\s*)+", text)):
        text = _TAG.sub("", text)
    return html.unescape(text) if "&" in text else text
