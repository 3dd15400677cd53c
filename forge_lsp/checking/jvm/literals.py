"""What the literals of the JVM's languages share. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator

from forge_lsp.checking.examples.types import Type, TypeMismatch

__all__ = ["float_of", "units_of"]

_LARGEST_FLOAT = 3.4028234663852886e38


def float_of(value: float, declared: Type, *, decimal: str) -> str:
    """Return a number as a literal of its declared type, or as what ``decimal`` makes of its text. Raises Unfit."""
    if declared.text == "BigDecimal":
        if not math.isfinite(value):
            raise TypeMismatch(f"{value} is no BigDecimal")
        return f'{decimal}("{value!r}")'
    single = declared.text.lower() == "float"
    box = "Float" if single else "Double"
    if math.isnan(value):
        return f"{box}.NaN"
    if math.isinf(value):
        return f"{box}.{'POSITIVE' if value > 0 else 'NEGATIVE'}_INFINITY"
    if single and abs(value) > _LARGEST_FLOAT:
        raise TypeMismatch(f"{value} is out of the range of {declared.text}")
    return f"{value!r}f" if single else repr(value)


def units_of(text: str) -> Iterator[str]:
    """Yield the characters of a text as the JVM has them: halves of surrogate pairs each by itself."""
    units = text.encode("utf-16-be", "surrogatepass")
    for at in range(0, len(units), 2):
        yield chr(units[at] << 8 | units[at + 1])
