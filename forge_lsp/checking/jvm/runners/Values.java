package forge_check;

import java.lang.reflect.Array;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Iterator;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.BaseStream;

/**
 * Values as JSON with their kinds: {"i": "1"}, {"f": "1.5"}, {"b": true}, {"s": "a"}, {"n": 0}, {"l": [...]},
 * {"t": [...]} (a pair), {"z": [...]} (a set), {"m": [[key, value], ...]}, {"o": "text"} (anything else).
 */
final class Values {
    private static final int DEEPEST = 40;
    private static final int MOST = 20_000;
    private static final int LONGEST = 400_000;

    private final StringBuilder out = new StringBuilder();
    private int count;

    private Values() {}

    static String encoded(Object value) throws Throwable {
        Values values = new Values();
        values.write(value, 0);
        return values.out.toString();
    }

    private void write(Object value, int depth) throws Throwable {
        if (depth > DEEPEST || ++count > MOST || out.length() > LONGEST) {
            throw new TooLarge();
        }
        String kind = value == null ? "" : value.getClass().getName();
        if (value == null || kind.equals("kotlin.Unit")) {
            out.append("{\"n\": 0}");
        } else if (value instanceof Boolean) {
            out.append("{\"b\": ").append(value).append('}');
        } else if (whole(value, kind)) {
            put("i", value.toString());
        } else if (value instanceof Double || value instanceof Float) {
            put("f", value.toString());
        } else if (value instanceof BigDecimal) {
            put("f", value.toString());
        } else if (value instanceof CharSequence || value instanceof Character) {
            put("s", value.toString());
        } else if (value instanceof Enum) {
            put("o", ((Enum<?>) value).name());
        } else if (value.getClass().isArray()) {
            out.append("{\"l\": [");
            for (int at = 0; at < Array.getLength(value); at++) {
                out.append(at == 0 ? "" : ", ");
                write(Array.get(value, at), depth + 1);
            }
            out.append("]}");
        } else if (value instanceof Map) {
            map((Map<?, ?>) value, depth);
        } else if (value instanceof Map.Entry) {
            tuple(depth, ((Map.Entry<?, ?>) value).getKey(), ((Map.Entry<?, ?>) value).getValue());
        } else if (kind.equals("kotlin.Pair") || kind.equals("kotlin.Triple")) {
            Object third = kind.equals("kotlin.Triple") ? got(value, "getThird") : null;
            Object[] two = {got(value, "getFirst"), got(value, "getSecond")};
            tuple(depth, kind.equals("kotlin.Pair") ? two : new Object[] {two[0], two[1], third});
        } else if (value instanceof Iterable) {
            items(value instanceof Set ? "z" : "l", ((Iterable<?>) value).iterator(), depth);
        } else if (value instanceof Iterator) {
            items("l", (Iterator<?>) value, depth);
        } else if (value instanceof BaseStream) {
            items("l", ((BaseStream<?, ?>) value).iterator(), depth);
        } else if (sequence(value.getClass())) {
            items("l", (Iterator<?>) got(value, "iterator"), depth);
        } else if (!optional(value, depth)) {
            object(value, depth);
        }
    }

    /** Whether it is a whole number, Kotlin's without a sign among them. */
    private static boolean whole(Object value, String kind) {
        return value instanceof Integer || value instanceof Long || value instanceof Short || value instanceof Byte
            || value instanceof BigInteger || value instanceof AtomicInteger || value instanceof AtomicLong
            || kind.matches("kotlin\\.U(?:Int|Long|Short|Byte)");
    }

    private void put(String kind, String text) {
        if (text.length() > LONGEST) {
            throw new TooLarge();
        }
        out.append("{\"").append(kind).append("\": ").append(quoted(text)).append('}');
    }

    private void map(Map<?, ?> value, int depth) throws Throwable {
        out.append("{\"m\": [");
        String comma = "";
        for (Map.Entry<?, ?> entry : value.entrySet()) {
            out.append(comma).append('[');
            write(entry.getKey(), depth + 1);
            out.append(", ");
            write(entry.getValue(), depth + 1);
            out.append(']');
            comma = ", ";
        }
        out.append("]}");
    }

    private void items(String kind, Iterator<?> each, int depth) throws Throwable {
        out.append("{\"").append(kind).append("\": [");
        String comma = "";
        while (each.hasNext()) {
            out.append(comma);
            write(each.next(), depth + 1);
            comma = ", ";
        }
        out.append("]}");
    }

    private void tuple(int depth, Object... parts) throws Throwable {
        items("t", java.util.Arrays.asList(parts).iterator(), depth);
    }

    /** An option as its value; false: it is none. */
    private boolean optional(Object value, int depth) throws Throwable {
        if (value instanceof Optional) {
            write(((Optional<?>) value).orElse(null), depth + 1);
        } else if (value instanceof OptionalInt) {
            write(((OptionalInt) value).isPresent() ? ((OptionalInt) value).getAsInt() : null, depth + 1);
        } else if (value instanceof OptionalLong) {
            write(((OptionalLong) value).isPresent() ? ((OptionalLong) value).getAsLong() : null, depth + 1);
        } else if (value instanceof OptionalDouble) {
            write(((OptionalDouble) value).isPresent() ? ((OptionalDouble) value).getAsDouble() : null, depth + 1);
        } else {
            return false;
        }
        return true;
    }

    /** An object by its own text where it has one, else by its public fields. */
    private void object(Object value, int depth) throws Throwable {
        Class<?> type = value.getClass();
        if (type.getMethod("toString").getDeclaringClass() != Object.class) {
            put("o", String.valueOf(value));
            return;
        }
        out.append("{\"m\": [");
        String comma = "";
        for (Field field : type.getFields()) {
            if (!Modifier.isStatic(field.getModifiers())) {
                field.setAccessible(true);
                out.append(comma).append("[{\"s\": ").append(quoted(field.getName())).append("}, ");
                write(field.get(value), depth + 1);
                out.append(']');
                comma = ", ";
            }
        }
        if (comma.isEmpty()) {
            out.setLength(out.length() - "{\"m\": [".length());
            put("o", type.getSimpleName());
        } else {
            out.append("]}");
        }
    }

    private static boolean sequence(Class<?> type) {
        for (Class<?> one = type; one != null; one = one.getSuperclass()) {
            for (Class<?> each : one.getInterfaces()) {
                if (each.getName().equals("kotlin.sequences.Sequence") || sequence(each)) {
                    return true;
                }
            }
        }
        return false;
    }

    private static Object got(Object value, String name) throws Throwable {
        Method method = value.getClass().getMethod(name);
        method.setAccessible(true);
        return method.invoke(value);
    }

    static String quoted(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        for (char each : text.toCharArray()) {
            if (each == '"' || each == '\\') {
                quoted.append('\\').append(each);
            } else if (each < ' ' || each > '~') {
                quoted.append("\\u");
                for (int shift = 12; shift >= 0; shift -= 4) {
                    quoted.append(Character.forDigit(each >> shift & 15, 16));
                }
            } else {
                quoted.append(each);
            }
        }
        return quoted.append('"').toString();
    }

    /** A value that is too large, too deep, or that never ends. */
    static final class TooLarge extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }
}
