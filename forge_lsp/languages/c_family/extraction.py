"""C and C++, for what is found in answers."""

from __future__ import annotations

import re

from forge_lsp.core.support import ExtractionSupport

__all__ = ["CPP_EXTRACTION", "C_EXTRACTION"]

_MATH = (
    "sqrt pow fabs floor ceil round lround llround trunc fmod fmin fmax hypot exp exp2 expm1 log log2 log10 log1p sin "
    "cos tan asin acos atan atan2 sinh cosh tanh cbrt abs isnan isinf isfinite signbit copysign nextafter remainder "
    "modf frexp ldexp nan NAN INFINITY HUGE_VAL M_PI M_E rint nearbyint lrint fma sqrtf powf fabsf floorf ceilf roundf "
    "sinf cosf tanf expf logf sqrtl powl fabsl erf tgamma lgamma fdim scalbn ilogb isnormal fpclassify isgreater "
    "isless asinh acosh atanh lerp atan2f fmodf fminf fmaxf truncf"
)
_STRING = (
    "strlen strcpy strncpy strcat strncat strcmp strncmp strchr strrchr strstr strtok strtok_r strdup strndup strspn "
    "strcspn strpbrk strerror strcoll strxfrm memcpy memmove memset memcmp memchr size_t NULL strnlen strcasecmp "
    "strncasecmp strsep stpcpy memmem strlcpy strlcat explicit_bzero memset_explicit rawmemchr strchrnul"
)
_STDLIB = (
    "malloc calloc realloc free exit abort atoi atol atoll atof strtol strtoll strtoul strtoull strtod strtof strtold "
    "abs labs llabs div ldiv rand srand qsort bsearch getenv system NULL size_t EXIT_SUCCESS EXIT_FAILURE atexit "
    "RAND_MAX aligned_alloc quick_exit mblen mbtowc setenv putenv unsetenv realpath mkstemp random srandom "
    "posix_memalign reallocarray _Exit div_t ldiv_t wchar_t mbstowcs wcstombs drand48 srand48"
)
_ALGORITHM = (
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
_STDINT = (
    "int8_t int16_t int32_t int64_t uint8_t uint16_t uint32_t uint64_t intptr_t uintptr_t intmax_t uintmax_t "
    "INT8_MAX INT16_MAX INT32_MAX INT64_MAX UINT8_MAX UINT16_MAX UINT32_MAX UINT64_MAX INT8_MIN INT16_MIN INT32_MIN "
    "INT64_MIN SIZE_MAX INTPTR_MAX PTRDIFF_MAX PTRDIFF_MIN INTMAX_MAX UINTMAX_MAX INT64_C UINT64_C INT32_C UINT32_C "
    "int_fast8_t int_fast16_t int_fast32_t int_fast64_t uint_fast8_t uint_fast16_t uint_fast32_t uint_fast64_t "
    "int_least8_t int_least16_t int_least32_t int_least64_t uint_least8_t uint_least16_t uint_least32_t uint_least64_t"
)
# What well-known headers bring in, by the names that show their use: without ``c`` before and ``.h`` behind the name
# where both languages have it.
_HEADERS = {
    "limits": (
        "numeric_limits INT_MAX INT_MIN LONG_MAX LONG_MIN LLONG_MAX LLONG_MIN UINT_MAX CHAR_BIT CHAR_MAX CHAR_MIN "
        "SHRT_MAX SHRT_MIN UCHAR_MAX SCHAR_MAX SCHAR_MIN USHRT_MAX ULONG_MAX ULLONG_MAX PATH_MAX SSIZE_MAX NAME_MAX"
    ),
    "map": "map multimap",
    "set": "set multiset",
    "unordered_map": "unordered_map unordered_multimap",
    "unordered_set": "unordered_set unordered_multiset",
    "queue": "queue priority_queue",
    "deque": "deque",
    "list": "list",
    "stack": "stack",
    "vector": "vector",
    "array": "array to_array",
    "optional": "optional nullopt make_optional nullopt_t bad_optional_access",
    "string_view": "string_view wstring_view u8string_view sv",
    "sstream": "stringstream istringstream ostringstream stringbuf",
    "iomanip": "setw setprecision setfill setbase quoted put_time get_time setiosflags put_money",
    "numeric": (
        "accumulate iota gcd lcm reduce inner_product partial_sum adjacent_difference transform_reduce midpoint "
        "inclusive_scan exclusive_scan"
    ),
    "algorithm": _ALGORITHM,
    "bitset": "bitset",
    "regex": "regex smatch cmatch regex_match regex_search regex_replace sregex_iterator regex_error wregex",
    "math": _MATH,
    "stdlib": _STDLIB,
    "stdint": _STDINT,
    "string.h": _STRING,
    "cstring": _STRING,
    "ctype": (
        "isalpha isdigit isalnum isspace isupper islower ispunct isxdigit tolower toupper isprint iscntrl isgraph "
        "isblank"
    ),
    "stdbool": "bool true false",
    "time": (
        "time clock difftime mktime localtime gmtime strftime time_t clock_t tm CLOCKS_PER_SEC asctime ctime timespec "
        "nanosleep clock_gettime localtime_r gmtime_r timespec_get strptime timegm CLOCK_MONOTONIC CLOCK_REALTIME"
    ),
    # What demos are written with.
    "iostream": "cout cin cerr clog endl ostream istream",
    "stdio": (
        "printf fprintf sprintf snprintf vsnprintf puts fputs putchar perror scanf sscanf fscanf fgets getchar getc "
        "fopen fclose fread fwrite getline FILE EOF stdin stdout stderr NULL size_t fputc remove"
    ),
    "assert": "assert static_assert",
}


def _import_names(statement: str) -> list[str] | None:
    match = re.fullmatch(r"#\s*include\s*<([\w.]+)>", statement)
    if match is None:
        return None
    name = match[1].removesuffix(".h")
    found = next((_HEADERS[one] for one in (match[1], name, name.removeprefix("c")) if one in _HEADERS), "")
    return found.split() or None


def _needless(statement: str, code: str) -> bool:
    """Whether ``using namespace std;`` came with code that writes ``std::`` itself."""
    match = re.fullmatch(r"using\s+namespace\s+([\w:]+)\s*;", statement)
    return match is not None and re.search(rf"(?<![\w:]){re.escape(match[1])}\s*::", code) is not None


def _out_of_class(code: str, name: str, qualified: str) -> str:
    """A method from its class, as it is defined outside: ``Stack::push`` for ``push``, and without the words that
    stand inside only."""
    header, brace, body = code.partition("{")
    header = re.sub(rf"(?<![\w~:]){re.escape(name)}(?=\s*\()", lambda _: qualified, header, count=1)
    header = re.sub(r"\b(?:virtual|explicit|static|friend)\s+", "", header)
    header = re.sub(r"\s+\b(?:override|final)\b", "", header)
    return header + brace + body


C_EXTRACTION = ExtractionSupport(import_names=_import_names, needless=_needless)
CPP_EXTRACTION = ExtractionSupport(
    import_names=_import_names, needless=_needless, qualifier="::", out_of_class=_out_of_class
)
