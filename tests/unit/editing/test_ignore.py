from __future__ import annotations

import os
import random
from pathlib import Path, PurePosixPath

import pytest

from forge_lsp.editing.ignore import Guard
from forge_lsp.editing.secret_names import is_secret_name
from forge_lsp.redaction import redact
from tests.support import lang


@pytest.mark.parametrize(
    "name",
    [
        ".env",
        ".env.local",
        "a/.ENV.production",
        "prod.env",
        "key.pem",
        "x/tls.KEY",
        "id_rsa",
        "id_ed25519.pub",
        "cert.p12",
        ".npmrc",
        ".netrc",
        ".pypirc",
        "credentials",
        "credentials.json",
        "credentials.py",
        "gcp-credentials.json",
        "secrets.yaml",
        "secrets.py",
        ".ssh/config",
        ".aws/config",
        ".git/config",
        "terraform.tfvars",
        "http-token",
        "local.settings.json",
        ".git-credentials",
    ],
)
def test_secret_names(name: str) -> None:
    assert is_secret_name(PurePosixPath(name), lang.BUILT_IN.suffixes)


@pytest.mark.parametrize(
    "name",
    ["environment.py", "keys.py", "token.ts", "env/a.py", "tokenizer.py", "README.md", "AGENTS.md", "keyboard.cs"],
)
def test_other_names(name: str) -> None:
    assert not is_secret_name(PurePosixPath(name), lang.BUILT_IN.suffixes)


@pytest.mark.parametrize("suffix", lang.BUILT_IN.suffixes)
def test_code_about_credentials_is_code_in_every_language(suffix: str) -> None:
    assert not is_secret_name(PurePosixPath(f"aws_credentials{suffix}"), lang.BUILT_IN.suffixes)
    assert is_secret_name(PurePosixPath(f"credentials{suffix}"), lang.BUILT_IN.suffixes)
    assert is_secret_name(PurePosixPath(f"aws_credentials{suffix}"), ())


def test_code_about_credentials_is_listed(tmp_path: Path) -> None:
    made(tmp_path, "aws_credentials.cc", "aws_credentials.hh", "aws_credentials.rs", "aws_credentials.json")
    guard = Guard(tmp_path, lang.BUILT_IN.suffixes)
    listed = {name for name, _ in guard.listed((".cc", ".hh", ".rs", ".json"), most=99, known={}, folders={})}
    assert listed == {"aws_credentials.cc", "aws_credentials.hh", "aws_credentials.rs"}
    assert {path.name for path in guard.files((".cc", ".hh", ".rs", ".json"), most=99)} == listed


def made(root: Path, *names: str, text: str = "x = 1\n") -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def test_nested_ignore_files_decide_as_git_does(tmp_path: Path) -> None:
    (tmp_path / ".git" / "info").mkdir(parents=True)
    (tmp_path / ".git" / "info" / "exclude").write_text("mine.py\n")
    (tmp_path / ".gitignore").write_text("*.gen.py\nprivate/\n!private/open.py\n/top.py\n[broken\n")
    made(
        tmp_path,
        "a.py",
        "a.gen.py",
        "private/open.py",
        "top.py",
        "sub/top.py",
        "sub/keep.gen.py",
        "sub/b.py",
        "mine.py",
        "ai.py",
    )
    (tmp_path / "sub" / ".gitignore").write_text("!keep.gen.py\nb.py\n")
    (tmp_path / ".aiignore").write_text("ai.py\n")
    guard = Guard(tmp_path, lang.BUILT_IN.suffixes)
    shown = {str(guard.relative(path)) for path in tmp_path.rglob("*.py") if guard.may_show(path)}
    assert shown == {"a.py", "sub/top.py", "sub/keep.gen.py"}
    assert [str(guard.relative(path)) for path in guard.files((".py",), most=100)] == [
        "a.py",
        "sub/keep.gen.py",
        "sub/top.py",
    ]


def test_the_repositorys_rules_hold_in_a_workspace_below_it(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".gitignore").write_text("/pkg/gen/\n")
    made(tmp_path, "pkg/gen/a.py", "pkg/b.py")
    guard = Guard(tmp_path / "pkg", lang.BUILT_IN.suffixes)
    assert not guard.may_show(tmp_path / "pkg/gen/a.py")
    assert guard.may_show(tmp_path / "pkg/b.py")


@pytest.mark.skipif(os.name == "nt", reason="symbolic links need rights on Windows")
def test_links_count_by_where_they_lead_and_by_their_name(tmp_path: Path) -> None:
    work = tmp_path / "work"
    made(work, "a.py", ".env")
    made(tmp_path, "outside.py")
    (work / "out.py").symlink_to(tmp_path / "outside.py")
    (work / "env.py").symlink_to(work / ".env")
    (work / "in.py").symlink_to(work / "a.py")
    (work / "loop.py").symlink_to(work / "loop.py")
    (work / "up").symlink_to(tmp_path)
    (tmp_path / "link").symlink_to(work)
    guard = Guard(tmp_path / "link", lang.BUILT_IN.suffixes)
    assert guard.may_show(work / "in.py")
    assert guard.may_show(tmp_path / "link" / "a.py")
    for name in ("out.py", "env.py", "up/outside.py"):
        assert not guard.may_show(work / name), name
    assert not guard.may_show(tmp_path / "outside.py")
    assert not guard.may_show(work / ".." / "outside.py")


