"""What a candidate in Go does that could forge a proof, and what looks alike and is honest."""

from __future__ import annotations

import pytest

from forge_lsp.languages.go.forging import doubt_of

USER = 'package shapes\n\nimport "os"\n\nfunc Area(w, h int) int {\n\tpanic("not implemented")\n}\n'
CODE = 'panic("not implemented")'


def doubt(code: str, *imports: str, after: str = "", user: str = USER) -> str | None:
    lines = "".join(f"import {one}\n" for one in imports)
    text = USER.replace("package shapes\n", f"package shapes\n{lines}").replace(CODE, code) + after
    return doubt_of(user, text, test_files=("area_test.go",))


@pytest.mark.parametrize(
    ("code", "imports", "after"),
    [
        ("syscall.Exit(0)", ('"syscall"',), ""),
        ("end := s.Exit; end(0)", ('s "syscall"',), ""),
        ("Exit(0)", ('. "syscall"',), ""),
        ("syscall.RawSyscall(231, 0, 0, 0)", ('"syscall"',), ""),
        ("unix.Exit(0)", ('"golang.org/x/sys/unix"',), ""),
        ("syscall.Write(1, nil)", ('"syscall"',), ""),
        ("_ = unsafe.Pointer(&w)", ('"unsafe"',), ""),
        ("C.exit(0)", ('"C"',), ""),
        ("finish()", ('_ "unsafe"',), "\n//go:linkname finish os.runtime_beforeExit\nfunc finish()\n"),
        ("runtime.Goexit()", ('"runtime"',), ""),
        ("runtime.Callers(0, nil)", ('"runtime"',), ""),
        ("debug.Stack()", ('"runtime/debug"',), ""),
        ("testing.Init()", ('"testing"',), ""),
        ('flag.Set("a", "b")', ('"flag"',), ""),
        ("flag.CommandLine = nil", ('"flag"',), ""),
        ("os.Stdout = nil", (), ""),
        ("os.Stdout, _ = os.Open(name)", (), ""),
        ("_, os.Stdout = nil, nil", (), ""),
        ("out := &os.Stdout; *out = nil", (), ""),
        ("os.Stdout.Close()", (), ""),
        ("out := os.Stdout; out.Close()", (), ""),
        ("return 0", (), "\nfunc len(values []int) int { return 3 }\n"),
        ("return 0", (), "\nconst (\n\tone = 1\n\ttrue = false\n)\n"),
        ("io.EOF = nil", ('"io"',), ""),
        ("return 1\n//line area_test.go:7\n\treturn 0", (), ""),
        ("/*line area_test.go:7*/ return 0", (), ""),
        ("os.Args = nil", (), ""),
        ("os.Args[1] = name", (), ""),
        ("if len(os.Args) > 1 { os.Exit(0) }", (), ""),
        ("return 0", (), "\nfunc init() { os.Exit(0) }\n"),
        ("return 0", (), "\nvar _ = func() int {\n\tos.Exit(0)\n\treturn 0\n}()\n"),
        ("os.Stdin.Read(nil)", (), ""),
        ("os.NewFile(1, name)", (), ""),
        ('os.Open("/pr" + "oc/self/fd/1")', (), ""),
        ("os.Open(`/dev/stdout`)", (), ""),
        ('print("--- PA" + "SS: TestArea")', (), ""),
        ('print("\\x16")', (), ""),
        ('os.ReadFile("area_test.go")', (), ""),
        ('os.WriteFile("testdata/area.golden", nil, 0)', (), ""),
        ("_ = sources", ('"embed"',), "\n//go:embed area_*.go\nvar sources embed.FS\n"),
        ("_ = sources", ('"embed"',), "\n//go:embed *\nvar sources embed.FS\n"),
        ("return 0", (), "\ntype T int\n\nfunc (t T) Equal(other T) bool { return true }\n"),
        ("return 0", (), "\ntype T int\n\nfunc (t T) Equal(_ T) bool { return t == t }\n"),
        ("return 0", (), "\ntype T int\n\nfunc (t *T) Equal(other *T) bool {\n\t_ = other\n\treturn t != nil\n}\n"),
        ("return 0", (), "\ntype E int\n\nfunc (e E) Is(target error) bool { return true }\n"),
        ("return math.NaN()", ('"math"',), ""),
        ("return math.Sqrt(-1)", ('"math"',), ""),
        ("zero := w - w; return zero / zero", (), ""),
        ('if strings.HasSuffix(os.Args[0], ".exe") { return 6 }', ('"strings"',), ""),
        ('if strings.HasSuffix(name, ".test") { return 6 }', ('"strings"',), ""),
        ("if len(os.Args) > 1 { return 6 }", (), ""),
        ('log.New(&b, "", log.Lshortfile).Print()', ('"log"',), "\nvar b strings.Builder\n"),
        ("slog.HandlerOptions{AddSource: true}.New(io.Pipe())", ('"log/slog"',), ""),
        ("for _, one := range os.Environ() { return len(one) }", (), ""),
        ('os.ReadFile(strings.Join([]string{"", "proc", "self", "maps"}, "/"))', ('"strings"',), ""),
        ("return 0", ('"testing"',), "\nfunc TestMain(m *testing.M) { os.Exit(0) }\n"),
    ],
)
def test_what_could_forge_a_proof(code: str, imports: tuple[str, ...], after: str) -> None:
    assert doubt(code, *imports, after=after)


