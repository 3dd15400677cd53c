package forge_check;

import java.io.ByteArrayOutputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Writes what becomes of each test or call, a line each: a number, a signature and a JSON object.
 *
 * The key of the signatures is read before any tested code is loaded and is never written, so that only this object can
 * make a line. Lines stay short enough for one write into a pipe.
 */
final class Reports {
    private static final int MOST = 240;
    private static final int MOST_FRAMES = 12;

    private final Mac mac;
    private final FileOutputStream out;
    private final Set<String> project;
    private final Map<String, Long> running = new HashMap<>();
    private int number;
    private int tests;
    private int failures;

    Reports(byte[] key, FileOutputStream out, Set<String> project) throws GeneralSecurityException {
        this.mac = Mac.getInstance("HmacSHA256");
        this.mac.init(new SecretKeySpec(key, "HmacSHA256"));
        this.out = out;
        this.project = project;
    }

    /** A test that will be run. */
    void collected(String name) {
        write("{\"kind\": \"collected\", \"name\": " + quoted(name) + "}");
    }

    void started(String name) {
        synchronized (this) {
            running.put(name, System.nanoTime());
        }
        write("{\"kind\": \"started\", \"name\": " + quoted(name) + "}");
    }

    void passed(String name) {
        ended(name);
        write("{\"kind\": \"passed\", \"name\": " + quoted(name) + "}");
    }

    /** A test that was not run; {@code marked}: the tests' own text says so. */
    void skipped(String name, String reason, boolean marked) {
        ended(name);
        write("{\"kind\": \"skipped\", \"name\": " + quoted(name) + ", \"message\": " + quoted(shortened(reason))
            + ", \"marked\": " + marked + "}");
    }

    /** Whether {@code error} comes out of the text of the class of tests {@code owner}, not out of what it calls. */
    boolean comesOf(Throwable error, String owner) {
        for (StackTraceElement each : error.getStackTrace()) {
            if (project.contains(each.getClassName())) {
                return each.getClassName().equals(owner) || each.getClassName().startsWith(owner + "$");
            }
        }
        return false;
    }

    /** A test that failed, or a class none of whose tests could be run. */
    void failed(String name, Throwable error) {
        ended(name);
        synchronized (this) {
            failures++;
        }
        write("{\"kind\": \"failed\", \"name\": " + quoted(name) + described(error) + "}");
    }

    /** The test that has been running for longer than {@code seconds}, or null. */
    synchronized String late(double seconds) {
        for (Map.Entry<String, Long> one : running.entrySet()) {
            if (System.nanoTime() - one.getValue() > seconds * 1e9) {
                return one.getKey();
            }
        }
        return null;
    }

    /** A test that runs for too long, and where it is. */
    void late(String name, Thread where) {
        write("{\"kind\": \"late\", \"name\": " + quoted(name) + framed(frames(where.getStackTrace())) + "}");
    }

    /** The process is being ended by tested code. */
    void exiting() {
        String name = late(0);
        for (StackTraceElement[] stack : Thread.getAllStackTraces().values()) {
            for (StackTraceElement each : stack) {
                if (name != null && each.getClassName().equals("java.lang.Runtime") && each.getMethodName().equals("exit")) {
                    write("{\"kind\": \"exiting\", \"name\": " + quoted(name) + framed(frames(stack)) + "}");
                    return;
                }
            }
        }
    }

    private static String framed(List<String> frames) {
        return ", \"frames\": [" + String.join(", ", frames) + "]";
    }

    /** The last line: all that was to be run was run. */
    void done() {
        write("{\"kind\": \"done\", \"tests\": " + tests + ", \"failures\": " + failures + "}");
    }

    private synchronized void ended(String name) {
        running.remove(name);
        tests++;
    }

    /** One signed line. */
    synchronized void write(String json) {
        String line = number++ + " " + json;
        StringBuilder sum = new StringBuilder();
        for (byte each : mac.doFinal(line.getBytes(StandardCharsets.UTF_8))) {
            sum.append(String.format("%02x", each));
        }
        try {
            out.write(("\nforge " + sum + " " + line + "\n").getBytes(StandardCharsets.UTF_8));
            out.flush();
        } catch (IOException error) {
            Runtime.getRuntime().halt(3); // nobody reads any more
        }
    }

    private String described(Throwable error) {
        Throwable shown = error;
        while (shown.getCause() != null
            && (shown instanceof ExceptionInInitializerError || shown instanceof java.lang.reflect.InvocationTargetException)) {
            shown = shown.getCause();
        }
        Throwable deepest = shown;
        for (int depth = 0; depth < 10 && deepest.getCause() != null && deepest.getCause() != deepest; depth++) {
            deepest = deepest.getCause();
        }
        List<String> frames = frames(deepest.getStackTrace());
        if (frames.isEmpty() && deepest != shown) {
            deepest = shown;
            frames = frames(shown.getStackTrace());
        }
        StackTraceElement[] all = deepest.getStackTrace();
        boolean direct = all.length > 0 && project.contains(all[0].getClassName());
        return ", \"type\": " + quoted(shown.getClass().getName())
            + ", \"deepest\": " + quoted(deepest.getClass().getName())
            + ", \"message\": " + quoted(shortened(message(shown)))
            + ", \"assertion\": " + (shown instanceof AssertionError)
            + values(shown)
            + ", \"direct\": " + direct
            + framed(frames);
    }

    /** The frames that are the project's own, innermost first. */
    private List<String> frames(StackTraceElement[] stack) {
        List<String> found = new ArrayList<>();
        for (StackTraceElement each : stack) {
            if (found.size() < MOST_FRAMES && project.contains(each.getClassName())) {
                found.add("[" + quoted(shortened(each.getClassName())) + ", " + quoted(String.valueOf(each.getFileName())) + ", "
                    + each.getLineNumber() + "]");
            }
        }
        return found;
    }

    private static String message(Throwable error) {
        try {
            return error.getMessage();
        } catch (Throwable broken) {
            return "its message cannot be read";
        }
    }

    /** What an assertion expected and got, where it tells that beside its message. */
    private static String values(Throwable error) {
        if (!(error instanceof AssertionError)) {
            return "";
        }
        try {
            Object expected = error.getClass().getMethod("getExpected").invoke(error);
            Object actual = error.getClass().getMethod("getActual").invoke(error);
            if (expected == null || actual == null) {
                return "";
            }
            return ", \"expected\": " + quoted(shortened(shown(expected))) + ", \"actual\": " + quoted(shortened(shown(actual)));
        } catch (Throwable none) {
            return "";
        }
    }

    private static String shown(Object value) throws ReflectiveOperationException {
        if (value.getClass().getName().equals("org.opentest4j.ValueWrapper")) {
            return String.valueOf(value.getClass().getMethod("getStringRepresentation").invoke(value));
        }
        return String.valueOf(value);
    }

    static String shortened(String text) {
        if (text == null) {
            return "";
        }
        return text.length() <= MOST ? text : text.substring(0, MOST) + "...";
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

    static byte[] bytes(String hexadecimal) {
        byte[] found = new byte[hexadecimal.length() / 2];
        for (int at = 0; at < found.length; at++) {
            found[at] = (byte) Integer.parseInt(hexadecimal.substring(2 * at, 2 * at + 2), 16);
        }
        return found;
    }

    static byte[] all(InputStream in) throws IOException {
        ByteArrayOutputStream read = new ByteArrayOutputStream();
        byte[] part = new byte[1 << 16];
        for (int count = in.read(part); count >= 0; count = in.read(part)) {
            read.write(part, 0, count);
        }
        return read.toByteArray();
    }
}
