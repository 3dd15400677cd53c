package forge_check;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.List;

/**
 * Makes calls, each by itself on classes that are loaded afresh, and reports what each gives, see {@link Reports}.
 *
 * What is wanted stands on stdin, a word and a value a line: "key" (hexadecimal), "archive" (the classes), "seconds" (for
 * one call), "type" (the class whose methods make the calls), "call" (an id and a method). The exit code is 42 when all
 * calls were made.
 */
public final class Calls {
    private static final int ALL_MADE = 42;
    private static final int LATE = 43;
    private static final int MOST_CAUSES = 10;
    private static final int TICK = 50;

    private static volatile String current = "";
    private static volatile int ticks;

    private Calls() {}

    public static void main(String[] arguments) throws Exception {
        FileOutputStream out = new FileOutputStream(FileDescriptor.out);
        System.setOut(new PrintStream(new FileOutputStream(FileDescriptor.err), true));
        byte[] key = new byte[0];
        String archive = "";
        String type = "";
        double seconds = 5;
        List<String[]> calls = new ArrayList<>();
        for (String line : new String(Reports.all(System.in), StandardCharsets.UTF_8).split("\n")) {
            String value = line.substring(line.indexOf(' ') + 1);
            switch (line.substring(0, Math.max(line.indexOf(' '), 0))) {
                case "key":
                    key = Reports.bytes(value);
                    break;
                case "archive":
                    archive = value;
                    break;
                case "type":
                    type = value;
                    break;
                case "seconds":
                    seconds = Double.parseDouble(value);
                    break;
                case "call":
                    calls.add(value.split(" "));
                    break;
                default:
                    break;
            }
        }
        Tested tested = new Tested(Paths.get(archive), Calls.class.getClassLoader(), Calls.class.getProtectionDomain());
        Reports reports = new Reports(key, out, tested.names());
        java.util.Arrays.fill(key, (byte) 0);
        watch(reports, seconds);
        reports.write("{\"state\": \"loaded\"}");
        for (String[] call : calls) {
            ticks = 0;
            current = call[0];
            String answer = made(new Tested(tested), type, call[1]);
            current = "";
            reports.write("{\"id\": " + Values.quoted(call[0]) + ", " + answer + "}");
        }
        reports.write("{\"state\": \"end\"}");
        Runtime.getRuntime().halt(ALL_MADE);
    }

    private static String made(ClassLoader loader, String type, String name) {
        Throwable error;
        try {
            Thread.currentThread().setContextClassLoader(loader);
            Method method = Class.forName(type, true, loader).getDeclaredMethod(name);
            method.setAccessible(true);
            return "\"state\": \"done\", \"value\": " + Values.encoded(method.invoke(null));
        } catch (Values.TooLarge large) {
            return "\"state\": \"raised\", \"error\": \"\", \"words\": \"the value is too large to be read\"";
        } catch (Throwable thrown) {
            error = thrown;
        }
        for (int depth = 0; depth < MOST_CAUSES && error.getCause() != null && wraps(error); depth++) {
            error = error.getCause();
        }
        String words;
        try {
            words = String.valueOf(error.getMessage() == null ? "" : error.getMessage());
        } catch (Throwable broken) {
            words = "its message cannot be read";
        }
        StringBuilder names = new StringBuilder();
        for (Class<?> of = error.getClass().getSuperclass(); of != Object.class; of = of.getSuperclass()) {
            names.append(names.length() == 0 ? "" : ", ").append(Values.quoted(of.getSimpleName()));
        }
        return "\"state\": \"raised\", \"error\": " + Values.quoted(error.getClass().getSimpleName())
            + ", \"names\": [" + names + "]"
            + ", \"words\": " + Values.quoted(Reports.shortened(words));
    }

    private static boolean wraps(Throwable error) {
        return error instanceof InvocationTargetException || error instanceof ExceptionInInitializerError;
    }

    /**
     * Ends the process where one call takes too long, so that those after it can be made without it. The time is that of
     * this thread: where the machine gives the process little, it gives the call more.
     */
    private static void watch(Reports reports, double seconds) {
        Thread watcher = new Thread(() -> {
            while (true) {
                try {
                    Thread.sleep(TICK);
                } catch (InterruptedException error) {
                    continue; // only tested code can have meant it
                }
                String late = current;
                if (!late.isEmpty() && ++ticks * TICK > seconds * 1000 && late.equals(current)) {
                    reports.write("{\"state\": \"hung\", \"words\": \"it did not end within " + (int) seconds + " s\"}");
                    Runtime.getRuntime().halt(LATE);
                }
            }
        });
        watcher.setDaemon(true);
        watcher.setPriority(Thread.MAX_PRIORITY);
        watcher.start();
    }
}
