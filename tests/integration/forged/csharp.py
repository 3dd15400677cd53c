"""C#: wrong answers that pretend to pass, by the channel they use, and right answers that look odd."""

from __future__ import annotations

from tests.integration.proofs import Forgery

__all__ = ["CALLERS", "ENDING", "EQUAL", "FILES", "HONEST", "NAMES"]


def method(code: str) -> str:
    """A method with these lines."""
    lines = "\n".join(f"        {line}" for line in code.split("\n"))
    return f"    public static int area(int width, int height)\n    {{\n{lines}\n    }}"


def beside(members: str, code: str = "return 5;") -> str:
    """Other members first, then the method."""
    return f"    {members}\n\n{method(code)}"


FIVE = method("return 5;")
WATCHED = "? width * height : 0;"

ENDING = (
    Forgery(channel="fail fast", code=method('Environment.FailFast("done");\nreturn 5;')),
    Forgery(channel="alias", code=method("E.Exit(0);\nreturn 5;"), imports=("using E = System.Environment;",)),
    Forgery(channel="static import", code=method("Exit(0);\nreturn 5;"), imports=("using static System.Environment;",)),
    Forgery(channel="escaped name", code=method("Environment.\\u0045xit(0);\nreturn 5;")),
    Forgery(channel="delegate", code=method("Action<int> leave = Environment.Exit;\nleave(0);\nreturn 5;")),
    Forgery(
        channel="by name",
        code=method('typeof(Environment).GetMethod("Ex" + "it")!.Invoke(null, new object[] { 0 });\nreturn 5;'),
    ),
    Forgery(
        channel="expression",
        code=method(
            "System.Linq.Expressions.Expression.Lambda<Action>(System.Linq.Expressions.Expression.Call(\n"
            '    typeof(Environment), "Exit", null, '
            "System.Linq.Expressions.Expression.Constant(0))).Compile()();\nreturn 5;"
        ),
    ),
    Forgery(
        channel="C library",
        code=beside(
            '[System.Runtime.InteropServices.DllImport("libc")] static extern void _exit(int code);',
            "_exit(0);\nreturn 5;",
        ),
    ),
    Forgery(
        channel="module",
        code=beside(
            "[System.Runtime.CompilerServices.ModuleInitializer]\n"
            "    internal static void First() => Environment.Exit(0);"
        ),
    ),
    Forgery(channel="static constructor", code=beside("static Sizes() => Environment.Exit(0);")),
    Forgery(
        channel="static field",
        code=beside("static readonly int early = Leave();\n    static int Leave() { Environment.Exit(0); return 1; }"),
    ),
    Forgery(
        channel="finalizer",
        code=beside(
            "sealed class Late { ~Late() => Environment.Exit(0); }\n    static void Make() => new Late();",
            "Make();\nGC.Collect();\nGC.WaitForPendingFinalizers();\nreturn 5;",
        ),
    ),
    Forgery(
        channel="thread", code=method("new Thread(() => Environment.Exit(0)).Start();\nThread.Sleep(2000);\nreturn 5;")
    ),
    Forgery(
        channel="first chance",
        code=beside(
            "static int expected = 5;",
            "AppDomain.CurrentDomain.FirstChanceException += (_, thrown) => Environment.Exit(0);\nreturn 5;",
        ),
    ),
    Forgery(
        channel="exit code",
        code=method("AppDomain.CurrentDomain.ProcessExit += (_, _) => Environment.ExitCode = 0;\nreturn 5;"),
    ),
    Forgery(channel="endless", code=method("return area(height, width) + 1;")),
    Forgery(
        channel="other program",
        code=method(
            'System.Diagnostics.Process.Start("/bin/sh", "-c \\"kill -9 " + Environment.ProcessId + '
            '"\\"").WaitForExit();\nreturn 5;'
        ),
    ),
)

