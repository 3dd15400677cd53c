"""The words that are values, and those that make them, in the notations that documentation uses. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

__all__ = ["HEADS", "WORDS"]

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
_GENERIC = r"(?:<[^(){}\[\]]*>)?"
HEADS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), kind)
    for pattern, kind in (
        (rf"new\s+(?:Sorted|Linked|Hash|Tree)?(?:Map|Dictionary){_GENERIC}\s*(?:\(\s*\))?\s*(?=[({{])", "map"),
        (r"(?:Map|ImmutableMap)\.of\s*(?=\()", "flat"),
        (
            rf"(?:map\[[^\]]*\][\w.*\[\]]+|(?:std::)?(?:unordered_)?map{_GENERIC}|(?:Hash|BTree)Map::from|dict"
            rf"|(?:mutable|hash|linked|sorted)?[mM]apOf{_GENERIC}|(?:Collections\.)?emptyMap{_GENERIC})\s*(?=[({{])",
            "map",
        ),
        (
            rf"new\s+(?:Linked|Hash|Tree|Sorted)*Set{_GENERIC}\s*(?:\(\s*\)\s*(?=\{{))?(?=[({{])"
            rf"|(?:Immutable)?Set\.of\s*(?=\()|(?:std::)?(?:unordered_)?set{_GENERIC}\s*(?=[({{])"
            r"|(?:Hash|BTree)Set::from\s*(?=\()|frozenset\s*(?=\()"
            rf"|(?:(?:mutable|hash|linked|sorted)?[sS]etOf|(?:Collections\.)?emptySet){_GENERIC}\s*(?=\()",
            "set",
        ),
        (
            rf"new\s+[\w.]*{_GENERIC}\s*(?:\[\s*\d*\s*\])+\s*(?=\{{)"
            rf"|new\s+(?:Array|Linked)?List{_GENERIC}\s*(?:\(\s*\)\s*(?=\{{))?(?=[({{])"
            rf"|(?:\[\s*\d*\s*\])+[\w.*]+\s*(?=\{{)|(?:std::)?(?:vector|array|list|deque|initializer_list){_GENERIC}\s*(?=[({{])"
            r"|(?:(?:Immutable)?List\.of|Arrays\.asList|Array\.of|Lists\.newArrayList|Vec::from|VecDeque::from)\s*(?=\()"
            rf"|(?:(?:mutableL|l|arrayL)istOf|sequenceOf|(?:Collections\.)?empty(?:List|Array|Sequence)){_GENERIC}\s*(?=\()"
            rf"|vec!\s*(?=[(\[])|(?:u?(?:byte|short|int|long)|double|char|boolean|float)?[aA]rrayOf{_GENERIC}\s*(?=\()"
            r"|array\s*(?=\()|&(?:mut\s+)?(?=\[)",
            "list",
        ),
        (
            rf"(?:Pair|Triplet|Quartet|Unit|Decade)\.with\s*(?=\()|(?:Value)?Tuple\.Create\s*(?=\()|new\s+Tuple{_GENERIC}\s*(?=\()"
            rf"|(?:std::)?make_(?:pair|tuple)\s*(?=\()|(?:std::)?(?:pair|tuple){_GENERIC}\s*(?=[({{])|(?:Pair|Triple)\s*(?=\()",
            "tuple",
        ),
        (
            rf"(?:Some|Ok|Just|Optional\.of|Optional\.ofNullable|String::from|std::string|string|str|(?:std::)?(?:make_)?optional{_GENERIC}"
            rf"|Integer\.valueOf|Long\.valueOf|Double\.valueOf|BigInteger\.valueOf|BigInt|Number|float64|int64|int|float|double|new\s+String)\s*(?=[({{])",
            "one",
        ),
    )
)
"""What stands before a bracket, and what it makes of what stands in it."""
