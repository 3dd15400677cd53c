"""Declared types of C and C++ as far as examples need them, read out of headers as they are written. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from forge_lsp.checking.examples.types import ANY, Parameter, Type, integer_range
from forge_lsp.checking.scanning import closing_at, parts_of
from forge_lsp.core.languages import Language
from forge_lsp.languages.c_family import CPP
from forge_lsp.languages.c_family.scanning import blanked

__all__ = ["Declared", "aliases_of", "arguments_of", "head_of", "read_header", "whole_range"]

_SPECIFIERS = re.compile(
    r"\b(?:static|inline|constexpr|consteval|extern|virtual|explicit|friend|register|volatile|mutable|typename|"
    r"restrict|__restrict(?:__)?|__inline(?:__)?|_Noreturn|noexcept|override|final)\b|\[\[[^\]]*\]\]|"
    r"__attribute__\s*\(\(.*?\)\)|\bextern\s*\"[^\"]*\""
)
_INTEGERS = frozenset({"signed", "unsigned", "short", "long", "int", "char", "__int128"})
_NAMED_INTEGERS: Mapping[str, tuple[int, bool]] = {
    **{
        f"{sign}int{kind}{bits}_t": (bits, not sign)
        for sign in ("", "u")
        for kind in ("", "_fast", "_least")
        for bits in (8, 16, 32, 64)
    },
    **dict.fromkeys(("size_t", "uintptr_t", "uintmax_t"), (64, False)),
    **dict.fromkeys(("ssize_t", "ptrdiff_t", "intptr_t", "intmax_t", "off_t", "time_t"), (64, True)),
}
_LISTS = frozenset({"vector", "list", "deque", "forward_list", "initializer_list", "span", "array", "valarray"})
_ADAPTERS = frozenset({"stack", "queue"})
_SETS = frozenset({"set", "unordered_set", "multiset", "unordered_multiset", "flat_set"})
_MAPS = frozenset({"map", "unordered_map", "multimap", "unordered_multimap", "flat_map"})
_POINTERS = frozenset({"unique_ptr", "shared_ptr"})
_STRINGS = frozenset({"string", "string_view", "wstring", "u16string", "u32string", "u8string", "wstring_view"})
_WIDE = frozenset({"wchar_t", "char8_t", "char16_t", "char32_t"})
_OPENING, _CLOSING = "([{<", ")]}>"
_ALIAS = re.compile(r"\busing\s+(?P<name>\w+)\s*=\s*(?P<text>[^;{}]+);")
_TYPEDEF = re.compile(r"\btypedef\s+(?P<text>[^;{}()]+?)(?P<stars>[\s*&]+)(?P<name>\w+)\s*;")
_MACRO = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(?P<name>\w+)[ \t]+(?P<text>[A-Za-z_][\w:<>, ]*)$", re.M)
_TEMPLATE = re.compile(r"\s*template\s*<")
_ARRAY = re.compile(r"\s*\[(?P<size>[^\]]*)\]\s*$")
_DEEPEST = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """A function's header: its parameters, its result, and whether it is ``static``."""

    parameters: tuple[Parameter, ...]
    result: Type
    static: bool


def aliases_of(text: str) -> dict[str, str]:
    """Return what the names of types that a text gives (``using``, ``typedef``, ``#define``) stand for."""
    plain = blanked(text)
    found = {match["name"]: match["text"].strip() for match in _ALIAS.finditer(plain)}
    found |= {match["name"]: f"{match['text']}{match['stars']}".strip() for match in _TYPEDEF.finditer(plain)}
    return {match["name"]: match["text"].strip() for match in _MACRO.finditer(plain)} | found


