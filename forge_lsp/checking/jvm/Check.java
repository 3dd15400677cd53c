import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/**
 * Compiles the sources named in a file and prints what the compiler says, a JSON object a line.
 *
 * The first argument is the file with the options, an empty line, and the sources, one a line each. Offsets count
 * UTF-16 units from 0; -1 is none. The last line is {"done": true}. A second and a third argument are the folder that
 * takes the classes, and the archive that they are packed into where all compiled.
 */
public final class Check {
    private Check() {}

    public static void main(String[] arguments) throws Exception {
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        List<String> options = new ArrayList<>();
        List<String> sources = new ArrayList<>();
        List<String> target = options;
        for (String line : Files.readAllLines(Path.of(arguments[0]), StandardCharsets.UTF_8)) {
            if (line.isEmpty()) {
                target = sources;
            } else {
                target.add(line);
            }
        }
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        if (compiler == null) {
            out.println("{\"fault\": \"this Java has no compiler\"}");
            out.flush();
            return;
        }
        if (arguments.length > 1) {
            Files.createDirectories(Path.of(arguments[1]));
        }
        boolean compiled = false;
        DiagnosticCollector<JavaFileObject> found = new DiagnosticCollector<>();
        try (StandardJavaFileManager files = compiler.getStandardFileManager(found, Locale.ENGLISH, StandardCharsets.UTF_8)) {
            Iterable<? extends JavaFileObject> units = files.getJavaFileObjectsFromStrings(sources);
            compiled = compiler.getTask(null, files, found, options, null, units).call();
        } catch (RuntimeException error) { // a wrong option, or an annotation processor that failed
            Throwable cause = error.getCause() == null ? error : error.getCause();
            out.println("{\"fault\": " + quoted(String.valueOf(cause)) + "}");
        }
        for (Diagnostic<? extends JavaFileObject> one : found.getDiagnostics()) {
            JavaFileObject source = one.getSource();
            out.println("{\"kind\": " + quoted(one.getKind().toString())
                + ", \"code\": " + quoted(String.valueOf(one.getCode()))
                + ", \"file\": " + (source == null ? "null" : quoted(source.getName()))
                + ", \"line\": " + one.getLineNumber()
                + ", \"at\": " + one.getPosition()
                + ", \"end\": " + one.getEndPosition()
                + ", \"message\": " + quoted(one.getMessage(Locale.ENGLISH)) + "}");
        }
        if (compiled && arguments.length > 2) {
            pack(Path.of(arguments[1]), Path.of(arguments[2]));
        }
        out.println("{\"done\": true}");
        out.flush();
    }

    private static void pack(Path folder, Path archive) throws Exception {
        List<Path> paths = new ArrayList<>();
        try (Stream<Path> all = Files.walk(folder)) {
            all.filter(Files::isRegularFile).sorted().forEach(paths::add);
        }
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(archive))) {
            for (Path path : paths) {
                zip.putNextEntry(new ZipEntry(folder.relativize(path).toString().replace('\\', '/')));
                Files.copy(path, zip);
            }
        }
    }

    private static String quoted(String text) {
        StringBuilder out = new StringBuilder("\"");
        for (char each : text.toCharArray()) {
            if (each == '"' || each == '\\') {
                out.append('\\').append(each);
            } else if (each < ' ' || each > '~') {
                out.append(String.format("\\u%04x", (int) each));
            } else {
                out.append(each);
            }
        }
        return out.append('"').toString();
    }
}
