"""How code of a language is found in a model's answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from forge_lsp.core.ports import Item

__all__ = ["ExtractionSupport", "in_braces"]

_NEVER = re.compile(r"(?!)")
_STARTS = re.compile(
    r"\s*(?:[@\[#]\w?|/[/*]|use\s+[\w:]+(?:::|;)|"
    r"(?:using|namespace|import|export|package|public|private|protected|internal|static|abstract|"
    r"sealed|partial|final|async|class|interface|record|struct|enum|union|trait|impl|mod|fn|pub|func|function|type|"
    r"const|let|var|val|template|typedef|extern|inline|unsigned|readonly|override|virtual|unsafe|declare)\b|"
    r"[A-Za-z_$][\w$.<>\[\],?*& ]*\s[*&]*[\w$]+\s*\(|[A-Za-z_$][\w$]*\s*[(=<])"
)


def _unknown(*_: object) -> None:
    """None, whatever is asked."""


def _never(*_: object) -> bool:
    return False


def _no_names(_: str) -> Collection[str]:
    return ()


def _as_it_is(code: str, *_: object) -> str:
    return code


def in_braces(original: str, item: Item, body: str) -> str | None:
    """``original`` with the statements ``body`` in the place of those between an item's braces; None without braces."""
    if item.body is None or not item.body.of(original).startswith("{"):
        return None
    return f"{original[: item.body.start]}{{\n{body}\n}}{original[item.body.end :]}"


def _whole(statement: str, _: Collection[str]) -> Sequence[str]:
    return (statement,)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractionSupport:
    """How code of a language is found in a model's answer.

    ``starts`` matches a line that code may start with where no fence does. ``import_names`` returns the names of which
    code that needs an import statement (on one line) says one; None where that cannot be told from it alone.
    ``unsaid`` is whether code may use a name that a statement brings in without saying it. ``taken`` returns statements
    that bring in some of a statement's names alone. ``needless`` is whether code (its second argument) does without an
    import statement, whatever names that brings in. ``on_one_line`` takes from an import statement without comments
    what lets it span several lines.
    ``assigned`` returns the names that a statement gives values to, where they may be several.

    ``receiver`` and ``part`` tell, in their only group, the type that a definition outside of it belongs to:
    ``receiver`` matches a method's signature (Go), ``part`` the name of a class (Rust's ``impl``). ``qualifier`` joins
    the name of a member that is defined outside of its class (C++), and ``out_of_class`` gives a member's code, its
    name, and its name with those of its classes the form that it has there. ``only_types``: nothing but types stands
    outside of types. ``redefines``: a later definition of a name takes the place of an earlier one. ``overloads``:
    signatures alone may stand before the definition that they announce. ``accessor`` matches the words of a signature
    that tell definitions of one name apart.

    ``aligned`` returns the code of a definition with the receiver that the parameters wanted have, or have not.
    ``under_signature`` returns a text with statements, one step further in than the margin, as the body of a definition
    at the margin, whose documentation stays; None where that cannot be done. ``value`` matches a last statement that is
    what a function returns.
    """

    starts: re.Pattern[str] = _STARTS
    import_names: Callable[[str], Collection[str] | None] = _unknown
    unsaid: Callable[[str, str], bool] = _never
    taken: Callable[[str, Collection[str]], Sequence[str]] = _whole
    needless: Callable[[str, str], bool] = _never
    on_one_line: Callable[[str], str] = _as_it_is
    assigned: Callable[[str], Collection[str]] = _no_names
    receiver: re.Pattern[str] = _NEVER
    part: re.Pattern[str] = _NEVER
    qualifier: str = ""
    out_of_class: Callable[[str, str, str], str] = _as_it_is
    only_types: bool = False
    redefines: bool = False
    overloads: bool = False
    accessor: re.Pattern[str] = _NEVER
    aligned: Callable[[str, Item, tuple[str, ...] | None], str] = _as_it_is
    value: re.Pattern[str] = _NEVER
    under_signature: Callable[[str, Item, str], str | None] = in_braces
