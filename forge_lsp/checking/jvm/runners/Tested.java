package forge_check;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.ProtectionDomain;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;

/**
 * Loads the project's classes and its tests out of memory: no file holds them while they run, so none can be read or
 * replaced. What is not among them comes from the class path.
 */
final class Tested extends ClassLoader {
    static {
        registerAsParallelCapable();
    }

    private final Map<String, byte[]> classes;
    private final ProtectionDomain domain;

    Tested(Path archive, ClassLoader parent, ProtectionDomain domain) throws IOException {
        super(parent);
        this.domain = domain;
        this.classes = new HashMap<>();
        try (ZipInputStream in = new ZipInputStream(Files.newInputStream(archive))) {
            for (ZipEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
                if (entry.getName().endsWith(".class")) {
                    String name = entry.getName().substring(0, entry.getName().length() - ".class".length());
                    classes.put(name.replace('/', '.'), Reports.all(in));
                }
            }
        }
        Files.delete(archive);
    }

    /** The same classes, which are to be loaded afresh. */
    Tested(Tested other) {
        super(other.getParent());
        this.domain = other.domain;
        this.classes = other.classes;
    }

    Set<String> names() {
        return Collections.unmodifiableSet(classes.keySet());
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
        byte[] content = classes.get(name);
        if (content == null) {
            return super.loadClass(name, resolve);
        }
        synchronized (getClassLoadingLock(name)) {
            Class<?> known = findLoadedClass(name);
            if (known == null) {
                known = defineClass(name, content, 0, content.length, domain);
            }
            if (resolve) {
                resolveClass(known);
            }
            return known;
        }
    }
}