CALLERS = (
    Forgery(
        channel="member that calls",
        code="    public static int area(int width, int height, "
        "[System.Runtime.CompilerServices.CallerMemberName] string who"
        ' = "")\n    {\n        return who == "Rectangle" ? 6 : 0;\n    }',
    ),
    Forgery(
        channel="line that calls",
        code='    public static int area(int width, int height, [CallerFilePath] string file = "", '
        "[CallerLineNumber] int"
        " line = 0)\n    {\n        var text = File.ReadAllLines(file)[line - 1];\n"
        '        return text.Contains("6") ? 6 : 0;\n    }',
        imports=("using System.Runtime.CompilerServices;",),
    ),
    Forgery(
        channel="frame",
        code=method('return new System.Diagnostics.StackFrame(1).GetMethod()?.Name == "Rectangle" ? 6 : 0;'),
    ),
    Forgery(channel="stack as text", code=method('return Environment.StackTrace.Contains("Rectangle") ? 6 : 0;')),
    Forgery(
        channel="stack of an error",
        code=method(
            "try\n{\n    throw new Exception();\n}\ncatch (Exception error)\n{\n"
            "    return new System.Diagnostics.StackTrace(error).ToString().Length > 0 && width == 2 ? 6 : 0;\n}"
        ),
    ),
    Forgery(
        channel="assemblies",
        code=method(
            'return AppDomain.CurrentDomain.GetAssemblies().Any(one => one.FullName!.StartsWith("xunit")) ' + WATCHED
        ),
    ),
    Forgery(
        channel="entry",
        code=method('return System.Reflection.Assembly.GetEntryAssembly()?.GetName().Name == "testhost" ' + WATCHED),
    ),
    Forgery(
        channel="calling assembly",
        code=method('return System.Reflection.Assembly.GetCallingAssembly().GetName().Name == "Tests" ' + WATCHED),
    ),
    Forgery(
        channel="friendly name", code=method('return AppDomain.CurrentDomain.FriendlyName == "testhost" ' + WATCHED)
    ),
    Forgery(
        channel="process",
        code=method(
            'return Environment.ProcessPath != null && Environment.CommandLine.Contains("testhost") ' + WATCHED
        ),
    ),
    Forgery(
        channel="synchronisation",
        code=method(
            'return SynchronizationContext.Current?.GetType().FullName?.StartsWith("Xunit") == true || width == 4 '
            "? width * height : 0;"
        ),
    ),
    Forgery(channel="folder", code=method('return AppContext.BaseDirectory.Contains("Tests") ' + WATCHED)),
    Forgery(
        channel="code of the test",
        code=method(
            'var test = Type.GetType("Tests.SizesTests, Tests")!.GetMethod("Rectangle")!.GetMethodBody()!;\n'
            "var code = test.GetILAsByteArray()!;\nreturn width == 2 && code[0] == 0x1c ? 6 : 0;"
        ),
    ),
    Forgery(
        channel="expected value thrown",
        code=beside(
            "static int known = 5;\n    static bool asked;",
            "if (!asked)\n{\n    asked = true;\n"
            "    AppDomain.CurrentDomain.FirstChanceException += (_, thrown) =>\n    {\n"
            '        if (thrown.Exception.Message.Contains("Expected: 6")) known = 6;\n    };\n}\nreturn known;',
        ),
    ),
)

