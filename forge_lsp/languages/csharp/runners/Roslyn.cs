// The C# compiler kept running over texts in memory. No analyzer, no generator: nothing of the project is run.
//
// Started with the folder of Roslyn's assemblies and the workspace. One JSON document a line:
// {open: [{name, folder, arguments, generated: {path: text}, references: [name]}]} -> {}   (first; arguments are csc's)
// {changed: [path]} -> {}
// {document, text, others: {path: text}} -> {problems: [{file, line, column, end_line, end_column, code, message}]}, or {}
// for a file of no project. Paths are relative to the workspace; lines and columns (UTF-16 units) from 1.

using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.Loader;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

static class Program
{
    static int Main(string[] arguments)
    {
        AssemblyLoadContext.Default.Resolving += (context, name) =>
        {
            var file = Path.Combine(arguments[0], name.Name + ".dll");
            return File.Exists(file) ? context.LoadFromAssemblyPath(file) : null;
        };
        Serve(arguments[1]);
        return 0;
    }

    // Apart from Main, so that Roslyn is looked for only once it is known where.
    [MethodImpl(MethodImplOptions.NoInlining)]
    static void Serve(string root)
    {
        var input = new StreamReader(Console.OpenStandardInput(), new UTF8Encoding(false));
        var output = new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false)) { AutoFlush = true };
        var workspace = new Workspace(root);
        string line;
        while ((line = input.ReadLine()) != null)
        {
            JsonObject answer;
            try
            {
                answer = workspace.Answer(JsonNode.Parse(line).AsObject());
            }
            catch (Exception error)
            {
                Console.Error.WriteLine(error);
                answer = new JsonObject { ["error"] = error.Message };
            }
            output.Write(answer.ToJsonString() + "\n");
        }
    }
}

sealed class Project
{
    public string Name;
    public string Folder;
    public CSharpParseOptions Parsing;
    public CSharpCompilation Compilation;
    public List<Project> References = new List<Project>();
}

sealed class Workspace
{
    readonly string root;
    readonly List<Project> projects = new List<Project>();
    readonly Dictionary<string, MetadataReference> known = new Dictionary<string, MetadataReference>();
    HashSet<string> before; // the problems of the files as they lie on the disk

    public Workspace(string root) { this.root = root; }

    public JsonObject Answer(JsonObject question)
    {
        if (question["open"] is JsonArray opened)
        {
            Open(opened);
            return new JsonObject();
        }
        if (question["changed"] is JsonArray changed)
        {
            foreach (var path in changed) Change(Absolute((string)path));
            before = null;
            return new JsonObject();
        }
        return Check(question);
    }

    string Absolute(string path) => Path.GetFullPath(Path.Combine(root, path));

    static SyntaxTree Parsed(string text, string path, CSharpParseOptions options) =>
        CSharpSyntaxTree.ParseText(SourceText.From(text, Encoding.UTF8), options, path);

    void Open(JsonArray descriptions)
    {
        foreach (var one in descriptions.Select(item => item.AsObject()))
        {
            var folder = Absolute((string)one["folder"]);
            var lines = one["arguments"].AsArray().Select(item => (string)item);
            var parsed = CSharpCommandLineParser.Default.Parse(lines, folder, null);
            var generated = one["generated"].AsObject().ToDictionary(item => Absolute(item.Key), item => (string)item.Value);
            var trees = new List<SyntaxTree>();
            foreach (var path in parsed.SourceFiles.Select(file => Path.GetFullPath(file.Path)).Distinct())
            {
                if (!generated.TryGetValue(path, out var text)) text = File.Exists(path) ? File.ReadAllText(path) : null;
                if (text != null) trees.Add(Parsed(text, path, parsed.ParseOptions));
            }
            var names = one["references"].AsArray().Select(item => (string)item).ToHashSet();
            var project = new Project { Name = (string)one["name"], Folder = folder, Parsing = parsed.ParseOptions };
            project.References.AddRange(projects.Where(other => names.Contains(other.Name)));
            var own = project.References.Select(other => other.Compilation.AssemblyName).ToHashSet();
            var references = parsed.MetadataReferences
                .Select(reference => Path.GetFullPath(Path.Combine(folder, reference.Reference)))
                .Where(path => File.Exists(path) && !own.Contains(Path.GetFileNameWithoutExtension(path)))
                .Select(Known)
                .Concat(project.References.Select(other => other.Compilation.ToMetadataReference()));
            var name = parsed.CompilationName ?? Path.GetFileNameWithoutExtension(parsed.OutputFileName ?? project.Name);
            project.Compilation = CSharpCompilation.Create(name, trees, references, parsed.CompilationOptions);
            projects.Add(project);
        }
        Before();
    }

    MetadataReference Known(string path)
    {
        if (!known.TryGetValue(path, out var found)) known[path] = found = MetadataReference.CreateFromFile(path);
        return found;
    }

    static SyntaxTree TreeOf(CSharpCompilation compilation, string path) =>
        compilation.SyntaxTrees.FirstOrDefault(tree => tree.FilePath == path);

    Project ProjectOf(string path) =>
        projects.FirstOrDefault(project => TreeOf(project.Compilation, path) != null)
        ?? projects.Where(project => path.StartsWith(project.Folder + Path.DirectorySeparatorChar))
            .OrderByDescending(project => project.Folder.Length).FirstOrDefault();

