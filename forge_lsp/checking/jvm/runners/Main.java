package forge_check;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Runs test classes and reports each test, see {@link Reports}.
 *
 * What is wanted stands on stdin, a word and a value a line: "key" (hexadecimal), "archive" (the classes), "seconds" (for
 * one test), "only" (the name of a test; none: all), "junit4" and "junit5" (a class). The exit code is 42 when all was run.
 */
public final class Main {
    static final int ALL_RUN = 42;
    private static final int LATE = 43;

    private Main() {}

    public static void main(String[] arguments) throws Exception {
        FileOutputStream out = new FileOutputStream(FileDescriptor.out);
        System.setOut(new PrintStream(new FileOutputStream(FileDescriptor.err), true));
        byte[] key = new byte[0];
        String archive = "";
        double seconds = 10;
        Set<String> only = new HashSet<>();
        List<String> four = new ArrayList<>();
        List<String> five = new ArrayList<>();
        for (String line : new String(Reports.all(System.in), StandardCharsets.UTF_8).split("\n")) {
            String value = line.substring(line.indexOf(' ') + 1);
            switch (line.substring(0, Math.max(line.indexOf(' '), 0))) {
                case "key":
                    key = Reports.bytes(value);
                    break;
                case "archive":
                    archive = value;
                    break;
                case "seconds":
                    seconds = Double.parseDouble(value);
                    break;
                case "only":
                    only.add(value);
                    break;
                case "junit4":
                    four.add(value);
                    break;
                case "junit5":
                    five.add(value);
                    break;
                default:
                    break;
            }
        }
        Tested tested = new Tested(Paths.get(archive), Main.class.getClassLoader(), Main.class.getProtectionDomain());
        Thread.currentThread().setContextClassLoader(tested);
        Reports reports = new Reports(key, out, tested.names());
        java.util.Arrays.fill(key, (byte) 0);
        watch(reports, seconds, Thread.currentThread());
        Runtime.getRuntime().addShutdownHook(new Thread(reports::exiting));
        // Both are loaded before any tested code is: no file of ours is read after that.
        Runner first = four.isEmpty() ? null : runner("forge_check.JUnit4");
        Runner second = five.isEmpty() ? null : runner("forge_check.JUnit5");
        if (first != null) {
            first.run(reports, loaded(reports, tested, four), only);
        }
        if (second != null) {
            second.run(reports, loaded(reports, tested, five), only);
        }
        reports.done();
        Runtime.getRuntime().halt(ALL_RUN);
    }

    /** Each of the two is compiled only where its JUnit is on the class path. */
    private static Runner runner(String name) throws ReflectiveOperationException {
        return (Runner) Class.forName(name).getDeclaredConstructor().newInstance();
    }

    private static List<Class<?>> loaded(Reports reports, ClassLoader tested, List<String> names) {
        List<Class<?>> classes = new ArrayList<>();
        for (String name : names) {
            try {
                classes.add(Class.forName(name, false, tested));
            } catch (ReflectiveOperationException | LinkageError error) {
                reports.failed(name, error);
            }
        }
        return classes;
    }

    /** Ends a run in which one test takes too long, so that the others can be run without it. */
    private static void watch(Reports reports, double seconds, Thread tests) {
        Thread watcher = new Thread(() -> {
            while (true) {
                try {
                    Thread.sleep(100);
                } catch (InterruptedException error) {
                    continue; // only tested code can have meant it
                }
                String late = reports.late(seconds);
                if (late != null) {
                    reports.late(late, tests);
                    Runtime.getRuntime().halt(LATE);
                }
            }
        });
        watcher.setDaemon(true);
        watcher.start();
    }

    /** One of the two JUnits. */
    interface Runner {
        void run(Reports reports, List<Class<?>> classes, Set<String> only) throws Exception;
    }
}
