"""Plain data in the notation of C and C++, by declared types. Pure.

``forge_kept``, ``forge_array`` and ``forge_chars`` are of the program that makes the calls: see :mod:`.driving`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from forge_lsp.checking.examples.types import ANY, Type, TypeMismatch
from forge_lsp.checking.examples.values import Group, LanguageValue, MapValue, Value
from forge_lsp.core.languages import Language
from forge_lsp.languages.c_family import CPP
from forge_lsp.languages.c_family.declared import arguments_of, head_of, whole_range

__all__ = ["literal", "natural", "quoted"]

_LEAST, _GREATEST = whole_range("long long") or (0, 0)
_INT = whole_range("int") or (0, 0)
_PREFIXES = {"wstring": "L", "wstring_view": "L", "u16string": "u", "u32string": "U", "u8string": "u8"}
_CHARACTERS = {"wchar_t": "L", "char16_t": "u", "char32_t": "U", "char8_t": "u8"}


def literal(value: Value, declared: Type, language: Language) -> str:
    """Return a value, fitted to its type already, as an argument. Raises Unfit."""
    writer = _Writer(language is CPP)
    written = writer.of(value, declared)
    return f"forge_kept({written})" if declared.text.endswith("&") and language is CPP else written


def natural(value: Value, language: Language) -> str:
    """Return a value of which no type is declared, by its own kind. Raises Unfit."""
    return _Writer(language is CPP).of(value, ANY)


def quoted(text: str, *, prefix: str = "") -> str:
    """Return a string literal: UTF-8 in octal escapes, or universal names behind a prefix."""
    named = {"\n": "\\n", "\t": "\\t", "\r": "\\r", '"': '\\"', "\\": "\\\\"}
    parts: list[str] = []
    for char in text:
        if char in named:
            parts.append(named[char])
        elif " " <= char <= "~":
            parts.append(char)
        elif not prefix:
            parts += (f"\\{byte:03o}" for byte in char.encode("utf-8", "surrogatepass"))
        elif char < "\xa0":
            parts.append(f"\\{ord(char):03o}")
        else:
            parts.append(f"\\U{ord(char):08x}")
    return f'{prefix}"{"".join(parts)}"'.replace("??", '?""?')


class _Writer:
    def __init__(self, cpp: bool) -> None:
        self._cpp = cpp

    def of(self, value: Value, declared: Type) -> str:
        text = declared.text.rstrip(" &")
        if isinstance(value, LanguageValue):
            return str(value)
        match declared.kind:
            case "any":
                return self._natural(value)
            case "other" | "void":
                return self._other(value, text)
            case "int" | "code":
                return self._whole(value, text)
            case "float":
                return self._float(value, text)
            case "bool":
                return ("true" if value else "false") if self._cpp else f"(_Bool){int(bool(value))}"
            case "char":
                return self._char(value, text)
            case "string":
                return self._string(value, text)
            case "optional":
                return self._optional(value, declared, text)
            case "tuple":
                return f"{self._type(value, declared)}({', '.join(self._items(value, declared.items))})"
            case _:
                return self._group(value, declared, text)

    def _whole(self, value: Value, text: str) -> str:
        if not isinstance(value, int):
            raise TypeMismatch(f"{value!r} is no {text}")
        limits = whole_range(text) or (_LEAST, _GREATEST)
        if not limits[0] <= value <= limits[1]:
            raise TypeMismatch(f"{value} is out of the range of {text}")
        if text == "int" and value != _INT[0]:
            return str(value)
        plain = f"({value + 1}LL - 1)" if value == _LEAST else f"{value}{'ULL' if value > _GREATEST else 'LL'}"
        return f"static_cast<{text}>({plain})" if self._cpp else f"({text}){plain}"

    def _float(self, value: Value, text: str) -> str:
        if not isinstance(value, int | float):
            raise TypeMismatch(f"{value!r} is no {text}")
        value = float(value)
        if math.isnan(value):
            plain = '__builtin_nan("")'
        elif math.isinf(value):
            plain = "__builtin_inf()" if value > 0 else "(-__builtin_inf())"
        else:
            plain = repr(value)
        if text == "double":
            return plain
        return f"static_cast<{text}>({plain})" if self._cpp else f"({text}){plain}"

    def _char(self, value: Value, text: str) -> str:
        if not isinstance(value, str) or len(value) != 1:
            raise TypeMismatch(f"{value!r} is no {text}")
        prefix = _CHARACTERS.get(text.removeprefix("std::"), "")
        if value > "~" and prefix in ("", "u8"):
            raise TypeMismatch(f"{value!r} is no single {text}")
        inner = quoted(value, prefix=prefix)[len(prefix) + 1 : -1].replace('\\"', '"').replace("'", "\\'")
        return f"{prefix}'{inner}'"

    def _string(self, value: Value, text: str) -> str:
        if not isinstance(value, str):
            raise TypeMismatch(f"{value!r} is no {text}")
        if text.endswith("*"):
            if "\0" in value:
                raise TypeMismatch(f"a {text} ends where its first NUL stands")
            if text.startswith("const"):
                return quoted(value)
            return f"forge_chars({quoted(value)})" if self._cpp else f"(char[]){{{quoted(value)}}}"
        prefix = _PREFIXES.get(head_of(text), "")
        length = len(value.encode("utf-8", "surrogatepass")) if not prefix else len(value)
        return (
            f"{text}({quoted(value, prefix=prefix)}, {length})"
            if not prefix
            else f"{text}({quoted(value, prefix=prefix)})"
        )

    def _optional(self, value: Value, declared: Type, text: str) -> str:
        if text.endswith("*"):
            return f"({text})0" if value is None else self.of(value, declared.item)
        kind = self._type(value, declared)
        if value is None:
            return f"{kind}()"
        inner = self.of(value, declared.item)
        if head_of(text) == "optional":
            return f"{kind}({inner})"
        return f"{kind}(new {self._type(value, declared.item)}({inner}))"

    def _group(self, value: Value, declared: Type, text: str) -> str:
        if isinstance(value, MapValue):
            key, item = (*declared.items, ANY, ANY)[:2]
            pairs = [f"std::make_pair({self.of(one, key)}, {self.of(other, item)})" for one, other in value.items]
            return f"{self._type(value, declared)}{{{', '.join(pairs)}}}"
        if not isinstance(value, Group):
            raise TypeMismatch(f"{value!r} is no {text}")
        items = [self.of(item, declared.item) for item in value.items]
        inner = ", ".join(items)
        if text.endswith("*"):
            base = text.removesuffix("*").strip()
            item = base if base.endswith("*") else base.removeprefix("const ").strip()
            if self._cpp:
                return f"forge_array<{item}>({{{inner}}})"
            return f"({item}[]){{{inner}}}" if items else f"({item}[1]){{0}}"
        if "[" in text:
            if self._cpp:
                raise TypeMismatch("arrays of arrays have no literals in C++")
            return f"{{{inner}}}" if text.startswith("[") else f"({text.replace(' []', '[]')}){{{inner}}}"
        return self._container(value, declared, text, items)

    def _container(self, value: Group, declared: Type, text: str, items: Sequence[str]) -> str:
        head, inner = head_of(text), ", ".join(items)
        kind = self._type(value, declared)
        match head:
            case "array":
                size = arguments_of(text)[-1]
                if size.isdigit() and int(size) != len(items):
                    raise TypeMismatch(f"{len(items)} values are no {text}")
                return f"{kind}{{{{{inner}}}}}"
            case "span":
                item = arguments_of(kind)[0].removeprefix("const ").strip()
                return f"{kind}(forge_kept(std::vector<{item}>{{{inner}}}))"
            case "stack" | "queue":
                return f"{kind}(std::deque<{arguments_of(kind)[0]}>{{{inner}}})"
            case _:
                return f"{kind}{{{inner}}}"

    def _other(self, value: Value, text: str) -> str:
        """A value of a type of the project: an empty pointer, or its members in braces."""
        if value is None and text.endswith("*"):
            return f"({text})0"
        if (
            not isinstance(value, Group | MapValue)
            or text.endswith("*")
            or not re.fullmatch(r"(?:struct )?[\w:]+", text)
        ):
            raise TypeMismatch(f"{value!r} is no {text or 'value'}")
        if isinstance(value, MapValue):
            if not all(isinstance(key, str) and key.isidentifier() for key, _ in value.items):
                raise TypeMismatch(f"{value!r} is no {text}")
            inner = ", ".join(f".{key} = {self._natural(item)}" for key, item in value.items)
        else:
            inner = ", ".join(map(self._natural, value.items))
        return f"{text}{{{inner}}}" if self._cpp else f"({text}){{{inner}}}"

    def _items(self, value: Value, types: Sequence[Type]) -> list[str]:
        items = value.items if isinstance(value, Group) else ()
        return [self.of(item, types[place]) for place, item in enumerate(items)]

    def _natural(self, value: Value) -> str:
        match value:
            case bool():
                return self.of(value, Type(kind="bool"))
            case int():
                fits = _INT[0] < value <= _INT[1]
                return self._whole(value, "int" if fits else "unsigned long long" if value > _GREATEST else "long long")
            case float():
                return self._float(value, "double")
            case str():
                return self._string(value, "std::string" if self._cpp else "const char *")
            case Group() | MapValue() if self._cpp:
                return self.of(value, self._natural_type(value))
            case _:
                raise TypeMismatch(f"{value!r} is of no type that is declared")

    def _natural_type(self, value: Value) -> Type:
        if isinstance(value, Group):
            items = tuple(self._natural_type(item) for item in value.items)
            if value.kind == "tuple":
                return Type(kind="tuple", text=f"std::tuple<{', '.join(item.text for item in items)}>", items=items)
            item = _common(items)
            head = "std::set" if value.kind == "set" else "std::vector"
            return Type(kind="set" if value.kind == "set" else "list", text=f"{head}<{item.text}>", items=(item,))
        if isinstance(value, MapValue):
            key = _common(tuple(self._natural_type(one) for one, _ in value.items))
            item = _common(tuple(self._natural_type(one) for _, one in value.items))
            return Type(kind="map", text=f"std::map<{key.text}, {item.text}>", items=(key, item))
        known: dict[type, Type] = {
            bool: Type(kind="bool", text="bool"),
            int: Type(kind="int", text="int" if isinstance(value, int) and _INT[0] < value <= _INT[1] else "long long"),
            float: Type(kind="float", text="double"),
            str: Type(kind="string", text="std::string"),
        }
        if type(value) not in known:
            raise TypeMismatch(f"{value!r} is of no type that is declared")
        return known[type(value)]

    def _type(self, value: Value, declared: Type) -> str:
        """The declared type, what a template leaves open taken from the value."""
        if not _open(declared):
            return declared.text.rstrip(" &")
        if declared.kind == "any" or value is None:
            return self._natural_type(value if value is not None else 0).text
        head = declared.text.partition("<")[0]
        rest = arguments_of(declared.text)[len(declared.items) :]
        match value:
            case Group() if declared.kind == "tuple":
                inner = [self._type(item, declared.items[place]) for place, item in enumerate(value.items)]
            case Group():
                inner = [self._shared(value.items, declared.item)]
            case MapValue():
                key, item = (*declared.items, ANY, ANY)[:2]
                inner = [
                    self._shared([one for one, _ in value.items], key),
                    self._shared([one for _, one in value.items], item),
                ]
            case _:
                inner = [self._type(value, declared.item)]
        return f"{head}<{', '.join((*inner, *rest))}>"

    def _shared(self, values: Sequence[Value], declared: Type) -> str:
        return _common([Type(kind="any", text=self._type(value, declared)) for value in values]).text


def _open(declared: Type) -> bool:
    """Whether a type names a parameter of its template."""
    return declared.kind == "any" or any(map(_open, declared.items))


def _common(types: Sequence[Type]) -> Type:
    """The one type of a group's values: numbers become the widest."""
    texts = {one.text for one in types}
    for text in ("double", "long long"):
        if text in texts and texts <= {"double", "long long", "int"}:
            return next(one for one in types if one.text == text)
    if len(texts) > 1:
        raise TypeMismatch("the values of a group are of different types")
    return types[0] if types else Type(kind="int", text="int")
