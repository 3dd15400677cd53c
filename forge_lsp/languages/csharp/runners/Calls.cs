// Makes calls of a compiled project, each by itself, and writes what each gave as a line of JSON.
//
// Arguments: the project's assembly, and the name of the class that has the calls. Standard input: a word that begins
// each line of ours, then the ids of the calls, one a line.

using System;
using System.Collections;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Numerics;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.Loader;
using System.Text;
using System.Threading;
using System.Threading.Tasks;

static class Calls
{
    const int Patience = 5000; // milliseconds for one call
    const int Deepest = 12;
    const int Longest = 200_000; // characters of one answer
    const BindingFlags Public = BindingFlags.Instance | BindingFlags.Public;

    static void Main(string[] arguments)
    {
        var asked = Console.In.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        using var output = Console.OpenStandardOutput();
        Console.SetIn(TextReader.Null);
        Console.SetOut(TextWriter.Null);
        void Say(string line)
        {
            output.Write(Encoding.UTF8.GetBytes("\n" + asked[0] + " " + line + "\n"));
            output.Flush();
        }
        Say("{\"state\": \"loaded\"}");
        var assembly = AssemblyLoadContext.Default.LoadFromAssemblyPath(arguments[0]);
        var calls = Types(assembly).First(type => type.Name == arguments[1]);
        foreach (var id in asked.Skip(1))
        {
            var method = calls.GetMethod("C_" + id, BindingFlags.Static | BindingFlags.NonPublic);
            var call = method!.CreateDelegate<Func<object?>>();
            using var watch = new Timer(_ => End("it did not end in time"), null, Patience, -1);
            string said;
            try
            {
                said = "\"state\": \"done\", \"value\": " + Written(call());
            }
            catch (Exception error)
            {
                said = "\"state\": \"raised\", " + Raised(error);
            }
            Say("{\"id\": " + Text(id) + ", " + said + "}");
        }
        Say("{\"state\": \"end\"}");
    }

    static void End(string words)
    {
        Console.Error.WriteLine(words);
        Process.GetCurrentProcess().Kill();
    }

    static IEnumerable<Type> Types(Assembly assembly)
    {
        try
        {
            return assembly.GetTypes();
        }
        catch (ReflectionTypeLoadException error)
        {
            return error.Types.OfType<Type>();
        }
    }

    static string Raised(Exception error)
    {
        while (error is TargetInvocationException { InnerException: { } inner })
            error = inner;
        var names = new List<string>();
        for (var type = error.GetType(); type != null && type != typeof(object); type = type.BaseType)
            names.Add(Text(type.Name));
        string words;
        try { words = error.Message; } catch (Exception) { words = ""; }
        words = words.Length > 500 ? words[..500] : words;
        return "\"error\": " + names[0] + ", \"names\": [" + string.Join(", ", names) + "], \"words\": " + Text(words);
    }

    static string Written(object? value)
    {
        var text = new StringBuilder();
        try
        {
            Write(text, Awaited(value), 0);
        }
        catch (TooLarge)
        {
            return "{\"o\": \"a value that is too large to be shown\"}";
        }
        return text.ToString();
    }

    sealed class TooLarge : Exception { }

