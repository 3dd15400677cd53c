import com.sun.source.tree.BlockTree;
import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.ImportTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.Tree;
import com.sun.source.tree.VariableTree;
import com.sun.source.util.SourcePositions;
import com.sun.source.util.TreeScanner;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.lang.model.element.Modifier;

/** What others see of a file: all but the bodies, private members, and imports that only those need. */
final class Shape extends TreeScanner<Void, Tree.Kind> {
    private final SourcePositions positions;
    private final CompilationUnitTree unit;
    private final String text;
    private final TreeMap<Integer, Integer> bodies = new TreeMap<>();
    private final TreeMap<Integer, Integer> hidden = new TreeMap<>();

    private Shape(SourcePositions positions, CompilationUnitTree unit, String text) {
        this.positions = positions;
        this.unit = unit;
        this.text = text;
    }

    /** Fills in what {@code source} is to others; its text must have parsed. */
    static void of(Source source, SourcePositions positions, CompilationUnitTree unit, Path root) {
        Shape shape = new Shape(positions, unit, source.text);
        shape.scan(unit.getTypeDecls(), null);
        for (ImportTree each : unit.getImports()) shape.cut(shape.hidden, each);
        source.stripped = new Source(root, source.path, without(source.text, shape.bodies, "{}"));
        shape.bodies.forEach((start, end) -> shape.hidden.merge(start, end, Math::max));
        String seen = Source.plain(without(source.text, shape.hidden, " ")).replaceAll("\\s+", " ").trim();
        Set<String> words =
            Pattern.compile("\\w+").matcher(seen).results().map(match -> match.group()).collect(Collectors.toSet());
        for (ImportTree each : unit.getImports()) {
            String name = each.getQualifiedIdentifier().toString();
            String last = name.substring(name.lastIndexOf('.') + 1);
            if (last.equals("*") || words.contains(last)) seen += " import " + each.isStatic() + name;
        }
        source.shape = seen;
    }

    private void cut(TreeMap<Integer, Integer> ranges, Tree tree) {
        int start = (int) positions.getStartPosition(unit, tree);
        int end = (int) positions.getEndPosition(unit, tree);
        if (0 <= start && start < end) ranges.merge(start, end, Math::max);
    }

    private static String without(String text, TreeMap<Integer, Integer> ranges, String instead) {
        StringBuilder kept = new StringBuilder();
        int at = 0;
        for (Map.Entry<Integer, Integer> range : ranges.entrySet()) {
            if (range.getKey() >= at) kept.append(text, at, range.getKey()).append(instead);
            at = Math.max(at, range.getValue());
        }
        return kept.append(text, at, text.length()).toString();
    }

    @Override
    public Void visitClass(ClassTree tree, Tree.Kind outer) {
        scan(tree.getModifiers(), tree.getKind());
        for (Tree member : tree.getMembers()) {
            if (member instanceof BlockTree) cut(bodies, member);
            else scan(member, tree.getKind());
        }
        return null;
    }

    @Override
    public Void visitMethod(MethodTree tree, Tree.Kind outer) {
        // A constructor counts, private or not: it takes the place of the one that is there by itself.
        boolean constructor = tree.getReturnType() == null;
        if (!constructor && tree.getModifiers().getFlags().contains(Modifier.PRIVATE)) cut(hidden, tree);
        if (tree.getBody() != null) cut(bodies, tree.getBody());
        return null;
    }

    @Override
    public Void visitVariable(VariableTree tree, Tree.Kind outer) {
        // The components of a record are private fields to the parser.
        boolean component = outer == Tree.Kind.RECORD && !tree.getModifiers().getFlags().contains(Modifier.STATIC);
        if (!component && tree.getModifiers().getFlags().contains(Modifier.PRIVATE)) cut(hidden, tree);
        return super.visitVariable(tree, outer);
    }
}
