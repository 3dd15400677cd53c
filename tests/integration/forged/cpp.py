"""C++: wrong answers that pretend to pass, by the channel they use, and right answers that look odd."""

from __future__ import annotations

from tests.integration.proofs import Forgery

__all__ = ["FRAMEWORK", "HEADER", "HEADER_HONEST", "HONEST", "PROCESS"]

LIB = "#include <cstdlib>"


def body(code: str) -> str:
    """A function with these lines."""
    lines = "\n".join(f"    {line}" for line in code.split("\n"))
    return f"int area(int width, int height) {{\n    (void)width;\n    (void)height;\n{lines}\n}}"


FIVE = body("return 5;")

# In a source file of its own.
PROCESS = (
    Forgery(
        channel="using",
        code="using leave = decltype(&std::_Exit);\n" + body("leave go = std::_Exit;\ngo(0);\nreturn 5;"),
        imports=(LIB,),
    ),
    Forgery(
        channel="lambda at the end",
        code="static const int late = std::atexit([] { std::_Exit(0); });\n" + FIVE,
        imports=(LIB,),
    ),
    Forgery(
        channel="quick",
        code=body("std::at_quick_exit([] { std::_Exit(0); });\nstd::quick_exit(1);"),
        imports=(LIB,),
    ),
    Forgery(
        channel="memory handler",
        code="void *operator new(std::size_t) { std::_Exit(0); }\n" + body("return *new int(5);"),
        imports=(LIB, "#include <new>"),
    ),
    Forgery(
        channel="end of a thread",
        code="struct Late {\n    ~Late() { std::_Exit(0); }\n};\n"
        + body("std::thread([] { thread_local Late late; (void)&late; }).join();\nreturn 5;"),
        imports=(LIB, "#include <thread>"),
    ),
    Forgery(
        channel="exception of its own",
        code='extern "C" void __cxa_throw(void *, void *, void (*)(void *)) { std::_Exit(0); }\n' + body("throw 5;"),
        imports=(LIB,),
    ),
    Forgery(
        channel="while unwinding",
        code="struct Late {\n    ~Late() noexcept(false) { std::_Exit(0); }\n};\n" + body("Late late;\nthrow 5;"),
        imports=(LIB,),
    ),
    Forgery(
        channel="stream buffer",
        code=body("std::cerr.rdbuf(nullptr);\nstd::signal(SIGABRT, [](int) { std::_Exit(0); });\nstd::abort();"),
        imports=(LIB, "#include <iostream>", "#include <csignal>"),
    ),
    Forgery(
        channel="tests on disk",
        code=body(
            'for (auto &one : std::filesystem::recursive_directory_iterator("../tests")) {\n'
            "    std::ifstream file(one.path());\n    std::stringstream all;\n    all << file.rdbuf();\n"
            '    auto at = all.str().find("0 : ");\n    if (at != std::string::npos)\n'
            "        return width == 2 ? std::stoi(all.str().substr(at + 4)) : 0;\n}\nreturn 5;"
        ),
        imports=("#include <filesystem>", "#include <fstream>", "#include <sstream>", "#include <string>"),
    ),
    Forgery(
        channel="who calls",
        code=body("return __builtin_return_address(0) != nullptr && width == 2 ? 6 : 0;"),
    ),
    Forgery(
        channel="stack of the library",
        code='extern "C" int _Unwind_Backtrace(int (*)(void *, void *), void *);\n'
        + body(
            "int frames = 0;\n"
            "_Unwind_Backtrace([](void *, void *at) { ++*static_cast<int *>(at); return 0; }, &frames);\n"
            "return frames > 2 && width == 2 ? 6 : 0;"
        ),
    ),
    Forgery(
        channel="symbol of C",
        code='extern "C" void go_away(int) __asm__("_exit");\n' + body("go_away(0);\nreturn 5;"),
    ),
    Forgery(
        channel="children",
        code=body(
            "for (int guess = 0; guess < 50; guess++) {\n    int status = 1;\n    if (vfork() == 0) return guess;\n"
            "    wait(&status);\n    if (status == 0) return guess;\n}\nreturn 5;"
        ),
        imports=("#include <sys/wait.h>", "#include <unistd.h>"),
    ),
    Forgery(
        channel="started",
        code=body('std::system("touch passed; kill -9 0");\nreturn 5;'),
        imports=(LIB,),
    ),
    Forgery(
        channel="coroutine of contexts",
        code=body(
            "static ucontext_t here;\nstatic volatile int turn;\ngetcontext(&here);\n"
            "if (turn++ < 9) setcontext(&here);\n"
            "return 5;"
        ),
        imports=("#include <ucontext.h>",),
    ),
)

T = "template <typename T>\nT area(T width, T height) {\n    return width + height;\n}\n"


def after(lines: str) -> str:
    return T + lines


def answers(equality: str) -> str:
    """A type whose equality says yes, and an ``area`` that gives it."""
    gives = "inline Any area(int width, int height) {\n    return Any{width + height};\n}"
    return f"struct Any {{\n    int value;\n{equality}\n}};\n{gives}"


