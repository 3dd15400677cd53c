"""Rust's declared types and headers, as far as examples in documentation need them. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from forge_lsp.checking.examples.types import Kind, Parameter, Signature, Type
from forge_lsp.checking.scanning import closing_at, parts_of
from forge_lsp.core.ports import Item, ItemKind
from forge_lsp.core.task import Task
from forge_lsp.editing.scoped import ScopedItem, scoped
from forge_lsp.languages.rust.source import tokens_of

__all__ = ["INTEGERS", "Callable", "callable_of", "inner_of", "type_of"]

INTEGERS = {
    **{f"{sign}{bits}": (bits, sign == "i") for sign in "iu" for bits in (8, 16, 32, 64, 128)},
    "isize": (64, True),
    "usize": (64, False),
}
"""The types of whole numbers: how many bits, and whether they have a sign."""
_LISTS = ("Vec", "VecDeque", "LinkedList", "BinaryHeap")
_ITERATES = re.compile(r"(?:impl|dyn)\b.*\b(?:IntoIterator|Iterator)\s*<.*?\bItem\s*=\s*(?P<item>.+)>$")
_TEXT = re.compile(r"(?:impl|dyn)\b.*(?:AsRef\s*<\s*str\s*>|Into\s*<\s*String\s*>|\b(?:Display|ToString)\b)")
_ALIAS = re.compile(r"^[ \t]*(?:pub(?:\([^)]*\))?\s+)?type\s+(?P<name>\w+)\s*=\s*(?P<type>[^;]+);", re.M)
_WRAPPERS = re.compile(r"(?P<name>(?:\w+::)*(?:Box|Rc|Arc|Cow|RefCell|Cell|Mutex|Wrapping|Reverse))\s*<(?P<inner>.*)>$")
_REFERENCE = re.compile(r"&\s*(?:'\w+\s*)?(?P<mut>mut\s+)?(?P<inner>.+)$", re.S)
_RESULT = re.compile(r"(?:\w+::)*Result(?:\s*<(?P<inner>.*)>)?$", re.S)


@dataclass(frozen=True, slots=True, kw_only=True)
class Callable(Signature):
    """A function in its text, the scope of ``task``. ``owner`` is the type that it is a member of (""); ``fallible``:
    it gives a ``Result``; ``many``: an iterator. A value of its owner can be made where that has one."""

    task: Task
    found: ScopedItem
    owner: str = ""
    fallible: bool = False
    many: bool = False
    unsafe: bool = False

    @property
    def module(self) -> Item | None:
        """The innermost module of the text that holds it; None: the text itself."""
        return next((one for one in reversed(self.found.holders) if _is_module(one)), None)


def callable_of(task: Task, text: str) -> Callable | None:
    """Return the task's scope as it can be called in ``text``; None: it is not there."""
    found = scoped(task, text)
    if found is None:
        return None
    header = " ".join(token.text for token in tokens_of(found.item.signature or "") if token.kind != "comment")
    named = re.search(r"\bfn (?P<name>(?:r# ?)?\w+) ?", header)
    if named is None or found.item.kind is not ItemKind.FUNCTION:
        name = found.item.name or ""
        return Callable(name=name, parameters=(), task=task, found=found, refused=f"{name} is no function")
    rest = header[named.end() :]
    generic: frozenset[str] = frozenset()
    if rest.startswith("<"):
        end = closing_at(rest, 0, arrows="-=") - 1
        generic = frozenset(re.findall(r"(?:^|, )(?:const )?(\w+)", rest[1:end]))
        rest = rest[end + 1 :].lstrip()
    end = closing_at(rest, 0, arrows="-=") - 1
    inside, after = parts_of(rest[1:end], arrows="-="), rest[end + 1 :].strip()
    result = after.removeprefix("->").partition(" where ")[0].strip() if after.startswith("->") else "()"
    result = result.removesuffix(" where")
    holder = next((one for one in reversed(found.holders) if not _is_module(one)), None)
    owner = _owner(holder)
    aliases = {match["name"]: match["type"] for match in _ALIAS.finditer(text)}
    known = _Known(generic=generic | _generic_of(holder), aliases=aliases, owner=owner)
    bound = bool(inside) and re.fullmatch(r"(?:& )?(?:'\w+ )?(?:mut )?self(?: : .*)?", inside[0]) is not None
    given = known.expanded(result)
    fallible = _RESULT.fullmatch(given)
    if fallible is not None:
        parts = parts_of(fallible["inner"] or "()", arrows="-=")
        given = parts[0] if parts else "()"
    many = re.match(r"(?:impl|Box < dyn)\b.*\bIterator\b", given) is not None
    name = named["name"].replace(" ", "")
    refused = ""
    if re.search(r"\basync\b", header[: named.start()]):
        refused = f"{name} is asynchronous, and what runs it is the program's"
    elif any(one.kind is ItemKind.FUNCTION for one in found.holders):
        refused = f"{name} can be called in its function alone"
    return Callable(
        name=name,
        parameters=tuple(_parameter(part, known) for part in inside[1 if bound else 0 :]),
        result=known.type(given),
        container=owner,
        bound=bound,
        receiver=f"{owner} {{}}" if owner and _is_unit(owner, text) else "",
        found=found,
        refused=refused,
        owner=owner,
        fallible=fallible is not None,
        many=many,
        unsafe=re.search(r"\bunsafe\b", header[: named.start()]) is not None,
        task=task,
    )


