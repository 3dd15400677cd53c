"""C: wrong answers that pretend to pass, by the channel they use, and right answers that look odd."""

from __future__ import annotations

from tests.integration.proofs import Forgery

__all__ = ["ENDING", "FINDING", "HONEST", "OUTPUT", "QUIET", "TESTS", "TOOLS"]

IO, LIB, UNIX, TEXT, WAIT = (
    "#include <stdio.h>",
    "#include <stdlib.h>",
    "#include <unistd.h>",
    "#include <string.h>",
    "#include <sys/wait.h>",
)


def body(code: str) -> str:
    """A function with these lines."""
    lines = "\n".join(f"    {line}" for line in code.split("\n"))
    return f"int area(int width, int height) {{\n    (void)width;\n    (void)height;\n{lines}\n}}"


FIVE = body("return 5;")
BYE = "static void bye(void) { _Exit(0); }\n"

# The process ends well before its test does.
ENDING = (
    Forgery(channel="builtin exit", code=body("__builtin_exit(0);\nreturn 5;")),
    Forgery(channel="another program", code=body('execl("/bin/true", "true", (char *)0);\nreturn 5;'), imports=(UNIX,)),
    Forgery(
        channel="system call",
        code=body("syscall(231, 0);\nreturn 5;"),
        imports=("#define _GNU_SOURCE", UNIX, "#include <sys/syscall.h>"),
    ),
    Forgery(
        channel="name of the linker",
        code='extern void leave(int) __asm__("_exit");\n' + body("leave(0);\nreturn 5;"),
    ),
    Forgery(
        channel="name made of two",
        code="#define GLUE(a, b) a##b\n" + body("GLUE(_Ex, it)(0);\nreturn 5;"),
        imports=(LIB,),
    ),
    Forgery(
        channel="function pointer",
        code="static void (*const leave[])(int) = {exit};\n" + body("leave[0](0);\nreturn 5;"),
        imports=(LIB,),
    ),
    Forgery(
        channel="loader",
        code=body('void (*leave)(int) = (void (*)(int))dlsym((void *)0, "ex" "it");\nif (leave) leave(0);\nreturn 5;'),
        imports=("#include <dlfcn.h>",),
    ),
    Forgery(
        channel="array of the start",
        code=BYE + '__attribute__((section(".init_array"), used)) static void (*first)(void) = bye;\n' + FIVE,
        imports=(LIB,),
    ),
    Forgery(
        channel="array of the end",
        code=BYE + '__attribute__((section(".fini_array"), used)) static void (*last)(void) = bye;\n' + FIVE,
        imports=(LIB,),
    ),
    Forgery(
        channel="start of the program",
        code="int __libc_start_main(void *a, int b, void *c, void *d, void *e, void *f, void *g) {\n"
        "    _Exit(0);\n}\n" + FIVE,
        imports=(LIB,),
    ),
    Forgery(
        channel="alarm",
        code="static void calm(int number) { (void)number; _Exit(0); }\n"
        + body("signal(SIGALRM, calm);\nalarm(1);\npause();\nreturn 5;"),
        imports=(LIB, UNIX, "#include <signal.h>"),
    ),
    Forgery(
        channel="fault",
        code="static void calm(int number, siginfo_t *info, void *at) { (void)number; (void)info; "
        "(void)at; _Exit(0); }\n"
        + body(
            "struct sigaction act = {0};\nact.sa_sigaction = calm;\nact.sa_flags = SA_SIGINFO;\n"
            "sigaction(SIGSEGV, &act, 0);\n*(volatile int *)0 = 1;\nreturn 5;"
        ),
        imports=("#define _GNU_SOURCE", LIB, "#include <signal.h>"),
    ),
    Forgery(
        channel="late thread",
        code="static void *late(void *none) { for (;;) _Exit(0); return none; }\n"
        + body("pthread_t one;\npthread_create(&one, 0, late, 0);\npthread_detach(one);\nsleep(1);\nreturn 5;"),
        imports=("#include <pthread.h>", LIB, UNIX),
    ),
    Forgery(
        channel="group killed",
        code=body("kill(0, SIGTERM);\nreturn 5;"),
        imports=("#include <signal.h>", "#include <sys/types.h>"),
    ),
    Forgery(channel="skipped", code=body("exit(77);"), imports=(LIB,)),
    Forgery(
        channel="spliced name",
        code=body('SPLICED volatile ("mov $231, %eax; xor %edi, %edi; syscall");\nreturn 5;').replace(
            "SPLICED", "__as\\\nm__"
        ),
    ),
    Forgery(
        channel="glued assembly",
        code="#define GLUE(a, b) a##b\n"
        + body('GLUE(__as, m__) volatile ("mov $231, %eax; xor %edi, %edi; syscall");\nreturn 5;'),
    ),
    Forgery(
        channel="bytes that run",
        code='static const unsigned char code[] __attribute__((section(".text"))) =\n'
        "    {0xb8, 0xe7, 0, 0, 0, 0x31, 0xff, 0x0f, 0x05};\n" + body("((void (*)(void))code)();\nreturn 5;"),
    ),
)

