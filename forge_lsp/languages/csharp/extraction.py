"""C#, for what is found in answers."""

from __future__ import annotations

import re

from forge_lsp.core.ports import Item
from forge_lsp.core.support import ExtractionSupport

__all__ = ["EXTRACTION"]

# What well-known namespaces bring in, by the names that show their use. Those that bring extension methods of common
# names (``System.Linq``) are not among them.
_NAMESPACES = {
    "System": (
        "Console Math MathF Func Action Predicate Comparison Converter Tuple ValueTuple DateTime DateTimeOffset "
        "DateOnly TimeOnly TimeSpan TimeZoneInfo Guid Random Convert Array Environment Uri UriBuilder UriKind "
        "Version Type Activator Attribute AttributeUsage AttributeTargets Flags Obsolete Serializable Enum "
        "Delegate EventArgs EventHandler IDisposable IAsyncDisposable IComparable IEquatable IFormattable "
        "IFormatProvider ICloneable IConvertible IObservable IObserver IProgress Progress Lazy Nullable Span "
        "ReadOnlySpan Memory ReadOnlyMemory Range Index StringComparison StringComparer StringSplitOptions String "
        "Object Int16 Int32 Int64 Int128 UInt16 UInt32 UInt64 UInt128 Byte SByte Char Boolean Double Single "
        "Decimal Half IntPtr UIntPtr BitConverter Buffer GC WeakReference HashCode AppDomain AppContext "
        "Base64FormattingOptions DayOfWeek MidpointRounding ConsoleColor ConsoleKey ConsoleKeyInfo OperatingSystem "
        "ThreadStatic CLSCompliant ArraySegment TypeCode FormattableString AsSpan AsMemory MemoryExtensions "
        "ISpanFormattable ISpanParsable IParsable Exception ArgumentException ArgumentNullException "
        "ArgumentOutOfRangeException InvalidOperationException NotImplementedException NotSupportedException "
        "FormatException OverflowException DivideByZeroException IndexOutOfRangeException NullReferenceException "
        "ObjectDisposedException OperationCanceledException TimeoutException AggregateException "
        "InvalidCastException ArithmeticException UnauthorizedAccessException ApplicationException SystemException "
        "OutOfMemoryException RankException UriFormatException StackOverflowException "
        "PlatformNotSupportedException"
    ),
    "System.Text": (
        "StringBuilder Encoding Rune UTF8Encoding ASCIIEncoding UnicodeEncoding NormalizationForm Decoder Encoder "
        "CompositeFormat"
    ),
    "System.Text.RegularExpressions": (
        "Regex Match MatchCollection RegexOptions Group GroupCollection Capture MatchEvaluator GeneratedRegex "
        "RegexMatchTimeoutException ValueMatch"
    ),
    "System.Text.Json": (
        "JsonSerializer JsonSerializerOptions JsonDocument JsonElement JsonException JsonNamingPolicy Utf8JsonWriter "
        "Utf8JsonReader JsonValueKind JsonProperty"
    ),
    "System.Globalization": (
        "CultureInfo NumberStyles DateTimeStyles NumberFormatInfo DateTimeFormatInfo UnicodeCategory CompareOptions "
        "CompareInfo StringInfo TextInfo Calendar GregorianCalendar ISOWeek CharUnicodeInfo RegionInfo TimeSpanStyles"
    ),
    "System.Diagnostics": (
        "Debug Stopwatch Process ProcessStartInfo Trace Activity DebuggerDisplay Debugger StackTrace StackFrame "
        "Conditional DebuggerStepThrough UnreachableException DebuggerBrowsable TraceSource"
    ),
    "System.Numerics": (
        "BigInteger Complex Vector Vector2 Vector3 Vector4 Matrix4x4 Quaternion INumber BitOperations "
        "IAdditionOperators IBinaryInteger IFloatingPoint IMultiplyOperators ISignedNumber"
    ),
    "System.Threading": (
        "Thread CancellationToken CancellationTokenSource Interlocked SemaphoreSlim Semaphore Monitor Mutex Timer "
        "Volatile ReaderWriterLockSlim Lock ThreadPool Barrier CountdownEvent ManualResetEvent ManualResetEventSlim "
        "AutoResetEvent WaitHandle AsyncLocal ThreadLocal LazyThreadSafetyMode SpinLock SpinWait Timeout "
        "SynchronizationContext PeriodicTimer LazyInitializer"
    ),
    "System.Threading.Tasks": (
        "Task ValueTask Parallel TaskCompletionSource TaskScheduler TaskFactory TaskCanceledException ParallelOptions "
        "TaskStatus TaskCreationOptions TaskContinuationOptions async await"
    ),
    "System.IO": (
        "File Path Directory Stream StreamReader StreamWriter MemoryStream FileStream FileInfo DirectoryInfo "
        "StringReader StringWriter TextReader TextWriter BinaryReader BinaryWriter IOException FileMode FileAccess "
        "FileNotFoundException DirectoryNotFoundException EndOfStreamException InvalidDataException SeekOrigin "
        "SearchOption FileShare BufferedStream EnumerationOptions"
    ),
    "System.Collections": (
        "IEnumerator IEnumerable ArrayList Hashtable BitArray IList IDictionary ICollection IComparer Queue Stack "
        "SortedList StructuralComparisons IEqualityComparer DictionaryEntry"
    ),
    "System.Collections.Generic": (
        "List Dictionary HashSet Queue Stack LinkedList LinkedListNode SortedDictionary SortedSet SortedList "
        "PriorityQueue KeyValuePair IEnumerable IEnumerator IList ICollection IDictionary ISet IReadOnlyList "
        "IReadOnlyCollection IReadOnlyDictionary IReadOnlySet IComparer Comparer IEqualityComparer EqualityComparer "
        "KeyNotFoundException IAsyncEnumerable IAsyncEnumerator CollectionExtensions ReferenceEqualityComparer "
        "GetValueOrDefault AsReadOnly OrderedDictionary NonRandomizedStringEqualityComparer ByteEqualityComparer"
    ),
    "System.Collections.Concurrent": (
        "ConcurrentDictionary ConcurrentQueue ConcurrentBag ConcurrentStack BlockingCollection Partitioner "
        "OrderablePartitioner"
    ),
}


def _import_names(statement: str) -> list[str] | None:
    match = re.fullmatch(r"using\s+([\w.]+)\s*;", statement)
    return _NAMESPACES.get(match[1], "").split() or None if match is not None else None


def _under_signature(original: str, item: Item, body: str) -> str | None:
    """An expression behind ``=>`` becomes statements."""
    if item.body is None or "(" not in (item.signature or ""):
        return None
    inside, rest = item.body.of(original), original[item.body.end :]
    if not inside.startswith(("{", "=>")):
        return None
    rest = rest.lstrip().removeprefix(";") if inside.startswith("=>") else rest
    return f"{original[: item.body.start].rstrip()}\n{{\n{body}\n}}{rest}"


EXTRACTION = ExtractionSupport(import_names=_import_names, only_types=True, under_signature=_under_signature)