def type_of(text: str, generic: Collection[str] = (), aliases: Mapping[str, str] | None = None) -> Type:
    """Return a type by its notation. ``generic`` are the names of type parameters, ``aliases`` what names stand for."""
    return _Known(generic=frozenset(generic), aliases=aliases or {}).type(text)


def inner_of(declared: Type) -> tuple[str, str] | None:
    """Return what a type is around another, as text: ``("&", "str")``, ``("Box", "i64")``; None: it is none."""
    reference = _REFERENCE.fullmatch(declared.text)
    if reference is not None:
        return ("&mut" if reference["mut"] else "&"), reference["inner"]
    wrapped = _WRAPPERS.fullmatch(declared.text)
    if wrapped is not None:
        inner = parts_of(wrapped["inner"], arrows="-=")
        return wrapped["name"].rpartition("::")[2], inner[-1]
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What names in types stand for."""

    generic: frozenset[str] = frozenset()
    aliases: Mapping[str, str]
    owner: str = ""

    def expanded(self, text: str) -> str:
        """A type's notation without spaces that say nothing, ``Self`` and aliases replaced."""
        text = " ".join(text.split())
        text = re.sub(r"\s*(::|<|>|\(|\)|\[|\]|,|;|&)\s*", r"\1", text)
        text = re.sub(r"([,;])", r"\1 ", text).strip()
        text = re.sub(r"\b(mut|dyn|impl)(?=[\[(&<])", r"\1 ", text)
        for _ in range(3):
            found = self.aliases.get(text)
            if found is None:
                break
            text = self.expanded(found)
        return text

    def type(self, text: str) -> Type:
        text = self.expanded(text)
        around = inner_of(Type(kind="other", text=text))
        if around is not None:
            inner = self.type(around[1])
            if around[0].startswith("&"):
                return replace(inner, text=f"{around[0]} {inner.text}" if around[0] == "&mut" else f"&{inner.text}")
            if inner.kind != "other":
                return replace(inner, text=f"{around[0]}<{inner.text}>")
        if text.startswith("["):
            item = self.type(re.split(r";", text[1:-1])[0])
            return Type(kind="list", text=text, items=(item,))
        if text.startswith("("):
            items = tuple(map(self.type, parts_of(text[1:-1], arrows="-=")))
            return Type(kind="tuple", text=text, items=items) if items else Type(kind="void", text=text)
        if _TEXT.match(text):
            return Type(kind="string", text=text)
        iterates = _ITERATES.match(text)
        if iterates is not None:
            return Type(kind="list", text=text, items=(self.type(iterates["item"]),))
        name, _, rest = text.partition("<")
        short = name.rpartition("::")[2]
        return self._named(text, short, tuple(map(self.type, parts_of(rest[:-1], arrows="-="))) if rest else ())

    def _named(self, text: str, short: str, items: tuple[Type, ...]) -> Type:
        if text in self.generic or text.startswith(("impl ", "dyn ")):
            closure = re.search(r"\bFn(?:Mut|Once)?\b", text) is not None
            return Type(kind="other" if closure else "any", text=text)
        kinds: tuple[tuple[Kind, Collection[str]], ...] = (
            ("int", INTEGERS),
            ("float", ("f32", "f64")),
            ("bool", ("bool",)),
            ("char", ("char",)),
            ("string", ("str", "String")),
            ("list", _LISTS),
            ("set", ("HashSet", "BTreeSet")),
            ("map", ("HashMap", "BTreeMap")),
            ("optional", ("Option",) if items else ()),
        )
        for kind, names in kinds:
            if short in names:
                return Type(kind=kind, text=text, items=items)
        return Type(kind="other", text=text)


def _parameter(text: str, known: _Known) -> Parameter:
    while text.startswith("#"):
        text = text[closing_at(text, text.index("["), arrows="-=") :].strip()
    name, _, declared = text.partition(" : ")
    return Parameter(name=name.removeprefix("mut ").strip(), type=known.type(declared))


def _is_unit(owner: str, text: str) -> bool:
    return re.search(rf"\bstruct\s+{re.escape(owner)}\s*(?:;|\{{\s*\}})", text) is not None


def _is_module(item: Item) -> bool:
    return re.match(r"(?:pub(?:\s*\([^)]*\))?\s+)?mod\b", item.signature or "") is not None


def _owner(holder: Item | None) -> str:
    if holder is None or not (holder.name or "").startswith("impl "):
        return holder.name or "" if holder is not None and "trait" in (holder.signature or "") else ""
    return (holder.name or "").rpartition(" ")[2]


def _generic_of(holder: Item | None) -> frozenset[str]:
    match = re.match(r"(?:unsafe\s+)?(?:impl|trait\s+\w+)\s*<", holder.signature or "") if holder is not None else None
    if match is None or holder is None:
        return frozenset()
    header = holder.signature or ""
    inside = header[match.end() : closing_at(header, match.end() - 1, arrows="-=") - 1]
    return frozenset(re.findall(r"(?:^|,\s*)(?:const\s+)?(\w+)", inside))