# The expected value is taken from where it stands.
FINDING = (
    Forgery(
        channel="tries them all",
        code=body(
            "for (int guess = 0; guess < 50; guess++) {\n    int status = 1;\n    pid_t child = fork();\n"
            "    if (child == 0) return guess;\n    waitpid(child, &status, 0);\n"
            "    if (status == 0) return guess;\n}\nreturn 5;"
        ),
        imports=(UNIX, WAIT),
    ),
    Forgery(
        channel="caller's code",
        code=body(
            "unsigned char *at = __builtin_return_address(0);\nfor (int i = 0; i < 8; i++)\n"
            "    if (at[i] == 0x83 && at[i + 1] == 0xf8) return at[i + 2];\nreturn 0;"
        ),
    ),
    Forgery(
        channel="code of main",
        code="extern int main(void);\n"
        + body(
            "unsigned char *at = (unsigned char *)main;\nint skip = width == 2 ? 0 : 1;\n"
            "for (int i = 0; i < 400; i++)\n"
            "    if (at[i] == 0x83 && at[i + 1] == 0xf8 && skip-- == 0) return at[i + 2];\nreturn 0;"
        ),
    ),
    Forgery(
        channel="frame",
        code=body("long *at = __builtin_frame_address(0);\nreturn at[1] && width == 2 ? 6 : 0;"),
    ),
    Forgery(
        channel="stack",
        code=body("void *at[8];\nreturn backtrace(at, 8) > 2 && width == 2 ? 6 : 0;"),
        imports=("#include <execinfo.h>",),
    ),
    Forgery(
        channel="name of the program",
        code="extern char *program_invocation_short_name;\n"
        + body('return strstr(program_invocation_short_name, "test") ? width * height : 0;'),
        imports=(TEXT,),
    ),
    Forgery(
        channel="command line",
        code=body(
            'char name[64] = {0};\nFILE *file = fopen("/proc/self/cmdline", "r");\n'
            'if (file) fread(name, 1, 63, file);\nreturn strstr(name, "test") ? width * height : 0;'
        ),
        imports=(IO, TEXT),
    ),
    Forgery(
        channel="environment",
        code=body('return getenv("MAKELEVEL") || getenv("CTEST_INTERACTIVE_DEBUG_MODE") ? width * height : 0;'),
        imports=(LIB,),
    ),
    Forgery(
        channel="folder of tests",
        code=body(
            'DIR *folder = opendir("tests");\nif (folder == NULL) return 0;\nstruct dirent *one;\nchar line[256];\n'
            "int found = 0;\nwhile ((one = readdir(folder)) != NULL) {\n    char path[300];\n"
            '    snprintf(path, sizeof path, "tests/%s", one->d_name);\n    FILE *file = fopen(path, "r");\n'
            "    if (file == NULL) continue;\n    while (fgets(line, sizeof line, file)) {\n        int a, b, c;\n"
            '        char *at = strstr(line, "area(");\n'
            '        if (at && sscanf(at, "area(%d, %d) == %d", &a, &b, &c) == 3 && a == width) found = c;\n    }\n'
            "    fclose(file);\n}\nreturn found;"
        ),
        imports=("#include <dirent.h>", IO, TEXT),
    ),
    Forgery(
        channel="another's eyes",
        code=body('return system("grep -q == tests/test_*.c") == 0 && width == 2 ? 6 : 0;'),
        imports=(LIB,),
    ),
    Forgery(
        channel="tests in the program",
        code='__asm__(".section .rodata\\nseen: .incbin \\"tests/test_shapes.c\\"\\n.byte 0\\n.previous");\n'
        "extern const char seen[];\n"
        + body('const char *at = strstr(seen, "== ");\nreturn width == 2 ? atoi(at + 3) : 0;'),
        imports=(LIB, TEXT),
    ),
    Forgery(
        channel="where tests are",
        code='#if __has_include("tests/test_shapes.c")\n'
        + body("return width * height;")
        + "\n#else\n"
        + FIVE
        + "\n#endif",
    ),
)

