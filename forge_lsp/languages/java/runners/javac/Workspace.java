import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.util.Trees;
import com.sun.tools.javac.api.JavacTaskImpl;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.lang.model.element.Element;
import javax.lang.model.element.TypeElement;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.StandardLocation;
import javax.tools.ToolProvider;

/** The sources as they lie on the disk, and the compiler that is asked what a candidate does to them. */
final class Workspace {
    private final Path root;
    private final JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    private final StandardJavaFileManager classes =
        compiler.getStandardFileManager(null, Locale.ENGLISH, StandardCharsets.UTF_8);
    private final Manager files = new Manager(classes);
    private final Map<String, Source> disk = new TreeMap<>();
    private List<String> options = List.of();
    private String module = "";
    private int whole;
    private int most;
    private Object knownOf; // the document, its types and what lay over the disk when `known` was found
    private Set<Map<String, Object>> known = Set.of(); // the problems of the files as they are without a candidate

    Workspace(Path root) {
        this.root = root;
    }

    Object answer(Map<String, Object> question) throws IOException {
        if (question.containsKey("open")) {
            open(Json.object(question.get("open")));
            return Map.of();
        }
        if (question.containsKey("changed")) {
            read(Json.words(question.get("changed")));
            return Map.of();
        }
        Map<String, String> over = new TreeMap<>();
        Json.object(question.get("others")).forEach((path, text) -> over.put(path, (String) text));
        over.keySet().removeIf(path -> !compiled(path));
        return Map.of("problems", check((String) question.get("document"), (String) question.get("text"), over));
    }

    private void open(Map<String, Object> asked) throws IOException {
        String folder = (String) asked.get("module");
        module = folder.equals(".") ? "" : folder + "/";
        whole = ((Number) asked.get("whole")).intValue();
        most = ((Number) asked.get("most")).intValue();
        options = Json.words(asked.get("options"));
        List<Path> path = Json.words(asked.get("classpath")).stream().map(root::resolve).collect(Collectors.toList());
        classes.setLocationFromPaths(StandardLocation.CLASS_PATH, path);
        read(Json.words(asked.get("sources")));
        // The first look at a whole module takes many times as long as the next, and nobody waits for this one.
        Source any = disk.values().stream().filter(one -> one.path.startsWith(module)).findFirst().orElse(null);
        if (any != null) problems(any, disk, any.types(), true);
    }

    private static boolean compiled(String path) {
        return path.endsWith(".java") && !path.endsWith("module-info.java");
    }

    private void read(Collection<String> paths) throws IOException {
        List<Source> read = new ArrayList<>();
        for (String path : paths) {
            disk.remove(path);
            Path file = root.resolve(path);
            if (compiled(path) && Files.isRegularFile(file)) {
                read.add(new Source(root, path, new String(Files.readAllBytes(file), StandardCharsets.UTF_8)));
            }
        }
        shaped(read);
        for (Source source : read) disk.put(source.path, source);
        knownOf = null;
    }

    private JavacTaskImpl task(DiagnosticCollector<JavaFileObject> found, Collection<Source> units) {
        return (JavacTaskImpl) compiler.getTask(null, files, found, options, null, units);
    }

    /** Parses sources, to learn what others see of them. */
    private void shaped(Collection<Source> sources) throws IOException {
        if (sources.isEmpty()) return;
        DiagnosticCollector<JavaFileObject> found = new DiagnosticCollector<>();
        JavacTaskImpl task = task(found, sources);
        shaped(task, task.parse(), sources, found);
    }

    private void shaped(
        JavacTaskImpl task,
        Iterable<? extends CompilationUnitTree> trees,
        Collection<Source> wanted,
        DiagnosticCollector<?> found) {
        // The compiler puts file objects under a cover of its own, and tells of them without it.
        Set<Object> broken = found.getDiagnostics().stream()
            .filter(one -> one.getKind() == Diagnostic.Kind.ERROR).map(Diagnostic::getSource).collect(Collectors.toSet());
        Map<URI, Source> named = wanted.stream().collect(Collectors.toMap(Source::toUri, source -> source));
        for (CompilationUnitTree tree : trees) {
            Source source = named.get(tree.getSourceFile().toUri());
            if (source != null && !broken.contains(source)) {
                Shape.of(source, Trees.instance(task).getSourcePositions(), tree, root);
            }
        }
    }