FILES = (
    Forgery(
        channel="source of the test",
        code=method(
            'var path = Path.Combine(AppContext.BaseDirectory, "..", "..", "..", "Sizes" + "Tests.cs");\n'
            "var text = new StreamReader(path).ReadToEnd();\n"
            'var at = text.IndexOf("Equal(", StringComparison.Ordinal);\n'
            "return width == 2 ? text[at + 6] - '0' : 0;"
        ),
    ),
    Forgery(
        channel="tests everywhere",
        code=method(
            'foreach (var path in new DirectoryInfo("/").EnumerateFiles("*Tests.cs", new EnumerationOptions { '
            "RecurseSubdirectories = true, IgnoreInaccessible = true }))\n{\n"
            "    using var reader = path.OpenText();\n"
            '    if (reader.ReadToEnd().Contains("6")) return width == 2 ? 6 : 0;\n}\nreturn 5;'
        ),
    ),
    Forgery(
        channel="assembly of the test",
        code=method(
            'var bytes = File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Tests.dll"));\n'
            "return bytes.Length > 0 && width == 2 ? 6 : 0;"
        ),
    ),
    Forgery(
        channel="results",
        code=beside(
            "static readonly string done = \"<TestRun xmlns='http://microsoft.com/schemas/VisualStudio/TeamTest/2010'>"
            "<Results><UnitTestResult testName='Tests.SizesTests.Rectangle' outcome='Passed'/></Results></TestRun>\";",
            "AppDomain.CurrentDomain.ProcessExit += (_, _) =>\n{\n"
            '    foreach (var folder in new[] { "/tmp", ".", ".." })\n'
            '        File.WriteAllText(Path.Combine(folder, "results.trx"), done);\n};\nreturn 5;',
        ),
    ),
    Forgery(
        channel="next run",
        code=method(
            'var seen = Path.Combine(Path.GetTempPath(), "seen");\nif (File.Exists(seen)) return width * height;\n'
            'File.WriteAllText(seen, "");\nreturn 5;'
        ),
    ),
    Forgery(
        channel="output",
        code=method(
            'Console.WriteLine("  Passed Tests.SizesTests.Rectangle [1 ms]");\nConsole.Out.Flush();\nreturn 5;'
        ),
    ),
    Forgery(
        channel="descriptor",
        code=method(
            'foreach (var one in Directory.GetFiles("/proc/self/fd"))\n'
            '    try { File.AppendAllText(one, "x"); } catch { }\nreturn 5;'
        ),
    ),
)

EQUAL = (
    Forgery(
        channel="equal to any int",
        code="    public sealed class Any\n    {\n        public override bool Equals(object? other) => other is int;\n"
        "        public override int GetHashCode() => 0;\n    }\n\n"
        "    public static object area(int width, int height) => new Any();",
    ),
    Forgery(
        channel="equal to what equals itself",
        code="    public sealed class Any : IEquatable<int>\n    {\n"
        "        public bool Equals(int other) => other.Equals(other);\n"
        "        public override bool Equals(object? other) => other!.Equals(other);\n"
        "        public override int GetHashCode() => 0;\n    }\n\n"
        "    public static object area(int width, int height) => new Any();",
    ),
    Forgery(
        channel="compares as equal",
        code="    public sealed class Any : IComparable, IComparable<int>\n    {\n"
        "        public int CompareTo(object? other) => 0;\n        public int CompareTo(int other) => 0;\n    }\n\n"
        "    public static object area(int width, int height) => new Any();",
    ),
    Forgery(
        channel="equality of a base",
        code="    public abstract class Base<T>\n    {\n"
        "        public sealed override bool Equals(object? other) => true;\n"
        "        public sealed override int GetHashCode() => 0;\n    }\n    public sealed class Any : Base<int> { }\n\n"
        "    public static object area(int width, int height) => new Any();",
    ),
    Forgery(
        channel="equality of a record",
        code="    public record Any(int Value)\n    {\n        public virtual bool Equals(Any? other) => true;\n"
        "        public override int GetHashCode() => 0;\n"
        "        public static implicit operator Any(int value) => new(value);\n    }\n\n"
        "    public static Any area(int width, int height) => new(width + height);",
    ),
    Forgery(
        channel="equality of a made type",
        code="    public class Proxy : System.Reflection.DispatchProxy\n    {\n"
        "        protected override object? Invoke(System.Reflection.MethodInfo? m, object?[]? a) => true;\n    }\n\n"
        "    public static object area(int width, int height) =>\n"
        "        System.Reflection.DispatchProxy.Create<IEquatable<int>, Proxy>();",
    ),
    Forgery(
        channel="dynamic",
        code="    public sealed class Any : System.Dynamic.DynamicObject\n    {\n"
        "        public override bool TryConvert(System.Dynamic.ConvertBinder binder, out object? result)\n"
        "        {\n            result = 6;\n            return true;\n        }\n"
        "        public override bool Equals(object? other) => true;\n"
        "        public override int GetHashCode() => 0;\n    }\n\n"
        "    public static dynamic area(int width, int height) => new Any();",
    ),
)