def read_header(header: str, name: str, language: Language, aliases: Mapping[str, str]) -> Declared | None:
    """Return what a function's header declares; None where it is none of a function called ``name``."""
    plain = " ".join(blanked(header, literals=False).split())
    generic: tuple[str, ...] = ()
    while _TEMPLATE.match(plain):
        end = closing_at(plain, plain.index("<"), arrows="-")
        generic += tuple(
            part.partition("=")[0].split()[-1].lstrip(".")
            for part in parts_of(plain[plain.index("<") + 1 : end - 1], arrows="-")
        )
        plain = plain[end:].strip()
    found = re.compile(rf"(?<![\w:]){re.escape(' '.join(name.split()))}\s*\(").search(plain)
    if found is None:
        return None
    end = closing_at(plain, found.end() - 1, arrows="-")
    inner, after, before = plain[found.end() : end - 1], plain[end:], plain[: found.start()]
    reader = _Reader(language is CPP, aliases, generic)
    arrow = re.search(r"->\s*([^;{]+?)\s*(?:requires\b.*)?$", after)
    result = reader.type(arrow[1] if arrow is not None else before or "void", result=True)
    parameters = tuple(reader.parameter(part) for part in parts_of(inner, arrows="-") if part != "void")
    return Declared(parameters=parameters, result=result, static=re.search(r"\bstatic\b", before) is not None)


def head_of(text: str) -> str:
    """Return the name of a template (``vector`` of ``std::vector<int> &``) or of a type without arguments."""
    return text.partition("<")[0].strip().rpartition("::")[2]


def arguments_of(text: str) -> tuple[str, ...]:
    """Return the arguments of a template as they are written."""
    opened = text.find("<")
    return parts_of(text[opened + 1 : closing_at(text, opened, arrows="-") - 1], arrows="-") if opened >= 0 else ()


def whole_range(text: str) -> tuple[int, int] | None:
    """Return the least and the greatest value of an integer type; None where it is none that is known."""
    known = _NAMED_INTEGERS.get(text.removeprefix("std::"))
    if known is None:
        words = text.split()
        if not words or not _INTEGERS.issuperset(words):
            return None
        bits = 8 if "char" in words else 16 if "short" in words else 64 if "long" in words else 32
        known = (128 if "__int128" in words else bits, "unsigned" not in words)
    bits, signed = known
    return integer_range(bits, signed)