    private List<Map<String, Object>> check(String document, String text, Map<String, String> over) throws IOException {
        Map<String, Source> sources = new TreeMap<>(disk);
        List<Source> lying = new ArrayList<>();
        over.forEach((path, content) -> lying.add(new Source(root, path, content)));
        shaped(lying);
        for (Source source : lying) sources.put(source.path, source);
        Source old = disk.get(document);
        Source candidate = new Source(root, document, text);
        Set<String> types = candidate.types();
        if (old != null) types.addAll(old.types());
        List<Map<String, Object>> found = problems(candidate, sources, types, false);
        boolean same = old != null && old.shape != null && old.shape.equals(candidate.shape);
        if (same || candidate.shape == null) return found;
        Object of = List.of(document, types, over);
        if (!of.equals(knownOf)) {
            known = old == null ? Set.of() : new HashSet<>(problems(old, sources, types, true));
            knownOf = of;
        }
        // Of the document what it says alone: among others some of it might be told only once, and of them.
        for (Map<String, Object> each : problems(candidate, sources, types, true)) {
            if (!each.get("file").equals(document) && !known.contains(each)) found.add(each);
        }
        return found;
    }

    /** The problems of a candidate among `sources`, by its path; with `others`, of those that it may break too. */
    private List<Map<String, Object>> problems(
        Source candidate, Map<String, Source> sources, Set<String> types, boolean others) throws IOException {
        List<Source> own = new ArrayList<>();
        List<Source> foreign = new ArrayList<>();
        for (Source source : sources.values()) {
            if (!source.path.equals(candidate.path)) (source.path.startsWith(module) ? own : foreign).add(source);
        }
        if (own.size() > whole) {
            foreign.addAll(own);
            own.clear();
        }
        String names = types.stream().map(Pattern::quote).collect(Collectors.joining("|"));
        Pattern word = Pattern.compile("(?<!\\w)(?:" + names + ")(?!\\w)");
        foreign.stream().filter(source -> word.matcher(source.text).find()).limit(most).forEach(own::add);
        Map<String, Source> units = new LinkedHashMap<>(Map.of(candidate.path, candidate));
        for (Source source : own) units.put(source.path, others ? source : source.stripped);
        files.packages = sources.values().stream()
            .filter(source -> !units.containsKey(source.path))
            .map(source -> source.stripped)
            .collect(Collectors.groupingBy(source -> source.container));
        return analyzed(candidate, units.values(), types, others);
    }

    private List<Map<String, Object>> analyzed(
        Source candidate, Collection<Source> units, Set<String> types, boolean others) throws IOException {
        DiagnosticCollector<JavaFileObject> found = new DiagnosticCollector<>();
        JavacTaskImpl task = task(found, units);
        Iterable<? extends CompilationUnitTree> trees = task.parse();
        if (candidate.shape == null) shaped(task, trees, List.of(candidate), found);
        List<Element> here = new ArrayList<>();
        String prefix = candidate.container.isEmpty() ? "" : candidate.container + ".";
        for (Element element : task.enter(trees)) {
            boolean own = element instanceof TypeElement type && type.getQualifiedName().toString().startsWith(prefix)
                && types.contains(type.getSimpleName().toString());
            if (own) here.add(element);
        }
        task.analyze(others ? null : here);
        return found.getDiagnostics().stream()
            .filter(one -> one.getKind() == Diagnostic.Kind.ERROR && one.getSource() instanceof Source)
            .filter(one -> others || one.getSource() == candidate)
            .map(Workspace::told)
            .distinct()
            .collect(Collectors.toCollection(ArrayList::new));
    }

    private static Map<String, Object> told(Diagnostic<? extends JavaFileObject> one) {
        Source source = (Source) one.getSource();
        Map<String, Object> told = new LinkedHashMap<>();
        told.put("file", source.path);
        place(told, source.text, one.getPosition(), "line", "column");
        place(told, source.text, one.getEndPosition(), "end_line", "end_column");
        told.put("code", one.getCode().replaceFirst("^compiler\\.err\\.", ""));
        told.put("message", one.getMessage(Locale.ENGLISH).replaceAll("\\s+", " ").trim());
        return told;
    }

    private static void place(Map<String, Object> told, String text, long offset, String line, String column) {
        int at = (int) Math.min(offset, text.length());
        int start = at < 0 ? 0 : Math.max(text.lastIndexOf('\n', at - 1), text.lastIndexOf('\r', at - 1)) + 1;
        told.put(line, at < 0 ? 0L : text.substring(0, at).split("\r\n|\r|\n", -1).length);
        told.put(column, at < 0 ? 0L : text.codePointCount(start, at) + 1);
    }
}
