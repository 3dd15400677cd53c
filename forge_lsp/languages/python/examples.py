"""What the user's own text promises: doctests, and lines such as ``f(2) == 4``. Pure; nothing is run here.

Only the document before the candidate and the instruction are read: a candidate could write its own proof.
"""

from __future__ import annotations

import ast
import doctest
import hashlib
import io
import re
import textwrap
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from forge_lsp.core.checks import CheckKind
from forge_lsp.core.task import Task
from forge_lsp.languages.python.prose import CallExpectation, promises

__all__ = ["Example", "Group", "examples_of"]


_EQUATION = re.compile(r"(?P<left>[^=\n]+?) ==? (?P<right>[^=].*)", re.S)


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One thing to run and what should come of it.

    ``steps`` are statements; the last is the one that is judged. Judged by its printed output (``want``, as in
    doctest with ``options`` and ``exception``, the expected message), or by its value (``literal``, Python text),
    or by the exception's type (``raises``). ``broken`` says why the text is no example that can run.
    """

    id: str
    kind: CheckKind
    steps: tuple[str, ...]
    line: int
    want: str = ""
    exception: str | None = None
    options: tuple[tuple[int, bool], ...] = ()
    literal: str | None = None
    raises: str | None = None
    broken: str | None = None

    @property
    def source(self) -> str:
        """The steps as text."""
        return "\n".join(step.rstrip("\n") for step in self.steps)

    @property
    def silent(self) -> bool:
        """Nothing is said of what it should give: ``>>> stack.push(1)`` with no output below, and no assertion."""
        if self.want or self.exception is not None or self.literal is not None or self.raises is not None:
            return False
        try:
            return bool(self.steps) and isinstance(ast.parse(self.steps[-1].strip()).body[-1], ast.Expr)
        except (SyntaxError, ValueError, RecursionError, IndexError):
            return False

    @property
    def expected(self) -> str:
        """What should come of it, as text."""
        if self.raises is not None:
            return f"raises {self.raises}"
        if self.exception is not None:
            return self.exception.rstrip("\n")
        return self.literal if self.literal is not None else self.want.rstrip("\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Examples that share one namespace: those of one docstring, or of the instruction."""

    owner: str
    examples: tuple[Example, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Text:
    """A piece of the user's text: ``owner`` as a dotted name, ``line`` of its first line (0: not in the document)."""

    owner: str
    text: str
    line: int


def examples_of(task: Task) -> tuple[Group, ...]:
    """The examples of the scope, of what encloses it, of the module's docstring and of the instruction.

    A promise that occurs several times is taken once; ids depend on owner, place and text alone.
    """
    groups: list[Group] = []
    seen: set[tuple[str, str]] = set()
    for piece in (*_docstrings(task), *_comments(task), _Text(owner="instruction", text=task.instruction, line=0)):
        found = tuple(example for example in _examples(piece) if _once(example, seen))
        if found:
            groups.append(Group(owner=piece.owner, examples=found))
    return tuple(groups)


def _once(example: Example, seen: set[tuple[str, str]]) -> bool:
    if example.literal is None and example.raises is None:
        return True  # doctests share a state: the same line twice may say two things
    try:
        text = ast.unparse(ast.parse(example.steps[-1], mode="eval"))
    except SyntaxError:
        text = example.steps[-1]
    key = (text, example.expected)
    if key in seen:
        return False
    seen.add(key)
    return True


# ------------------------------------------------------------------ where the user's text is


def _docstrings(task: Task) -> Iterator[_Text]:
    text = task.document.text.removeprefix("\ufeff")
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        yield from _quoted(task)
        return
    starts = task.scope.range.start, task.scope.range.end
    first = task.document.text.count("\n", 0, starts[0]) + 1
    last = max(first, task.document.text.count("\n", 0, starts[1]) + 1)
    insertion = starts[0] == starts[1]
    pending: list[tuple[ast.AST, str]] = [(tree, "")]
    while pending:
        node, name = pending.pop(0)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            docstring = _docstring(node)
            if docstring is not None and _concerns(node, first, last, insertion=insertion):
                yield _Text(owner=name or "module", text=docstring[0], line=docstring[1])
        for child in ast.iter_child_nodes(node):
            inner = getattr(child, "name", None) if isinstance(child, ast.stmt) else None
            pending.append((child, f"{name}.{inner}".lstrip(".") if inner else name))


def _docstring(node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> tuple[str, int] | None:
    match node.body[:1]:
        case [ast.Expr(value=ast.Constant(value=str(text)) as constant)]:
            return text, constant.lineno
        case _:
            return None


def _concerns(node: ast.AST, first: int, last: int, *, insertion: bool) -> bool:
    """Whether a definition is in the scope, or around it."""
    if isinstance(node, ast.Module):
        return True
    assert isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    start = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    end = node.end_lineno or start
    around = start <= first and end >= last
    # A selection may begin inside a definition: then what it touches is in it.
    return around or (not insertion and start <= last and end >= first)


_TRIPLE = re.compile(r"[rRuU]?(\"\"\"|''')(.*?)\1", re.DOTALL)


def _quoted(task: Task) -> Iterator[_Text]:
    """The scope's triple-quoted strings, for a document that does not parse (someone is typing)."""
    original = task.original
    before = task.document.text.count("\n", 0, task.scope.range.start) + 1
    owner = ".".join(part for part in (task.scope.container, task.scope.name) if part) or "scope"
    for number, match in enumerate(_TRIPLE.finditer(original)):
        line = before + original.count("\n", 0, match.start())
        yield _Text(owner=f"{owner}#{number}" if number else owner, text=match[2], line=line)


def _comments(task: Task) -> Iterator[_Text]:
    """The scope's comments, as one text that keeps their lines."""
    original = task.original
    if "#" not in original or "(" not in original:
        return
    lines = [""] * (original.count("\n") + 2)
    try:
        for token in tokenize.generate_tokens(io.StringIO(textwrap.dedent(original)).readline):
            if token.type == tokenize.COMMENT and token.line.lstrip().startswith("#"):
                lines[token.start[0] - 1] = token.string.lstrip("#!: ")
    except (tokenize.TokenError, SyntaxError):
        pass  # what came before the fault is known
    text = "\n".join(lines)
    if text.strip():
        line = task.document.text.count("\n", 0, task.scope.range.start) + 1
        yield _Text(owner="comments", text=text, line=line)


# ------------------------------------------------------------------ what it promises


def _examples(piece: _Text) -> Iterator[Example]:
    number = count()
    covered: set[int] = set()
    text = piece.text.expandtabs()
    for offset, chunk in _chunks(text):
        try:
            found = doctest.DocTestParser().get_examples(chunk)
        except ValueError as error:
            lines = chunk.split("\n")
            covered.update(range(offset, offset + len(lines)))
            source = "\n".join(line.strip() for line in lines if line.strip().startswith((">>>", "...")))
            yield Example(
                id=_id(piece.owner, next(number), source),
                kind=CheckKind.DOCTEST,
                steps=(source,),
                line=piece.line + offset if piece.line else 0,
                broken=re.sub(r"^line \d+ of the docstring for \S+ ", "the doctest ", str(error)),
            )
            continue
        for example in found:
            size = example.source.count("\n") + example.want.count("\n")
            covered.update(range(offset + example.lineno, offset + example.lineno + size))
        yield from _doctests(piece, found, offset, number)
    for promise in promises(line if index not in covered else "" for index, line in enumerate(text.split("\n"))):
        yield _promised(piece, promise, next(number))


def _chunks(text: str) -> Iterator[tuple[int, str]]:
    """The text's doctest blocks by themselves where it cannot be read as a whole: one fault then costs one block."""
    try:
        doctest.DocTestParser().parse(text)
    except ValueError:
        lines = text.split("\n")
        start = 0
        for index, line in enumerate([*lines, ""]):
            begins = line.lstrip().startswith(">>>") and index > start
            if not line.strip() or begins or index == len(lines):
                chunk = lines[start:index]
                if any(">>>" in item for item in chunk):
                    yield start, "\n".join(chunk)
                start = index
        return
    yield 0, text


def _doctests(piece: _Text, found: list[doctest.Example], offset: int, number: Iterator[int]) -> Iterator[Example]:
    """One example for each statement that shows or checks something; assignments and imports are steps before it."""
    steps: list[str] = []
    for example in found:
        steps.append(example.source)
        if not example.want and example.exc_msg is None and not _shows(example.source):
            continue
        literal, equation = _compared(example), _equation(example)
        want = example.want if literal is None and equation is None else ""
        if literal is not None:
            steps[-1] = literal[0]
        elif equation is not None:
            steps.append(f"{equation[0]}\n")
            literal = equation
        source = "".join(steps)
        yield Example(
            id=_id(piece.owner, next(number), source),
            kind=CheckKind.DOCTEST,
            steps=tuple(steps),
            line=piece.line + offset + example.lineno if piece.line else 0,
            want=want,
            exception=example.exc_msg,
            options=tuple(sorted(example.options.items())),
            literal=literal[1] if literal is not None else None,
        )
        steps = []


def _shows(source: str) -> bool:
    """Whether a statement without an expected output still checks something: an expression, or an assertion."""
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError):
        return True  # reported as not runnable, rather than taken down with the next one
    return any(isinstance(statement, ast.Expr | ast.Assert) for statement in body)


def _compared(example: doctest.Example) -> tuple[str, str] | None:
    """``f(2) == 4`` with ``True`` expected is judged by its value: a candidate's ``__eq__`` has no say in it."""
    if example.want.strip() != "True" or example.options:
        return None
    try:
        tree = ast.parse(example.source.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError):
        return None
    match tree:
        case ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]):
            try:
                ast.literal_eval(right)
            except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
                return None
            return ast.unparse(left), ast.unparse(right)
        case _:
            return None


def _equation(example: doctest.Example) -> tuple[str, str] | None:
    """``len(found) = 1`` below ``>>> found = search("x")``: an assignment shows nothing, so that this says what it
    binds."""
    said = _EQUATION.fullmatch(example.want.strip())
    if said is None or example.options:
        return None
    try:
        last = ast.parse(example.source).body[-1]
        left = ast.parse(said["left"], mode="eval")
        ast.literal_eval(said["right"])
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError, IndexError):
        return None
    match last:
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            used = {node.id for node in ast.walk(left) if isinstance(node, ast.Name)}
            return (said["left"], said["right"]) if name in used else None
        case _:
            return None


def _promised(piece: _Text, promise: CallExpectation, number: int) -> Example:
    return Example(
        id=_id(piece.owner, number, f"{promise.call} {promise.literal} {promise.raises}"),
        kind=CheckKind.EXAMPLE,
        steps=(promise.call,),
        line=piece.line + promise.line if piece.line else 0,
        literal=promise.literal,
        raises=promise.raises,
    )


def _id(owner: str, number: int, source: str) -> str:
    return hashlib.sha256(f"{owner}\0{number}\0{source}".encode("utf-8", "surrogatepass")).hexdigest()[:12]
