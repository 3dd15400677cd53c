import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.SimpleJavaFileObject;

/** A text in the place of a file, and what is known of it once it was parsed. */
final class Source extends SimpleJavaFileObject {
    private static final Pattern PACKAGE = Pattern.compile("^\\s*package\\s+([\\w.]+)\\s*;", Pattern.MULTILINE);
    private static final Pattern TYPE = Pattern.compile("\\b(?:class|interface|enum|record)\\s+(\\w+)");
    static final Pattern COMMENTS = Pattern.compile(
        "(\"\"\"(?s:.*?)\"\"\"|\"[^\"\\\\\n]*+(?:\\\\.[^\"\\\\\n]*+)*+\"|'[^'\\\\\n]*+(?:\\\\.[^'\\\\\n]*+)*+')"
            + "|/\\*(?s:.*?)\\*/|//[^\n]*");

    final String path;
    final String text;
    final String container;
    Source stripped = this;
    /** All that other files see of this one; null where it was not parsed, or does not parse. */
    String shape;

    Source(Path root, String path, String text) {
        super(root.resolve(path).toUri(), Kind.SOURCE);
        this.path = path;
        this.text = text;
        Matcher found = PACKAGE.matcher(text);
        container = found.find() ? found.group(1) : "";
    }

    @Override
    public CharSequence getCharContent(boolean ignored) {
        return text;
    }

    @Override
    public boolean isNameCompatible(String name, Kind kind) {
        // A document that has no name yet may be called as its public type must be, but is no package-info.
        boolean unnamed = path.matches("(?:.*/)?untitled(?:_\\d+)?_*\\.java") && !name.contains("-");
        return unnamed || super.isNameCompatible(name, kind);
    }

    String stem() {
        return path.substring(path.lastIndexOf('/') + 1).replaceFirst("\\.java$", "");
    }

    Set<String> types() {
        Set<String> found = new HashSet<>(Set.of(stem()));
        TYPE.matcher(plain(text)).results().forEach(match -> found.add(match.group(1)));
        return found;
    }

    static String plain(String text) {
        return COMMENTS.matcher(text)
            .replaceAll(match -> match.group(1) == null ? " " : Matcher.quoteReplacement(match.group(1)));
    }
}