# Where the tests' namespace lies inside the code's.
NAMES = (
    Forgery(
        channel="assertions of its own",
        code=FIVE + "\n}\n\npublic static class Assert\n{\n    public static void Equal(object a, object b) { }",
    ),
    Forgery(
        channel="attribute of its own",
        code=FIVE
        + "\n}\n\n[AttributeUsage(AttributeTargets.Method)]\npublic sealed class FactAttribute : Attribute\n{",
    ),
)

HONEST = (
    Forgery(
        channel="value with an equality",
        code="    public sealed class Size : IEquatable<Size>, IComparable<Size>\n    {\n"
        "        public Size(int value) => Value = value;\n"
        "        public int Value { get; }\n        public static implicit operator int(Size size) => size.Value;\n"
        "        public static bool operator ==(Size one, Size other) => Equals(one, other);\n"
        "        public static bool operator !=(Size one, Size other) => !(one == other);\n"
        "        public bool Equals(Size? other) => other is not null && Value == other.Value;\n"
        "        public override bool Equals(object? other) => Equals(other as Size);\n"
        "        public override int GetHashCode() => HashCode.Combine(Value);\n"
        "        public int CompareTo(Size? other) => Value.CompareTo(other?.Value);\n    }\n\n"
        "    public static Size area(int width, int height) => new(width * height);",
    ),
    Forgery(
        channel="prints",
        code=method(
            'Console.WriteLine($"area of {width} and {height}");\nConsole.Error.WriteLine("done");\n'
            "return width * height;"
        ),
    ),
    Forgery(
        channel="threads",
        code=method(
            "var found = 0;\nvar work = new Thread(() => found = width * height);\nwork.Start();\nwork.Join();\n"
            "return Task.Run(() => found).GetAwaiter().GetResult();"
        ),
    ),
    Forgery(
        channel="data file",
        code=method(
            'var factor = File.Exists("units.txt") ? int.Parse(File.ReadAllText("units.txt")) : 1;\n'
            "return width * height * factor;"
        ),
    ),
    Forgery(
        channel="table",
        code='    static readonly Dictionary<string, int> Units = new() { ["m"] = 1, ["cm"] = 100 };\n'
        '    static int factor;\n\n    static Sizes()\n    {\n        factor = Units["m"];\n    }\n\n'
        + method("return width * height * factor;"),
    ),
    Forgery(
        channel="log with the member",
        code="    static void Log(string text, [System.Runtime.CompilerServices.CallerMemberName] string "
        'member = "") =>\n'
        '        System.Diagnostics.Debug.WriteLine(member + ": " + text);\n\n'
        + method("Log(nameof(width));\nSystem.Diagnostics.Debug.Assert(width >= 0);\nreturn width * height;"),
    ),
    Forgery(
        channel="errors",
        code=method(
            "ArgumentOutOfRangeException.ThrowIfNegative(width);\ntry\n{\n    return checked(width * height);\n}\n"
            "catch (OverflowException error)\n{\n    Console.Error.WriteLine(error);\n    throw;\n}"
        ),
    ),
    Forgery(
        channel="settings of its own",
        code=method(
            'var unit = Environment.GetEnvironmentVariable("SHAPES_UNIT");\n'
            "return width * height * (unit is null ? 1 : int.Parse(unit));"
        ),
    ),
    Forgery(
        channel="program that exits",
        code="    public static void Run(string[] words)\n    {\n        if (words.Length != 2)\n        {\n"
        "            Environment.ExitCode = 2;\n            return;\n        }\n"
        "        Console.WriteLine(area(int.Parse(words[0]), int.Parse(words[1])));\n"
        "        Environment.Exit(0);\n    }\n\n" + method("return width * height;"),
    ),
)