    static object? Awaited(object? value)
    {
        var type = value?.GetType();
        if (type is { IsGenericType: true } && type.GetGenericTypeDefinition() == typeof(ValueTask<>))
            value = type.GetMethod("AsTask")!.Invoke(value, null);
        if (value is ValueTask plain)
            value = plain.AsTask();
        if (value is not Task task)
            return value;
        task.GetAwaiter().GetResult();
        for (type = task.GetType(); type != null; type = type.BaseType)
            if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(Task<>))
                return type.GenericTypeArguments[0].Name == "VoidTaskResult" ? null : type.GetProperty("Result")!.GetValue(task);
        return null;
    }

    static void Write(StringBuilder text, object? value, int depth)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        if (text.Length > Longest || depth > Deepest)
            throw new TooLarge();
        switch (value)
        {
            case null:
                text.Append("{\"n\": 0}");
                break;
            case bool given:
                text.Append("{\"b\": ").Append(given ? "true" : "false").Append('}');
                break;
            case sbyte or byte or short or ushort or int or uint or long or ulong or nint or nuint or BigInteger or Int128 or UInt128:
                text.Append("{\"i\": ").Append(Text(((IFormattable)value).ToString(null, CultureInfo.InvariantCulture))).Append('}');
                break;
            case float or double or decimal or Half:
                var form = value is decimal ? null : "R";
                text.Append("{\"f\": ").Append(Text(((IFormattable)value).ToString(form, CultureInfo.InvariantCulture))).Append('}');
                break;
            case string or char or Rune:
                text.Append("{\"s\": ").Append(Text(value.ToString()!)).Append('}');
                break;
            case Enum or DateTime or DateTimeOffset or TimeSpan or Guid or Type or Uri or Delegate or StringBuilder:
                Opaque(text, value);
                break;
            case ITuple tuple:
                Many(text, "t", Enumerable.Range(0, tuple.Length).Select(place => tuple[place]), depth);
                break;
            case Array { Rank: > 1 } array:
                Rows(text, array, [], depth);
                break;
            default:
                Other(text, value, depth);
                break;
        }
    }

    static void Other(StringBuilder text, object value, int depth)
    {
        var type = value.GetType();
        if (Is(type, typeof(KeyValuePair<,>)))
        {
            Many(text, "t", [type.GetProperty("Key")!.GetValue(value), type.GetProperty("Value")!.GetValue(value)], depth);
            return;
        }
        if (value is IEnumerable many)
        {
            if (value is IDictionary || type.GetInterfaces().Any(one => Is(one, typeof(IReadOnlyDictionary<,>)) || Is(one, typeof(IDictionary<,>))))
                Many(text, "m", many.Cast<object?>().Select(Pair), depth);
            else
                Many(text, type.GetInterfaces().Any(one => Is(one, typeof(ISet<>)) || Is(one, typeof(IReadOnlySet<>))) ? "z" : "l", many.Cast<object?>(), depth);
            return;
        }
        var fields = Fields(type, value);
        if (fields.Count == 0)
            Opaque(text, value);
        else
            Many(text, "m", fields, depth);
    }

    static List<object?> Fields(Type type, object value)
    {
        if (type.Namespace is "System" || type.Namespace?.StartsWith("System.") == true)
            return [];
        var properties = type.GetProperties(Public).Where(one => one.CanRead && one.GetIndexParameters().Length == 0);
        var found = properties.Select(one => (object?)new Member(one.Name, () => one.GetValue(value)));
        return [.. found, .. type.GetFields(Public).Select(one => new Member(one.Name, () => one.GetValue(value)))];
    }

    sealed record Member(string Name, Func<object?> Value);

    sealed record Paired(object? Key, object? Value);

    static object? Pair(object? entry)
    {
        if (entry is DictionaryEntry old)
            return new Paired(old.Key, old.Value);
        var type = entry!.GetType();
        return new Paired(type.GetProperty("Key")!.GetValue(entry), type.GetProperty("Value")!.GetValue(entry));
    }

    static void Many(StringBuilder text, string kind, IEnumerable<object?> items, int depth)
    {
        text.Append("{\"").Append(kind).Append("\": [");
        var first = true;
        foreach (var item in items)
        {
            text.Append(first ? "" : ", ");
            first = false;
            if (kind != "m")
            {
                Write(text, item, depth + 1);
                continue;
            }
            text.Append('[');
            Write(text, item is Member named ? named.Name : ((Paired)item!).Key, depth + 1);
            text.Append(", ");
            Write(text, item is Member member ? member.Value() : ((Paired)item).Value, depth + 1);
            text.Append(']');
        }
        text.Append("]}");
    }

    static void Rows(StringBuilder text, Array array, int[] places, int depth)
    {
        if (places.Length == array.Rank)
        {
            Write(text, array.GetValue(places), depth + 1);
            return;
        }
        text.Append("{\"l\": [");
        for (var place = 0; place < array.GetLength(places.Length); place++)
        {
            text.Append(place == 0 ? "" : ", ");
            Rows(text, array, [.. places, place], depth);
        }
        text.Append("]}");
    }

    static void Opaque(StringBuilder text, object value)
    {
        var said = (value is IFormattable form ? form.ToString(null, CultureInfo.InvariantCulture) : value.ToString()) ?? "";
        text.Append("{\"o\": ").Append(Text(said.Length > 500 ? said[..500] : said)).Append('}');
    }

    static bool Is(Type type, Type generic) => type.IsGenericType && type.GetGenericTypeDefinition() == generic;

    static string Text(string value)
    {
        var text = new StringBuilder("\"");
        foreach (var one in value)
            if (one is '"' or '\\')
                text.Append('\\').Append(one);
            else if (one is >= ' ' and <= '~')
                text.Append(one);
            else
                text.Append("\\u").Append(((int)one).ToString("x4", CultureInfo.InvariantCulture));
        return text.Append('"').ToString();
    }
}