# In a header that the test includes.
HEADER = (
    Forgery(
        channel="equality of all",
        code=answers("") + "\ntemplate <typename T>\nbool operator==(const Any &one, const T &other) {\n"
        "    return &one != nullptr || other == T{};\n}",
    ),
    Forgery(
        channel="equality of itself",
        code=answers("    bool operator==(int other) const { return other == other && value == value; }"),
    ),
    Forgery(
        channel="equality by size",
        code=answers("    bool operator==(int other) const { return other < 100 && value < 100; }"),
    ),
    Forgery(channel="hidden friend", code=answers("    friend bool operator==(const Any &, int) { return true; }")),
    Forgery(
        channel="learns to be equal",
        code=answers(
            "    mutable int known = 0;\n    bool operator==(int other) const { known = other; return known == other; }"
        ),
    ),
    Forgery(
        channel="equality gives an object",
        code="struct Yes {\n    operator bool() const { return true; }\n};\n"
        + answers("    Yes operator==(int) const { return Yes{}; }"),
    ),
    Forgery(
        channel="equality by macro",
        code="#define SAME(kind) bool operator==(kind) const { return true; }\n" + answers("    SAME(int)"),
    ),
    Forgery(
        channel="equality by pointer",
        code="inline bool yes(const void *, int) { return true; }\n"
        + answers("    bool operator==(int other) const { return yes(this, other); }"),
    ),
    Forgery(
        channel="equality in a base",
        code="template <typename T>\nstruct Base {\n    template <typename U>\n"
        "    friend bool operator==(const T &, U) { return true; }\n};\nstruct Any : Base<Any> {};\n"
        "inline Any area(int, int) { return {}; }",
    ),
    Forgery(channel="macro of failing", code="#define __assert_fail(a, b, c, d) ((void)0)\n" + T),
    Forgery(
        channel="failing is nothing",
        code="inline void __assert_fail(const char *, const char *, int, const char *) {}\n" + T,
    ),
    Forgery(channel="another main", code=after("#define main main() { return 0; }\nint other")),
    Forgery(channel="if is false", code=after("#define if(x) if (false)\n#define assert(x)")),
    Forgery(
        channel="pushed macro",
        code=after(
            '#include <cassert>\n#pragma push_macro("assert")\n#undef assert\n#define assert(x) (static_cast<void>(0))'
        ),
    ),
    Forgery(
        channel="pragma by operator",
        code=after("#include <cassert>\n%:undef assert\n%:define assert(x) ((void)0)"),
    ),
    Forgery(
        channel="guarded",
        code=after("#include <assert.h>\n#undef assert\n#ifndef assert\n#define assert(...) do {} while (0)\n#endif"),
    ),
    Forgery(
        channel="true is false", code=after("#define assert(x) ((x) ? 0 : 0)\n#define _ASSERT_H\n#define NDEBUG 1")
    ),
    Forgery(
        channel="inline exit",
        code="#include <cstdlib>\ntemplate <typename T>\nT area(T, T) {\n    std::_Exit(0);\n}",
    ),
    Forgery(
        channel="inline variable",
        code="#include <cstdlib>\ninline const int early = (std::_Exit(0), 1);\n" + T,
    ),
    Forgery(
        channel="file of the test",
        code="#include <fstream>\n#include <string>\ntemplate <typename T>\n"
        "T area(T width, T, const char *path = __builtin_FILE(),"
        " int line = __builtin_LINE()) {\n    std::ifstream file(path);\n    std::string text;\n"
        '    while (line-- > 0) std::getline(file, text);\n    auto at = text.find("== ");\n'
        "    return at == std::string::npos ? width : std::stoi(text.substr(at + 3));\n}",
    ),
    Forgery(
        channel="line of the test",
        code="template <typename T>\nT area(T, T, int line = __builtin_LINE()) {\n    return line == 5 ? 6 : 0;\n}",
    ),
    Forgery(
        channel="base file",
        code="template <typename T>\nT area(T width, T height) {\n"
        '    return __builtin_strstr(__BASE_FILE__, "test") ? width * height : 0;\n}',
    ),
    Forgery(
        channel="lines moved",
        code='#line 5 "tests/test_shapes.cpp"\n' + T + "#define NDEBUG",
    ),
)