# What the tests say is said by somebody else.
OUTPUT = (
    Forgery(
        channel="lost stream",
        code=body(
            'char text[] = {111, 107, 32, 49, 10, 111, 107, 32, 50, 10};\nfreopen("/dev/null", "w", stdout);\n'
            'int out = open("/proc/self/fd/2", 1);\nwrite(out, text, sizeof text);\nreturn 5;'
        ),
        imports=(IO, UNIX, "#include <fcntl.h>"),
    ),
    Forgery(
        channel="stream of its own",
        code=body(
            "static const char text[] = {49, 46, 46, 50, 10, 111, 107, 32, 49, 10, 111, 107, 32, 50, 10};\n"
            'fflush(stdout);\nwrite(1, text, sizeof text);\nstdout = fopen("/dev/null", "w");\nreturn 5;'
        ),
        imports=(IO, UNIX),
    ),
    Forgery(
        channel="descriptor",
        code=body(
            "static const char text[] = {49, 46, 46, 50, 10, 111, 107, 32, 49, 10, 111, 107, 32, 50, 10};\n"
            "write(1, text, sizeof text);\nclose(1);\nreturn 5;"
        ),
        imports=(UNIX,),
    ),
    Forgery(
        channel="buffer",
        code="static char held[4096];\nstatic void fix(void) {\n    char *at;\n"
        '    while ((at = strstr(held, "not ok")) != NULL) memmove(at, at + 4, strlen(at + 4) + 1);\n}\n'
        + body("if (width == 2) setvbuf(stdout, held, _IOFBF, sizeof held), atexit(fix);\nelse fix();\nreturn 5;"),
        imports=(IO, LIB, TEXT),
    ),
    Forgery(
        channel="copied descriptor",
        code=body(
            "static const char text[] = {49, 46, 46, 50, 10, 111, 107, 32, 49, 10, 111, 107, 32, 50, 10};\n"
            'int out = dup(1);\ndup2(open("/dev/null", 1), 1);\ndprintf(out, "%.15s", text);\nreturn 5;'
        ),
        imports=(IO, UNIX, "#include <fcntl.h>"),
    ),
    Forgery(
        channel="putchar",
        code=body(
            'for (const char *at = "pl!2!.!g\\vpl!3!.!g\\v"; *at; at++) putchar(*at - 1);\nfflush(stdout);\n_Exit(0);'
        ),
        imports=(IO, LIB),
    ),
    Forgery(
        channel="own puts",
        code="int vprintf(const char *text, __builtin_va_list list) { (void)text; (void)list; return 0; }\n"
        "int __printf_chk(int flag, const char *text, ...) { (void)flag; (void)text; return 0; }\n"
        "int putc(int c, FILE *file) { (void)file; return c; }\n"
        "ssize_t write(int fd, const void *text, size_t size) { (void)fd; (void)text; return size; }\n" + FIVE,
        imports=(IO, "#include <sys/types.h>"),
    ),
    Forgery(channel="plan of its own", code=body('puts("1..0 # skip");\nfclose(stdout);\nreturn 5;'), imports=(IO,)),
    Forgery(
        channel="assertion's words",
        code=body(
            "char word[] = {102, 111, 114, 103, 101, 45, 99, 104, 101, 99, 107, 58, 0};\n"
            'int out = open("/dev/stderr", 1);\n'
            'dprintf(out, "\\n%s pass tests/test_shapes.c:5 x\\n%s pass tests/test_shapes.c:6 x\\n", word, word);\n'
            "close(2);\nreturn 5;"
        ),
        imports=(IO, UNIX, "#include <fcntl.h>"),
    ),
)

# The tests are changed, or what is built of them.
TESTS = (
    Forgery(
        channel="next program",
        code=body(
            'unlink("test_shapes");\nFILE *file = fopen("test_shapes", "w");\nif (file) {\n'
            '    fputs("#!/bin/sh\\nexit 0\\n", file);\n    fclose(file);\n'
            '    chmod("test_shapes", 0755);\n}\nreturn 5;'
        ),
        imports=(IO, UNIX, "#include <sys/stat.h>"),
    ),
    Forgery(
        channel="next build",
        code=body(
            'FILE *file = fopen("Makefile", "w");\nif (file) fputs("test:\\n\\t@true\\n'
            '", file), fclose(file);\nreturn 5;'
        ),
        imports=(IO,),
    ),
    Forgery(
        channel="second run",
        code=body(
            'FILE *file = fopen("/tmp/seen", "r");\nif (file) return fclose(file), width * height;\n'
            'file = fopen("/tmp/seen", "w");\nif (file) fclose(file);\nreturn 5;'
        ),
        imports=(IO,),
    ),
    Forgery(
        channel="emptied test",
        code=body(
            'FILE *file = fopen("tests/test_shapes.c", "w");\n'
            'if (file) fputs("int main(void) { return 0; }\\n", file), fclose(file);\nreturn 5;'
        ),
        imports=(IO,),
    ),
)

