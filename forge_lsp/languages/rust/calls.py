"""Calls of a scope in a module for tests that is laid into the text of its document. Pure but for our own program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from forge_lsp.checking.examples.answers import AskedCall
from forge_lsp.languages.rust.declared import Callable
from forge_lsp.languages.rust.restoring import without_tests

__all__ = ["END", "TextWithCalls", "with_calls"]

END = "/**/"
"""Ends the call of the scope itself: what stands behind it is applied to its result."""
_SOURCE = Path(__file__).with_name("runners") / "calls.rs"
_MOST_ITEMS = 10_000
_SHOW = "show::done((&&&show::Shown(&value)).json())"
_RAISED = "show::raised(&show::kind_of(&error), &(&&show::Shown(&error)).words())"


@dataclass(frozen=True, slots=True, kw_only=True)
class TextWithCalls:
    """A text with calls: ``lines`` are those of each call by their numbers, ``module`` those of all that was added."""

    text: str
    lines: Mapping[int, str]
    module: range

    def own(self, line: int) -> int:
        """Return the line of the text without calls that a line was."""
        return line if line < self.module.start else line - len(self.module) - 1


def with_calls(text: str, scope: Callable, calls: Sequence[AskedCall], *, name: str) -> TextWithCalls:
    """Return ``text``, its tests left out, with a module ``name`` whose one test makes the calls. Reads our program."""
    plain = without_tests(text)
    place = len(plain)
    if scope.module is not None and scope.module.body is not None:
        place = _same_place(text, scope.module.body.end - 1, plain)
    first = plain.count("\n", 0, place) + 1
    parts = [f"\n#[cfg(test)]\n#[allow(warnings)]\nmod {name} {{\nuse super::*;\nmod show {{\n{_program()}\n}}\n"]
    parts.append("use self::show::{ByDebug as _, ByNothing as _, ByPlain as _, NoWords as _, Words as _};\n")
    lines: dict[int, str] = {}
    at = first + sum(part.count("\n") for part in parts)
    for call in calls:
        written = f"fn {_method(call)}() -> ::std::string::String {{ {_body(call, scope)}\n}}\n"
        lines |= dict.fromkeys(range(at, at + written.count("\n")), call.id)
        at += written.count("\n")
        parts.append(written)
    table = ", ".join(f'("{call.id}", {_method(call)} as fn() -> ::std::string::String)' for call in calls)
    parts.append(f"#[test]\nfn calls() {{ show::run(&[{table}]) }}\n}}\n")
    added = "".join(parts)
    return TextWithCalls(
        text=plain[:place] + added + plain[place:],
        lines=lines,
        module=range(first + 1, first + added.count("\n")),
    )


def _method(call: AskedCall) -> str:
    return f"call_{call.id}"


def _body(call: AskedCall, scope: Callable) -> str:
    steps = " ".join(call.steps)
    code = f"unsafe {{ {call.call} }}" if scope.unsafe else call.call
    if scope.result.text == "!":
        return f"{steps} {code}"
    whole = call.call.endswith(END)
    if whole and scope.many:
        code = f"({code}).take({_MOST_ITEMS}).collect::<::std::vec::Vec<_>>()"
    # What the call borrows lives as long as its match; a comment in it ends with its line.
    if whole and scope.fallible:
        return f"{steps} match ({code}\n) {{ Ok(value) => {_SHOW}, Err(error) => {_RAISED} }}"
    return f"{steps} match ({code}\n) {{ value => {_SHOW} }}"


def _same_place(text: str, place: int, plain: str) -> int:
    """Where the character at ``place`` stands in ``plain``, which has the same lines."""
    line, start = text.count("\n", 0, place), text.rfind("\n", 0, place) + 1
    found = 0
    for _ in range(line):
        found = plain.index("\n", found) + 1
    return found + place - start


@cache
def _program() -> str:
    return _SOURCE.read_text("utf-8")