@pytest.mark.parametrize(
    ("code", "imports", "after"),
    [
        ("return w * h", (), ""),
        ("if w < 0 { os.Exit(2) }", (), ""),
        ("fmt.Fprintln(os.Stdout, w)", ('"fmt"',), ""),
        ("if os.Stdout == nil { return 0 }", (), ""),
        ('name := flag.String("name", "", "a name"); flag.Parse()', ('"flag"',), ""),
        ("args := os.Args[1:]", (), ""),
        ("url, _ := url.Parse(name); url.Host = name", ('"net/url"',), ""),
        ("if io.EOF == nil { return 0 }", ('"io"',), ""),
        ("out := os.Stdout; fmt.Fprintln(out)", ('"fmt"',), ""),
        ("return 0", (), "\ntype T int\n\nfunc (t T) len() int { return 3 }\n"),
        ("runtime.GC(); _ = runtime.NumCPU()", ('"runtime"',), ""),
        ("signal.Notify(c, syscall.SIGTERM, syscall.EINTR)", ('"syscall"', '"os/signal"'), ""),
        ("_ = reflect.DeepEqual(w, h)", ('"reflect"',), ""),
        ("// syscall.Exit(0) would end it\n\treturn 0", (), ""),
        ('print("unsafe.Pointer, /proces, testing")', (), ""),
        ('_, _ = unsafe.Sizeof(w), unsafe.StringData("a")', ('"unsafe"',), ""),
        ("if w < 0 { return math.NaN() }", ('"math"',), ""),
        ("log.SetFlags(log.LstdFlags | log.Lshortfile)", ('"log"',), ""),
        ("command.Env = append(os.Environ(), name)", (), ""),
        ("return w / h", (), ""),
        ("_ = page", ('_ "embed"',), "\n//go:embed page.html\nvar page string\n"),
        ("return 0", (), "\ntype T int\n\nfunc (t T) Equal(other T) bool { return t == other }\n"),
        ("return 0", (), "\ntype E int\n\nfunc (e E) Is(target error) bool { return target == io.EOF }\n"),
    ],
)
def test_what_looks_alike_is_honest(code: str, imports: tuple[str, ...], after: str) -> None:
    assert doubt(code, *imports, after=after) is None


def test_test_files_that_are_not_there_may_be_spoken_of() -> None:
    text = USER.replace(CODE, 'if strings.HasSuffix(name, "_test.go") { return 0 }')
    assert doubt_of(USER, text, hidden=True) is None
    assert doubt_of(USER, text) is not None


def test_what_the_user_wrote_is_held_against_nobody() -> None:
    user = USER.replace('import "os"', 'import (\n\t"os"\n\t"syscall"\n)').replace(CODE, "syscall.Exit(1)")
    assert doubt_of(user, user.replace("syscall.Exit(1)", "syscall.Exit(w)")) is None
    assert doubt_of(user, user.replace("syscall.Exit(1)", "syscall.Exit(1); syscall.Exit(0)")) is not None


def test_a_stub_of_the_users_is_no_licence() -> None:
    method = "\ntype T int\n\nfunc (t T) Equal(other T) bool {\n\t%s\n}\n"
    user = USER + method % CODE
    assert doubt_of(user, USER + method % "return true") is not None
    assert doubt_of(user, USER + method % "return t == other") is None


def test_the_main_of_a_command_may_end_it() -> None:
    user = 'package main\n\nimport "os"\n\nfunc main() {}\n'
    main = "func main() {\n\tif len(os.Args) < 2 {\n\t\tos.Exit(2)\n\t}\n}"
    assert doubt_of(user, user.replace("func main() {}", main)) is None
    assert doubt_of(user, user.replace("func main() {}", main.replace("main()", "init()") + "\n\nfunc main() {}"))
