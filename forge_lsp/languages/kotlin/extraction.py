"""Kotlin, for what is found in answers."""

from __future__ import annotations

import re

from forge_lsp.core.ports import Item
from forge_lsp.core.support import ExtractionSupport, in_braces
from forge_lsp.languages.kotlin.texts import IMPORT, typed

__all__ = ["EXTRACTION"]

# What packages that are imported as a whole bring in, by the names that show their use.
_PACKAGES = {
    "kotlin.math": (
        "abs absoluteValue acos asin atan atan2 ceil cos exp floor hypot ln log log10 log2 max min pow round "
        "roundToInt roundToLong sign sin sqrt tan truncate PI E"
    ),
    "java.math": "BigDecimal BigInteger RoundingMode MathContext",
    "java.util": (
        "ArrayDeque PriorityQueue UUID Scanner Random Locale Date Calendar BitSet TreeMap TreeSet LinkedList Objects "
        "Optional Base64 Stack Collections Arrays Currency StringJoiner"
    ),
    "java.time": "LocalDate LocalDateTime LocalTime Instant Duration Period ZonedDateTime ZoneId DayOfWeek Month Clock",
    "kotlinx.coroutines": (
        "launch async await delay runBlocking coroutineScope withContext Dispatchers Job CoroutineScope Deferred "
        "withTimeout withTimeoutOrNull supervisorScope SupervisorJob awaitAll yield cancel isActive"
    ),
}


def _import_names(statement: str) -> list[str] | None:
    match = IMPORT.fullmatch(statement.strip())
    if match is None:
        return None
    if match["star"]:
        return _PACKAGES.get(match["name"], "").split() or None
    return [match["alias"] or match["name"].rpartition(".")[2].strip("`")]


def _under_signature(original: str, item: Item, body: str) -> str | None:
    """A value behind ``=`` becomes statements where the header says its type."""
    if item.body is None or not item.body.of(original).startswith("=") or not typed(item.signature or ""):
        return in_braces(original, item, body)
    return f"{original[: item.body.start].rstrip()} {{\n{body}\n}}{original[item.body.end :]}"


_MODIFIERS = (
    "public|private|protected|internal|abstract|final|open|sealed|data|enum|annotation|inner|value|inline|suspend|"
    "override|operator|infix|tailrec|external|const|lateinit|companion|expect|actual|noinline|crossinline|vararg"
)
EXTRACTION = ExtractionSupport(
    starts=re.compile(
        rf"\s*(?:@\w|/[/*]|(?:(?:{_MODIFIERS})\s+)*(?:fun|class|interface|object|val|var|typealias|init|constructor|"
        r"import|package)\b|[A-Za-z_]\w*(?:\.\w+)*\s*[(={<]|(?:return|if|when|for|while|throw|try)\b)"
    ),
    import_names=_import_names,
    under_signature=_under_signature,
)