def test_the_walk_is_bounded_and_skips_heavy_folders(tmp_path: Path) -> None:
    made(tmp_path, *(f"a{i:02}.py" for i in range(20)), "node_modules/x/b.py", ".venv/c.py")
    assert len(list(Guard(tmp_path, lang.BUILT_IN.suffixes).files((".py",), most=5))) == 5
    assert len(list(Guard(tmp_path, lang.BUILT_IN.suffixes).files((".py",), most=500))) == 20


PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEAabc123\nabcdefghijkl\n-----END RSA PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ('k = "AKIAIOSFODNN7EXAMPLE1"', "IOSFODNN7EXAMPLE1"),
        ("ghp_abcdefghijklmnop12345", "abcdefghijklmnop"),
        ("sk-ant-api03-abcdefgh1234567", "abcdefgh"),
        ("sk-abcdef1234567890abcd", "abcdef1234"),
        ("xoxb-1234567890-abcdefg", "1234567890"),
        ("AIzaSyA1234567890abcdefg", "SyA123"),
        (PEM, "MIIEow"),
        ("postgres://admin:hunter2secret@db/x", "hunter2secret"),
        ('password = "hunter2hunter2hunter2"', "hunter2hunter2"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abcdefghij123", "hbGciOi"),
        ('"ApiKey": "abcdef0123456789abcdef"', "abcdef0123"),
    ],
)
def test_secrets_are_hidden_in_their_shape_and_restored(text: str, secret: str) -> None:
    around = f"😀 a = 1\n{text}\nb = 2\n"
    hidden = redact(around)
    assert secret not in hidden.text
    assert len(hidden.text) == len(around)
    assert hidden.text.count("\n") == around.count("\n")
    assert hidden.restore(hidden.text) == around
    assert secret not in repr(hidden)
    assert redact(around) == hidden


@pytest.mark.parametrize(
    "text",
    [
        "sk-learn is sk-something-else-entirely",
        "password = input('password')",
        'password = "your-password-goes-here"',
        "task-1234567890abcdefghij",
        "https://example.com:8080/a@b",
        "def secret_key(self): ...",
        "npm_config_registry_setting_name",
    ],
)
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert redact(text).text == text


def test_two_secrets_get_two_placeholders() -> None:
    hidden = redact("ghp_aaaaaaaaaaaaaaaa1 ghp_bbbbbbbbbbbbbbbb2 ghp_aaaaaaaaaaaaaaaa1")
    first, second, third = hidden.text.split()
    assert first == third != second


def test_what_lies_in_a_folder_of_keys_is_not_shown_under_any_name(tmp_path: Path) -> None:
    root = tmp_path / "work"
    made(root, "deep/.aws/inner/tool.py", "plain/tool.py")
    made(tmp_path, "work-too/tool.py")
    (root / "code").symlink_to(root / "deep/.aws/inner", target_is_directory=True)
    (root / ".SSH").symlink_to(root / "plain", target_is_directory=True)
    (root / "named.py").symlink_to(root / "deep/.aws/inner/tool.py")
    guard = Guard(root, lang.BUILT_IN.suffixes)
    for name in ("deep/.aws/inner/tool.py", "code/tool.py", ".SSH/tool.py", "named.py", "../work-too/tool.py"):
        assert not guard.may_show(root / name), name
    assert guard.may_show(root / "plain/tool.py") and guard.may_show(root / "plain/../plain/tool.py")
    assert guard.relative(root) == PurePosixPath() and guard.relative(tmp_path / "work-too/tool.py") is None


@pytest.mark.parametrize("seed", range(12))
def test_links_are_followed_folder_by_folder_as_whole_paths_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Folders that are links, to folders, to nothing, to themselves; names with dots, relative and absolute."""
    draw = random.Random(seed)
    monkeypatch.chdir(tmp_path)
    folders = ["."]
    for number in range(12):
        name = f"{draw.choice(folders)}/{draw.choice('abc')}{number}"
        try:
            if draw.random() < 0.4:
                other = draw.choice(folders)
                Path(name).symlink_to(draw.choice(["../x", other, tmp_path / other, "nothing", Path(name).name]))
            else:
                Path(name).mkdir(parents=True)
        except OSError:
            continue  # within a link to nothing
        folders.append(name)
    guard = Guard(tmp_path, (".py",))
    for folder in folders:
        for name in ("", "f.py", "../f.py", "./f.py", "a/../f.py", "/f.py"):
            for path in (f"{folder}/{name}", f"{tmp_path}/{folder}/{name}"):
                try:
                    followed = str(Path(path).resolve())
                except (OSError, RuntimeError):
                    followed = os.path.abspath(path)  # noqa: PTH100 - resolve() cannot
                assert guard.resolved(path) == followed
