import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.tools.FileObject;
import javax.tools.ForwardingJavaFileManager;
import javax.tools.JavaFileManager;
import javax.tools.JavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.StandardLocation;

/** Sources from memory, by the package that they say; classes from the JDK and the class path. */
final class Manager extends ForwardingJavaFileManager<StandardJavaFileManager> {
    Map<String, List<Source>> packages = Map.of();

    Manager(StandardJavaFileManager files) {
        super(files);
    }

    @Override
    public boolean hasLocation(JavaFileManager.Location location) {
        return location == StandardLocation.SOURCE_PATH || super.hasLocation(location);
    }

    @Override
    public Iterable<JavaFileObject> list(
        JavaFileManager.Location location, String name, Set<JavaFileObject.Kind> kinds, boolean recurse) throws IOException {
        if (location != StandardLocation.SOURCE_PATH) return super.list(location, name, kinds, recurse);
        if (!kinds.contains(JavaFileObject.Kind.SOURCE)) return List.of();
        return new ArrayList<>(packages.getOrDefault(name, List.of()));
    }

    @Override
    public String inferBinaryName(JavaFileManager.Location location, JavaFileObject file) {
        if (!(file instanceof Source source)) return super.inferBinaryName(location, file);
        return source.container.isEmpty() ? source.stem() : source.container + "." + source.stem();
    }

    @Override
    public boolean isSameFile(FileObject a, FileObject b) {
        return a instanceof Source || b instanceof Source ? a.toUri().equals(b.toUri()) : super.isSameFile(a, b);
    }

    @Override
    public ClassLoader getClassLoader(JavaFileManager.Location location) {
        // The compiler looks on the class path for plug-ins that start by themselves: none is found.
        return ClassLoader.getPlatformClassLoader();
    }
}