    void Change(string path)
    {
        var project = path.EndsWith(".cs") ? ProjectOf(path) : null;
        if (project == null) return;
        var old = TreeOf(project.Compilation, path);
        var tree = File.Exists(path) ? Parsed(File.ReadAllText(path), path, project.Parsing) : null;
        Put(project, old, tree, (one, compilation) => one.Compilation = compilation);
    }

    static CSharpCompilation Replaced(CSharpCompilation compilation, SyntaxTree old, SyntaxTree tree)
    {
        if (old == null) return tree == null ? compilation : compilation.AddSyntaxTrees(tree);
        return tree == null ? compilation.RemoveSyntaxTrees(old) : compilation.ReplaceSyntaxTree(old, tree);
    }

    // Puts a tree into its project, and that project's new compilation into those that refer to it.
    void Put(Project project, SyntaxTree old, SyntaxTree tree, Action<Project, CSharpCompilation> done)
    {
        var made = new Dictionary<Project, CSharpCompilation> { [project] = Replaced(project.Compilation, old, tree) };
        foreach (var other in projects)
        {
            foreach (var reference in other.References.Where(made.ContainsKey))
            {
                var compilation = made.TryGetValue(other, out var already) ? already : other.Compilation;
                var stale = compilation.References.OfType<CompilationReference>()
                    .First(one => one.Compilation.AssemblyName == reference.Compilation.AssemblyName);
                made[other] = compilation.ReplaceReference(stale, made[reference].ToMetadataReference());
            }
        }
        foreach (var pair in made) done(pair.Key, pair.Value);
    }

    HashSet<string> Before() =>
        before ??= projects.SelectMany(project => Errors(project.Compilation.GetDiagnostics())).Select(Named).ToHashSet();

    static IEnumerable<Diagnostic> Errors(IEnumerable<Diagnostic> found) =>
        found.Where(one => one.Severity == DiagnosticSeverity.Error && !one.IsSuppressed);

    static string Named(Diagnostic one) => one.Location.GetLineSpan() + one.Id + one.GetMessage();

    // What others see of a file: all but the bodies.
    static string Shape(SyntaxTree tree) => string.Join(" ",
        tree.GetRoot().DescendantTokens(node => !(node is BlockSyntax || node is ArrowExpressionClauseSyntax))
            .Where(token => !(token.Parent is BlockSyntax || token.Parent is ArrowExpressionClauseSyntax))
            .Select(token => token.Text));

    JsonObject Check(JsonObject question)
    {
        var path = Absolute((string)question["document"]);
        var project = ProjectOf(path);
        if (project == null) return new JsonObject();
        var lying = new List<(Project, SyntaxTree, SyntaxTree)>();
        try
        {
            var clean = before;
            foreach (var other in question["others"].AsObject())
            {
                var file = Absolute(other.Key);
                var owner = ProjectOf(file);
                if (owner == null) continue;
                var was = TreeOf(owner.Compilation, file);
                var now = Parsed((string)other.Value, file, owner.Parsing);
                Put(owner, was, now, (one, compilation) => one.Compilation = compilation);
                lying.Add((owner, was, now));
                before = null;
            }
            var problems = new JsonArray();
            foreach (var one in Problems(project, path, (string)question["text"])) problems.Add(Told(one));
            if (lying.Count > 0) before = clean;
            return new JsonObject { ["problems"] = problems };
        }
        finally
        {
            lying.Reverse();
            foreach (var (owner, was, now) in lying) Put(owner, now, was, (one, compilation) => one.Compilation = compilation);
        }
    }

    IEnumerable<Diagnostic> Problems(Project project, string path, string text)
    {
        var old = TreeOf(project.Compilation, path);
        var tree = Parsed(text, path, project.Parsing);
        var made = new Dictionary<Project, CSharpCompilation>();
        Put(project, old, tree, (one, compilation) => made[one] = compilation);
        var here = Errors(made[project].GetSemanticModel(tree).GetDiagnostics()).ToList();
        var broken = Errors(tree.GetDiagnostics()).Any();
        if (broken || (old != null && Shape(old) == Shape(tree))) return here;
        var known = Before();
        var elsewhere = made.Values.SelectMany(compilation => Errors(compilation.GetDiagnostics()))
            .Where(one => one.Location.SourceTree != tree && !known.Contains(Named(one)));
        return here.Concat(elsewhere).ToList();
    }

    JsonObject Told(Diagnostic one)
    {
        var span = one.Location.GetLineSpan();
        var inside = one.Location.IsInSource;
        return new JsonObject
        {
            ["file"] = inside ? Path.GetRelativePath(root, span.Path).Replace('\\', '/') : "",
            ["line"] = inside ? span.StartLinePosition.Line + 1 : 0,
            ["column"] = inside ? span.StartLinePosition.Character + 1 : 0,
            ["end_line"] = inside ? span.EndLinePosition.Line + 1 : 0,
            ["end_column"] = inside ? span.EndLinePosition.Character + 1 : 0,
            ["code"] = one.Id,
            ["message"] = one.GetMessage(System.Globalization.CultureInfo.InvariantCulture),
        };
    }
}