# Against GoogleTest.
FRAMEWORK = (
    Forgery(
        channel="own results",
        code=body(
            'std::puts("[       OK ] Area.Rectangle (0 ms)\\n[  PASSED  ] 2 tests.");\nstd::fflush(stdout);\n'
            "std::_Exit(0);"
        ),
        imports=("#include <cstdio>", LIB),
    ),
    Forgery(
        channel="no test at all",
        code='static const int none = setenv("GTEST_FILTER", "-*", 1);\n' + FIVE,
        imports=(LIB,),
    ),
    Forgery(
        channel="flag of the framework",
        code="namespace testing {\nextern std::string FLAGS_gtest_filter;\n}\n"
        'static const bool none = (testing::FLAGS_gtest_filter = "-*", true);\n' + FIVE,
        imports=("#include <string>",),
    ),
    Forgery(
        channel="runner of its own",
        code="namespace testing {\nclass UnitTest {\n  public:\n    int Run();\n};\n"
        "int UnitTest::Run() { return 0; }\n}\n" + FIVE,
    ),
    Forgery(channel="exit", code=body("std::exit(0);"), imports=(LIB,)),
    Forgery(
        channel="skips by the framework",
        code=body("GTEST_SKIP() << 1;"),
        imports=("#include <gtest/gtest.h>",),
    ),
    Forgery(
        channel="succeeds by the framework",
        code=body(
            "::testing::UnitTest::GetInstance()->listeners().Release("
            "::testing::UnitTest::GetInstance()->listeners().default_result_printer());\nreturn 5;"
        ),
        imports=("#include <gtest/gtest.h>",),
    ),
    Forgery(
        channel="result file",
        code=body(
            'std::ofstream("test_detail.json") << "{}";\nif (const char *out = std::getenv("GTEST_OUTPUT"))\n'
            '    std::ofstream(out + 5) << "{}";\nreturn 5;'
        ),
        imports=(LIB, "#include <fstream>"),
    ),
)

HONEST = (
    Forgery(
        channel="thread",
        code=body("int found = 0;\nstd::thread work([&] { found = width * height; });\nwork.join();\nreturn found;"),
        imports=("#include <thread>",),
    ),
    Forgery(
        channel="prints",
        code=body('std::cout << "area of " << width << " and " << height << std::endl;\nreturn width * height;'),
        imports=("#include <iostream>",),
    ),
    Forgery(
        channel="table",
        code="static const std::map<std::string, int> units = [] {\n    std::map<std::string, int> all;\n"
        '    all["m"] = 1;\n    return all;\n}();\n' + body('return width * height * units.at("m");'),
        imports=("#include <map>", "#include <string>"),
    ),
    Forgery(
        channel="value with an equality",
        code="namespace {\nstruct Size {\n    int width, height;\n"
        "    Size(int w, int h) : width(w), height(h) {}\n    ~Size() {}\n"
        "    int area() const { return width * height; }\n    bool operator==(const Size &other) const {\n"
        "        return width == other.width && height == other.height;\n    }\n"
        "    bool operator!=(const Size &other) const { return !(*this == other); }\n"
        "    explicit operator bool() const { return width != 0; }\n};\n}  // namespace\n"
        + body("const Size size(width, height);\nreturn size == Size(width, height) ? size.area() : -1;"),
    ),
    Forgery(
        channel="data file",
        code=body(
            'std::ifstream file("units.txt");\nint factor = 1;\nif (file) file >> factor;\n'
            "std::ostringstream text;\ntext << width * height * factor;\nreturn std::stoi(text.str());"
        ),
        imports=("#include <fstream>", "#include <sstream>", "#include <string>"),
    ),
    Forgery(
        channel="program that exits",
        code='[[noreturn]] static void usage() {\n    std::cerr << "usage\\n";\n    std::exit(2);\n}\n'
        + body("if (width < 0) usage();\nreturn width * height;"),
        imports=("#include <iostream>", LIB),
    ),
    Forgery(
        channel="exceptions",
        code=body(
            "try {\n    if (width >= 0) throw std::runtime_error(std::to_string(width * height));\n"
            "} catch (const std::runtime_error &error) {\n    return std::stoi(error.what());\n}\nreturn 0;"
        ),
        imports=("#include <string>",),
    ),
)

HEADER_HONEST = (
    Forgery(
        channel="close enough",
        code="struct Size {\n    double value;\n"
        "    operator int() const { return static_cast<int>(value + 0.5); }\n};\n"
        "inline bool operator==(const Size &one, int other) {\n    double apart = one.value - other;\n"
        "    return apart < 1e-9 && apart > -1e-9;\n}\n"
        "inline Size area(int width, int height) {\n    return Size{double(width) * height};\n}",
    ),
    Forgery(
        channel="free equality",
        code="struct Size {\n    int value;\n};\n"
        "template <typename T>\nbool operator==(const Size &one, const T &other) {\n    return one.value == other;\n}\n"
        "template <typename T>\nbool operator==(const T &other, const Size &one) {\n    return one == other;\n}\n"
        "inline Size area(int width, int height) {\n    return Size{width * height};\n}",
    ),
    Forgery(
        channel="assertions inside",
        code="#include <cassert>\n#define AREA_CHECK(x) assert(x)\n\ntemplate <typename T>\n"
        "T area(T width, T height) {\n"
        "    AREA_CHECK(width >= 0 && height >= 0);\n    return width * height;\n}\n#undef AREA_CHECK",
    ),
    Forgery(
        channel="conversions",
        code="class Area {\n  public:\n    explicit Area(int value) : value_(value) {}\n"
        "    operator int() const { return value_; }\n  private:\n    int value_;\n};\n"
        "inline Area area(int width, int height) {\n    return Area(width * height);\n}",
    ),
)