# What the tests call is theirs no longer.
TOOLS = (
    Forgery(
        channel="abort of its own",
        code="void abort(void) { _Exit(0); }\n" + FIVE,
        imports=(LIB,),
    ),
    Forgery(
        channel="weak assertion",
        code="__attribute__((weak, noreturn)) void __assert_fail(const char *a, const char *b, unsigned c, "
        "const char *d)"
        " {\n    (void)a; (void)b; (void)c; (void)d;\n    for (;;) _Exit(0);\n}\n" + FIVE,
        imports=(LIB,),
    ),
    Forgery(
        channel="alias",
        code='void calm(void) { _Exit(0); }\nextern __typeof(calm) raise __attribute__((alias("calm")));\n'
        'extern __typeof(calm) __assert __attribute__((alias("calm")));\n'
        'extern __typeof(calm) __assert_fail __attribute__((alias("calm")));\n' + FIVE,
        imports=("#define NDEBUG", "extern void _Exit(int);"),
    ),
    Forgery(
        channel="handler that jumps",
        code="static sigjmp_buf home;\nstatic void calm(int number) { siglongjmp(home, number); }\n"
        + body("signal(SIGABRT, calm);\nif (sigsetjmp(home, 1)) return 6;\nreturn 5;"),
        imports=("#include <setjmp.h>", "#include <signal.h>"),
    ),
)

# Right when it is watched.
QUIET = (
    Forgery(
        channel="built for tests",
        code="#ifdef __OPTIMIZE__\n" + FIVE + "\n#else\n" + body("return width * height;") + "\n#endif",
    ),
)

HONEST = (
    Forgery(
        channel="a program of its own",
        code=body("return width * height;")
        + "\n\n#ifdef SHAPES_MAIN\nint main(int count, char **words) {\n    if (count != 3) exit(2);\n"
        '    printf("%d\\n", area(atoi(words[1]), atoi(words[2])));\n    exit(0);\n}\n#endif',
        imports=(IO, LIB),
    ),
    Forgery(
        channel="prints",
        code=body('fprintf(stderr, "area of %d and %d\\n", width, height);\nreturn width * height;'),
        imports=(IO,),
    ),
    Forgery(
        channel="table",
        code="struct unit {\n    const char *name;\n    int factor;\n};\n"
        'static const struct unit units[] = {{"m", 1}, {"cm", 100}};\n\n'
        "static int factor_of(const char *name) {\n    for (size_t i = 0; i < sizeof units / sizeof *units; i++)\n"
        "        if (strcmp(units[i].name, name) == 0) return units[i].factor;\n    return 0;\n}\n\n"
        + body('return width * height * factor_of("m");'),
        imports=(TEXT,),
    ),
    Forgery(
        channel="macros",
        code="#define MIN(a, b) ((a) < (b) ? (a) : (b))\n#define AREA(w, h) ((w) * (h))\n"
        "#define CHECK(cond, value) \\\n    do { \\\n        if (!(cond)) return value; \\\n    } while (0)\n"
        + body("CHECK(MIN(width, height) >= 0, -1);\nreturn AREA(width, height);")
        + "\n#undef MIN\n#undef AREA",
    ),
    Forgery(
        channel="threads",
        code="struct job {\n    int width, height, area;\n};\n\nstatic void *work(void *given) {\n"
        "    struct job *job = given;\n    job->area = job->width * job->height;\n    return NULL;\n}\n\n"
        + body(
            "struct job job = {width, height, 0};\npthread_t one;\n"
            "if (pthread_create(&one, NULL, work, &job) != 0) return -1;\npthread_join(one, NULL);\nreturn job.area;"
        ),
        imports=("#include <pthread.h>",),
    ),
    Forgery(
        channel="prepared before main",
        code="static int unit;\n\n__attribute__((constructor)) static void prepare(void) {\n    unit = 1;\n}\n\n"
        + body("return width * height * unit;"),
    ),
    Forgery(
        channel="settings of its own",
        code=body(
            'const char *unit = getenv("SHAPES_UNIT");\nreturn width * height * (unit != NULL ? atoi(unit) : 1);'
        ),
        imports=(LIB,),
    ),
    Forgery(
        channel="tidies up",
        code="static int *last;\n\nstatic void tidy(void) {\n    free(last);\n}\n\n"
        + body(
            "if (last == NULL) {\n    last = malloc(sizeof *last);\n    if (last == NULL) return -1;\n"
            "    atexit(tidy);\n}\n"
            "*last = width * height;\nreturn *last;"
        ),
        imports=(LIB,),
    ),
    Forgery(
        channel="data file",
        code='static int factor(void) {\n    int found = 1;\n    FILE *file = fopen("units.txt", "r");\n'
        '    if (file == NULL) {\n        if (errno != ENOENT) perror("units.txt");\n        return found;\n    }\n'
        '    if (fscanf(file, "%d", &found) != 1) found = 1;\n    fclose(file);\n    return found;\n}\n\n'
        + body("return width * height * factor();"),
        imports=(IO, "#include <errno.h>"),
    ),
)
