"""What well-known headers and namespaces bring in, by the names that show their use."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["HEADERS", "NAMESPACES", "PACKAGES"]


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


NAMESPACES: Mapping[str, tuple[str, ...]] = {
    "System.Text": _words(
        "StringBuilder Encoding Rune UTF8Encoding ASCIIEncoding UnicodeEncoding NormalizationForm Decoder Encoder "
        "CompositeFormat"
    ),
    "System.Text.RegularExpressions": _words(
        "Regex Match MatchCollection RegexOptions Group GroupCollection Capture MatchEvaluator GeneratedRegex "
        "RegexMatchTimeoutException ValueMatch"
    ),
    "System.Text.Json": _words(
        "JsonSerializer JsonSerializerOptions JsonDocument JsonElement JsonException JsonNamingPolicy Utf8JsonWriter "
        "Utf8JsonReader JsonValueKind JsonProperty"
    ),
    "System.Globalization": _words(
        "CultureInfo NumberStyles DateTimeStyles NumberFormatInfo DateTimeFormatInfo UnicodeCategory CompareOptions "
        "CompareInfo StringInfo TextInfo Calendar GregorianCalendar ISOWeek CharUnicodeInfo RegionInfo TimeSpanStyles"
    ),
    "System.Diagnostics": _words(
        "Debug Stopwatch Process ProcessStartInfo Trace Activity DebuggerDisplay Debugger StackTrace StackFrame "
        "Conditional DebuggerStepThrough UnreachableException DebuggerBrowsable TraceSource"
    ),
    "System.Numerics": _words(
        "BigInteger Complex Vector Vector2 Vector3 Vector4 Matrix4x4 Quaternion INumber BitOperations "
        "IAdditionOperators IBinaryInteger IFloatingPoint IMultiplyOperators ISignedNumber"
    ),
    "System.Threading": _words(
        "Thread CancellationToken CancellationTokenSource Interlocked SemaphoreSlim Semaphore Monitor Mutex Timer "
        "Volatile ReaderWriterLockSlim Lock ThreadPool Barrier CountdownEvent ManualResetEvent ManualResetEventSlim "
        "AutoResetEvent WaitHandle AsyncLocal ThreadLocal LazyThreadSafetyMode SpinLock SpinWait Timeout "
        "SynchronizationContext PeriodicTimer LazyInitializer"
    ),
    "System.Threading.Tasks": _words(
        "Task ValueTask Parallel TaskCompletionSource TaskScheduler TaskFactory TaskCanceledException ParallelOptions "
        "TaskStatus TaskCreationOptions TaskContinuationOptions async await"
    ),
    "System.IO": _words(
        "File Path Directory Stream StreamReader StreamWriter MemoryStream FileStream FileInfo DirectoryInfo "
        "StringReader StringWriter TextReader TextWriter BinaryReader BinaryWriter IOException FileMode FileAccess "
        "FileNotFoundException DirectoryNotFoundException EndOfStreamException InvalidDataException SeekOrigin "
        "SearchOption FileShare BufferedStream EnumerationOptions"
    ),
    "System.Collections": _words(
        "IEnumerator IEnumerable ArrayList Hashtable BitArray IList IDictionary ICollection IComparer Queue Stack "
        "SortedList StructuralComparisons IEqualityComparer DictionaryEntry"
    ),
    "System.Collections.Generic": _words(
        "List Dictionary HashSet Queue Stack LinkedList LinkedListNode SortedDictionary SortedSet SortedList "
        "PriorityQueue KeyValuePair IEnumerable IEnumerator IList ICollection IDictionary ISet IReadOnlyList "
        "IReadOnlyCollection IReadOnlyDictionary IReadOnlySet IComparer Comparer IEqualityComparer EqualityComparer "
        "KeyNotFoundException IAsyncEnumerable IAsyncEnumerator CollectionExtensions ReferenceEqualityComparer "
        "GetValueOrDefault AsReadOnly OrderedDictionary NonRandomizedStringEqualityComparer ByteEqualityComparer"
    ),
    "System.Collections.Concurrent": _words(
        "ConcurrentDictionary ConcurrentQueue ConcurrentBag ConcurrentStack BlockingCollection Partitioner "
        "OrderablePartitioner"
    ),
}
"""Namespaces of .NET. Those that bring extension methods of common names (``System.Linq``) are not among them."""

_JAVA_UTIL = _words(
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
PACKAGES: Mapping[str, tuple[str, ...]] = {
    "java.util": _JAVA_UTIL,
    "java.util.stream": _words(
        "Stream IntStream LongStream DoubleStream Collectors Collector StreamSupport BaseStream Gatherer Gatherers"
    ),
    "java.util.regex": _words("Pattern Matcher MatchResult PatternSyntaxException"),
    "java.math": _words("BigDecimal BigInteger RoundingMode MathContext"),
}
"""Packages of Java that are imported as a whole (``java.util.*``)."""

_MATH = _words(
    "sqrt pow fabs floor ceil round lround llround trunc fmod fmin fmax hypot exp exp2 expm1 log log2 log10 log1p sin "
    "cos tan asin acos atan atan2 sinh cosh tanh cbrt abs isnan isinf isfinite signbit copysign nextafter remainder "
    "modf frexp ldexp nan NAN INFINITY HUGE_VAL M_PI M_E rint nearbyint lrint fma sqrtf powf fabsf floorf ceilf roundf "
    "sinf cosf tanf expf logf sqrtl powl fabsl erf tgamma lgamma fdim scalbn ilogb isnormal fpclassify isgreater "
    "isless asinh acosh atanh lerp atan2f fmodf fminf fmaxf truncf"
)
_STRING = _words(
    "strlen strcpy strncpy strcat strncat strcmp strncmp strchr strrchr strstr strtok strtok_r strdup strndup strspn "
    "strcspn strpbrk strerror strcoll strxfrm memcpy memmove memset memcmp memchr size_t NULL strnlen strcasecmp "
    "strncasecmp strsep stpcpy memmem strlcpy strlcat explicit_bzero memset_explicit rawmemchr strchrnul"
)
_STDLIB = _words(
    "malloc calloc realloc free exit abort atoi atol atoll atof strtol strtoll strtoul strtoull strtod strtof strtold "
    "abs labs llabs div ldiv rand srand qsort bsearch getenv system NULL size_t EXIT_SUCCESS EXIT_FAILURE atexit "
    "RAND_MAX aligned_alloc quick_exit mblen mbtowc setenv putenv unsetenv realpath mkstemp random srandom "
    "posix_memalign reallocarray _Exit div_t ldiv_t wchar_t mbstowcs wcstombs drand48 srand48"
)
_ALGORITHM = _words(
    "sort stable_sort partial_sort nth_element is_sorted find find_if find_if_not count count_if all_of any_of "
    "none_of for_each copy copy_if copy_n move fill fill_n transform generate remove remove_if replace replace_if "
    "unique reverse rotate shuffle swap swap_ranges iter_swap min max minmax min_element max_element minmax_element "
    "clamp binary_search lower_bound upper_bound equal_range merge includes set_union set_intersection "
    "set_difference set_symmetric_difference next_permutation prev_permutation is_permutation "
    "lexicographical_compare equal mismatch search search_n adjacent_find partition stable_partition is_partitioned "
    "partition_point push_heap pop_heap make_heap sort_heap is_heap ranges unique_copy reverse_copy replace_copy "
    "remove_copy remove_copy_if inplace_merge find_first_of find_end copy_backward move_backward generate_n "
    "is_sorted_until partial_sort_copy sample rotate_copy for_each_n replace_copy_if replace_if partition_copy "
    "is_heap_until lexicographical_compare_three_way shift_left shift_right"
)
_STDINT = _words(
    "int8_t int16_t int32_t int64_t uint8_t uint16_t uint32_t uint64_t intptr_t uintptr_t intmax_t uintmax_t "
    "INT8_MAX INT16_MAX INT32_MAX INT64_MAX UINT8_MAX UINT16_MAX UINT32_MAX UINT64_MAX INT8_MIN INT16_MIN INT32_MIN "
    "INT64_MIN SIZE_MAX INTPTR_MAX PTRDIFF_MAX PTRDIFF_MIN INTMAX_MAX UINTMAX_MAX INT64_C UINT64_C INT32_C UINT32_C "
    "int_fast8_t int_fast16_t int_fast32_t int_fast64_t uint_fast8_t uint_fast16_t uint_fast32_t uint_fast64_t "
    "int_least8_t int_least16_t int_least32_t int_least64_t uint_least8_t uint_least16_t uint_least32_t uint_least64_t"
)
HEADERS: Mapping[str, tuple[str, ...]] = {
    "limits": _words(
        "numeric_limits INT_MAX INT_MIN LONG_MAX LONG_MIN LLONG_MAX LLONG_MIN UINT_MAX CHAR_BIT CHAR_MAX CHAR_MIN "
        "SHRT_MAX SHRT_MIN UCHAR_MAX SCHAR_MAX SCHAR_MIN USHRT_MAX ULONG_MAX ULLONG_MAX PATH_MAX SSIZE_MAX NAME_MAX"
    ),
    "map": _words("map multimap"),
    "set": _words("set multiset"),
    "unordered_map": _words("unordered_map unordered_multimap"),
    "unordered_set": _words("unordered_set unordered_multiset"),
    "queue": _words("queue priority_queue"),
    "deque": _words("deque"),
    "list": _words("list"),
    "stack": _words("stack"),
    "vector": _words("vector"),
    "array": _words("array to_array"),
    "optional": _words("optional nullopt make_optional nullopt_t bad_optional_access"),
    "string_view": _words("string_view wstring_view u8string_view sv"),
    "sstream": _words("stringstream istringstream ostringstream stringbuf"),
    "iomanip": _words("setw setprecision setfill setbase quoted put_time get_time setiosflags put_money"),
    "numeric": _words(
        "accumulate iota gcd lcm reduce inner_product partial_sum adjacent_difference transform_reduce midpoint "
        "inclusive_scan exclusive_scan"
    ),
    "algorithm": _ALGORITHM,
    "bitset": _words("bitset"),
    "regex": _words("regex smatch cmatch regex_match regex_search regex_replace sregex_iterator regex_error wregex"),
    "math": _MATH,
    "stdlib": _STDLIB,
    "stdint": _STDINT,
    "string.h": _STRING,
    "cstring": _STRING,
    "ctype": _words(
        "isalpha isdigit isalnum isspace isupper islower ispunct isxdigit tolower toupper isprint iscntrl isgraph "
        "isblank"
    ),
    "stdbool": _words("bool true false"),
    "time": _words(
        "time clock difftime mktime localtime gmtime strftime time_t clock_t tm CLOCKS_PER_SEC asctime ctime timespec "
        "nanosleep clock_gettime localtime_r gmtime_r timespec_get strptime timegm CLOCK_MONOTONIC CLOCK_REALTIME"
    ),
}
"""Headers of C and C++, without ``c`` before and ``.h`` behind the name where both languages have it."""
