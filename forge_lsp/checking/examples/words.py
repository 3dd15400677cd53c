"""The words that are values, in the notations that documentation uses. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping

__all__ = ["WORDS"]

WORDS: Mapping[str, bool | int | float | None] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(
        ("null", "None", "nil", "nullptr", "undefined", "NULL", "std::nullopt", "nullopt", "Optional.empty()"), None
    ),
    **dict.fromkeys(
        ("NaN", "nan", "Number.NaN", "Double.NaN", "double.NaN", "Float.NaN", "math.NaN()", "math.nan", "f64::NAN"),
        math.nan,
    ),
    **dict.fromkeys(
        ("Infinity", "inf", "Double.POSITIVE_INFINITY", "double.PositiveInfinity", "math.inf", "math.Inf(1)"), math.inf
    ),
    **dict.fromkeys(("Double.NEGATIVE_INFINITY", "double.NegativeInfinity", "math.Inf(-1)"), -math.inf),
    **dict.fromkeys(("Integer.MAX_VALUE", "int.MaxValue", "Int.MAX_VALUE", "i32::MAX", "math.MaxInt32"), 2**31 - 1),
    **dict.fromkeys(("Integer.MIN_VALUE", "int.MinValue", "Int.MIN_VALUE", "i32::MIN", "math.MinInt32"), -(2**31)),
    **dict.fromkeys(("Long.MAX_VALUE", "long.MaxValue", "i64::MAX", "math.MaxInt64"), 2**63 - 1),
    **dict.fromkeys(("Long.MIN_VALUE", "long.MinValue", "i64::MIN", "math.MinInt64"), -(2**63)),
    "f64::INFINITY": math.inf,
    "f64::NEG_INFINITY": -math.inf,
    "float('nan')": math.nan,
    'float("nan")': math.nan,
    "float('inf')": math.inf,
    'float("inf")': math.inf,
}
