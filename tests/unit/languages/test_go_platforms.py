"""For which system a Go file is compiled."""

from __future__ import annotations

import pytest

from forge_lsp.languages.go.platforms import platform_of


@pytest.mark.parametrize(("name", "constraint", "platform"), [
    ("a_freebsd.go", "", ("freebsd", "amd64")),
    ("a_windows.go", "", ("windows", "amd64")),
    ("a_windows_arm64.go", "", ("windows", "arm64")),
    ("a_arm64.go", "", ("linux", "arm64")),
    ("a_freebsd_test.go", "", ("freebsd", "amd64")),
    ("freebsd.go", "windows", ("windows", "amd64")),
    ("a.go", "!unix", ("windows", "amd64")),
    ("a.go", "darwin || (freebsd && arm64)", ("darwin", "amd64")),
    ("a.go", "freebsd && (arm64 || arm)", ("freebsd", "arm64")),
    ("a.go", "solaris && !illumos", ("solaris", "amd64")),
    ("a.go", "js && wasm && go1.21", ("js", "wasm")),
    ("a.go", "!linux && !darwin", ("windows", "amd64")),
    ("a.go", "windows && integration", None),
    ("a.go", "windows && cgo", None),
    ("a.go", "windows &&", None),
    ("a.go", "((windows", None),
    ("a_windows.go", "linux", None),
])  # fmt: skip
def test_the_platform_of_a_file(name: str, constraint: str, platform: tuple[str, str] | None) -> None:
    head = f"//go:build {constraint}\n\n" if constraint else ""
    assert platform_of(name, f"// A file.\n\n{head}package a\n") == platform
