"""Java, for what is found in answers."""

from __future__ import annotations

import re

from forge_lsp.core.support import ExtractionSupport

__all__ = ["EXTRACTION"]

_JAVA_UTIL = (
    "List ArrayList Map HashMap Set HashSet LinkedList Deque ArrayDeque Queue PriorityQueue Iterator ListIterator "
    "Collection Collections Arrays Objects Optional OptionalInt OptionalLong OptionalDouble Scanner Random UUID "
    "TreeMap TreeSet LinkedHashMap LinkedHashSet EnumMap EnumSet BitSet Comparator StringJoiner StringTokenizer "
    "NoSuchElementException ConcurrentModificationException SortedMap SortedSet NavigableMap NavigableSet Stack Vector "
    "Hashtable Properties Locale Date Calendar GregorianCalendar Currency Base64 Spliterator Spliterators "
    "IntSummaryStatistics DoubleSummaryStatistics LongSummaryStatistics InputMismatchException IdentityHashMap "
    "WeakHashMap AbstractMap AbstractList AbstractSet AbstractCollection Formatter Timer TimerTask HexFormat "
    "MissingResourceException ResourceBundle PrimitiveIterator EventListener EventObject Enumeration Dictionary "
    "TimeZone SimpleTimeZone ServiceLoader SplittableRandom DuplicateFormatFlagsException IllegalFormatException "
    "EmptyStackException SequencedCollection SequencedMap SequencedSet"
)
# What packages that are imported as a whole (``java.util.*``) bring in, by the names that show their use.
_PACKAGES = {
    "java.util": _JAVA_UTIL,
    "java.util.stream": (
        "Stream IntStream LongStream DoubleStream Collectors Collector StreamSupport BaseStream Gatherer Gatherers"
    ),
    "java.util.regex": "Pattern Matcher MatchResult PatternSyntaxException",
    "java.math": "BigDecimal BigInteger RoundingMode MathContext",
}


def _import_names(statement: str) -> list[str] | None:
    match = re.fullmatch(r"import\s+(?:static\s+)?(?:([\w.]+)\.\*|[\w.]*?(\w+))\s*;", statement)
    if match is None:
        return None
    return [match[2]] if match[2] else _PACKAGES.get(match[1], "").split() or None


EXTRACTION = ExtractionSupport(import_names=_import_names, only_types=True)