class _Reader:
    """Reads types; ``generic`` are the names of the template's own parameters."""

    def __init__(self, cpp: bool, aliases: Mapping[str, str], generic: tuple[str, ...]) -> None:
        self._cpp = cpp
        self._aliases = aliases
        self._generic = generic

    def parameter(self, text: str) -> Parameter:
        if text == "...":
            return Parameter(name="", rest=True, optional=True)
        plain, default = next(_cut(text, "="), (text, ""))
        dimensions: list[str] = []
        while (array := _ARRAY.search(plain)) is not None:
            dimensions.insert(0, array["size"])
            plain = plain[: array.start()]
        if "(" in re.sub(
            r"<[^<>]*(?:<[^<>]*>)*[^<>]*>", "", plain
        ):  # a function's, or another declarator in parentheses
            return Parameter(name="", type=Type(kind="other", text=plain), optional=bool(default))
        named = re.search(r"(?<=[\s*&>])(?P<name>[A-Za-z_]\w*)\s*$", plain)
        name, kind = ("", plain) if named is None else (named["name"], plain[: named.start()])
        if named is not None and (
            not _SPECIFIERS.sub("", kind).replace("const", "").strip()
            or name in _INTEGERS
            or kind.rstrip().endswith("::")
            or re.fullmatch(r"\s*(?:struct|enum|union|class)\s*", kind)
        ):
            name, kind = "", plain
        pack = kind.rstrip().endswith("...")
        return Parameter(
            name=name,
            type=self._array(kind, dimensions) if dimensions else self.type(kind.rstrip(" .")),
            optional=bool(default) or pack,
            rest=pack,
        )

    def type(self, text: str, *, result: bool = False, depth: int = 0) -> Type:
        plain = " ".join(_SPECIFIERS.sub(" ", text).split())
        plain = self._resolved(plain, depth)
        constant = re.search(r"\bconst\b", re.sub(r"<.*>", "", plain)) is not None
        reference = "&" in plain[plain.rfind(">") + 1 :] and not plain.endswith("&&")
        bare = plain.rstrip(" &")
        if bare.endswith("const"):
            bare = bare.removesuffix("const").rstrip(" &")
        if bare.endswith("*"):
            return self._pointer(bare.removesuffix("*").strip(), constant=constant, result=result, depth=depth)
        base = re.sub(r"^const\s+|\s+const$", "", bare).strip()
        found = self._of(base, result=result, depth=depth)
        if reference and not constant and not result and depth == 0:
            return Type(kind=found.kind, text=f"{found.text} &", items=found.items)
        return found

    def _resolved(self, text: str, depth: int) -> str:
        for _ in range(_DEEPEST - min(depth, _DEEPEST)):
            changed = re.sub(
                r"(?<![\w:])(?:\w+::)*(\w+)\b(?!\s*::)",
                lambda match: self._aliases.get(match[1], match[0]) if match[1] not in self._generic else match[0],
                text,
            )
            if changed == text or len(changed) > 500:
                break
            text = changed
        return text

    def _pointer(self, base: str, *, constant: bool, result: bool, depth: int) -> Type:
        plain = base.removeprefix("const ").removesuffix(" const").strip()
        inner = base if base.endswith("*") else plain
        if inner == "char":
            text = "const char *" if constant else "char *"
            return Type(kind="optional", text=text, items=(Type(kind="string", text=text),))
        item = self.type(inner, depth=depth + 1)
        text = f"{'const ' if constant and not inner.endswith('*') else ''}{inner} *"
        if result or item.kind in ("other", "void", "any"):
            return Type(kind="other", text=text)
        return Type(kind="optional", text=text, items=(Type(kind="list", text=text, items=(item,)),))

    def _array(self, base: str, dimensions: list[str]) -> Type:
        if len(dimensions) == 1:
            return self.type(f"{base} *")
        item = self.type(base, depth=1)
        for size in reversed(dimensions):
            item = Type(kind="list", text=f"[{size}]", items=(item,))
        text = f"{' '.join(_SPECIFIERS.sub(' ', base).split())} []{''.join(f'[{size}]' for size in dimensions[1:])}"
        return Type(kind="list", text=text, items=item.items)

    def _of(self, base: str, *, result: bool, depth: int) -> Type:
        words = base.split()
        if depth > _DEEPEST or not base:
            return ANY
        if base in self._generic or base in ("auto", "decltype(auto)"):
            return Type(kind="any", text=base)
        if base == "void":
            return Type(kind="void", text=base)
        plain = base.removeprefix("std::")
        if plain in ("bool", "_Bool"):
            return Type(kind="bool", text=base)
        if plain == "char" or plain in _WIDE:
            return Type(kind="char", text=base)
        if plain in ("float", "double", "long double"):
            return Type(kind="float", text=base)
        if plain in _NAMED_INTEGERS or _INTEGERS.issuperset(words):
            small = plain in ("int", "signed", "unsigned", "unsigned int", "int8_t", "uint8_t") or "char" in words
            return Type(kind="code" if small else "int", text=base)
        if self._cpp:
            return self._class(base, result=result, depth=depth)
        return Type(kind="other", text=base)

    def _class(self, base: str, *, result: bool, depth: int) -> Type:
        head = head_of(base)
        if "<" not in base:
            kind = "string" if head in _STRINGS else "other"
            return Type(kind=kind, text=base)
        items = tuple(self.type(part, result=result, depth=depth + 1) for part in arguments_of(base))
        if head in _LISTS or (head in _ADAPTERS and not result):
            return Type(kind="list", text=base, items=items[:1])
        if head in _SETS:
            return Type(kind="set", text=base, items=items[:1])
        if head in _MAPS:
            return Type(kind="map", text=base, items=items[:2])
        if head in ("pair", "tuple"):
            return Type(kind="tuple", text=base, items=items)
        if (head == "optional" or head in _POINTERS) and items[:1]:
            return Type(kind="optional", text=base, items=items[:1])
        return Type(kind="other", text=base)


def _cut(text: str, sign: str) -> Iterator[tuple[str, str]]:
    depth = 0
    for at, char in enumerate(text):
        depth += (char in _OPENING) - (char in _CLOSING)
        if char == sign and depth == 0:
            yield text[:at].strip(), text[at + 1 :].strip()
