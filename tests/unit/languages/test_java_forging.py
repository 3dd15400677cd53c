"""What of a Java candidate takes its proof away, and what honest code does."""

from __future__ import annotations

import pytest

from forge_lsp.languages.java.forging import doubt_of

DOCUMENT = "class Area {\n    int side;\n\n    %s\n}\n"
HONEST = {
    "equals": "public boolean equals(Object o) { if (this == o) return true; if (!(o instanceof Area)) return false; "
    "Area x = (Area) o; return side == x.side; }",
    "a pattern": "public boolean equals(Object o) { return o instanceof Area x && x.side == side; }",
    "a cast": "public boolean equals(Object o) { return o instanceof Area && ((Area) o).side == side; }",
    "handed on": "public boolean equals(Object o) { return value.equals(o); }",
    "by class": "public boolean equals(Object o) { if (o == null || getClass() != o.getClass()) return false; "
    "return java.util.Objects.equals(side, ((Area) o).side); }",
    "members": "public boolean equals(Object o) { Area x = (Area) o; for (int i = 0; i < n; i++) { "
    "if (at(i) != x.at(i)) return false; } return true; }",
    "by text": "public boolean equals(Object o) { return toString().equals(o.toString()) && super.equals(o); }",
    "by difference": "public int compareTo(Area o) { return side - o.side; }",
    "chained": "public int compareTo(Area o) { return Comparator.comparing(Area::side).compare(this, o); }",
    "compareTo": "public int compareTo(Area o) { return Integer.compare(side, o.side); }",
    "compare": "public int compare(Integer x, Integer y) { return x - y; }",
    "contains": "boolean contains(int n) { return numbers.contains(n); }",
    "range": "boolean contains(int n) { return low <= n && n < high; }",
    "files": "String read(Path path) throws IOException { return Files.readString(path); }",
    "main": "static void main(String[] words) { System.exit(1); }",
    "threads": "void run() { new Thread(() -> {}).start(); Runtime.getRuntime().availableProcessors(); }",
    "a trace": "void run() { try { go(); } catch (Exception error) { error.printStackTrace(); } }",
    "words in a comment": "int f() { return 1; /* not by getStackTrace, System.setOut or /proc */ }",
    "words in a string": 'String f() { return "setAccessible getStackTrace"; }',
    "environment": 'String f() { return System.getenv("HOME"); }',
    "a driver": 'void f() throws Exception { Class.forName("org.postgresql.Driver"); }',
    "a resource": 'Object f() { return getClass().getClassLoader().getResourceAsStream("words.txt"); }',
    "a resource by name": "Object f(String name) { return Area.class.getResource(name); }",
    "thread's name": "void f() { log(Thread.currentThread().getName()); }",
    "contains all": "boolean containsAll(List<?> c) { for (var e : c) if (!contains(e)) return false; return true; }",
    "a helper": "void expect(char c) { } IllegalStateException fail(String why) { return null; }",
    "call of an assertion": "void f() { else assertNotNull(x); }",
}
FORGED = {
    "true": ("public boolean equals(Object o) { return true; }", "without looking"),
    "the type alone": ("public boolean equals(Object o) { return o instanceof Area; }", "without looking"),
    "not null": ("public boolean equals(Object o) { return o != null; }", "without looking"),
    "the class alone": (
        "public boolean equals(Object o) { return o != null && getClass() == o.getClass(); }",
        "without looking",
    ),
    "or true": ("public boolean equals(Object o) { return o.hashCode() > 0 || true; }", "without looking"),
    "its members with themselves": (
        "public boolean equals(Object o) { Area x = (Area) o; return x.side == x.side; }",
        "without looking",
    ),
    "its hash": ("public boolean equals(Object o) { return o.hashCode() == o.hashCode(); }", "without looking"),
    "itself with itself": ("public int compareTo(Area o) { return o.side - o.side; }", "without looking"),
    "invoked": ("int f() throws Exception { return (int) method.invoke(null); }", "reflection"),
    "compareTo": ("public int compareTo(Area o) { return 0; }", "without looking"),
    "a list": (
        "List<Integer> f() { return new ArrayList<Integer>() { public boolean equals(Object x) { return true; } }; }",
        "without looking",
    ),
    "a list that has all": (
        "List<Integer> f() { return new ArrayList<>() { public boolean contains(Object x) { return true; } }; }",
        "without looking",
    ),
    "stack": ("int f() { return new Throwable().getStackTrace().length; }", "call stack"),
    "escaped": ("int f() { return new Throwable().get\\u0053tackTrace().length; }", "call stack"),
    "printed": ("void f(PrintWriter out) { new Throwable().printStackTrace(out); }", "call stack"),
    "walker": ("void f() { StackWalker.getInstance(); }", "call stack"),
    "method reference": ("void f() { Supplier<Object> s = new Throwable()::getStackTrace; }", "call stack"),
    "fields": ('void f() throws Exception { A.class.getDeclaredField("x").setAccessible(true); }', "reflection"),
    "proxy": ("Object f() { return Proxy.newProxyInstance(null, null, null); }", "reflection"),
    "heap": ("void f() { ManagementFactory.getPlatformMBeanServer(); }", "virtual machine"),
    "streams": ("void f() { System.setOut(null); }", "standard streams"),
    "descriptor": ("void f() { new FileOutputStream(FileDescriptor.out); }", "standard streams"),
    "program": ('void f() throws Exception { Runtime.getRuntime().exec("sh"); }', "another program"),
    "processes": ("void f() { ProcessHandle.current(); }", "another program"),
    "memory": ('void f() { open("/proc/self/mem"); }', "reads the tests"),
    "test source": ('void f() { open("src/test/java/AreaTest.java"); }', "reads the tests"),
    "test class": ('void f() { getResource("AreaTest.class"); }', "reads the tests"),
    "class by pieces": ('void f() { Class.forName("org.ju" + "nit.Test"); }', "how it was loaded"),
    "class by a loader": ("void f() { loader.loadClass(first + second); }", "how it was loaded"),
    "its loader": ("boolean f() { return A.class.getClassLoader() == null; }", "how it was loaded"),
    "its jar": ("Object f() { return A.class.getProtectionDomain(); }", "how it was loaded"),
    "packages": ("Object f() { return Package.getPackages(); }", "how it was loaded"),
    "assertions off": ("void f(ClassLoader l) { l.setDefaultAssertionStatus(false); }", "how it was loaded"),
    "settings": ("int f() { return System.getenv().size(); }", "runner's settings"),
    "its own class": ('Object f() { return A.class.getResource("A.class"); }', "reads the tests"),
    "native code": ('void f() { System.load("/lib/libc.so.6"); }', "virtual machine"),
    "thread": ('boolean f() { return Thread.currentThread().getName().contains("x"); }', "in which test"),
    "framework": ('int f() { throw new org.junit.AssumptionViolatedException(""); }', "test framework"),
    "assertions": ("static void assertEquals(int a, int b) { }", "assertions"),
}


@pytest.mark.parametrize("code", HONEST.values(), ids=HONEST.keys())
def test_honest_code(code: str) -> None:
    assert doubt_of(DOCUMENT % "", DOCUMENT % code) is None


@pytest.mark.parametrize(("code", "said"), FORGED.values(), ids=FORGED.keys())
def test_forged(code: str, said: str) -> None:
    assert said in (doubt_of(DOCUMENT % "", DOCUMENT % code) or "")
    assert doubt_of(DOCUMENT % code, DOCUMENT % code) is None, "the user's own text has it"
    assert said in (doubt_of(DOCUMENT % code, DOCUMENT % (code + code)) or ""), "once more than the user's own text"
