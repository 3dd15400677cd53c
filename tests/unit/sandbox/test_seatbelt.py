"""The profile for macOS, read as its kernel reads it: of the rules that fit, the last one holds."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from forge_lsp.sandbox import seatbelt

pytestmark = pytest.mark.skipif(os.name != "posix", reason="names POSIX paths")

RULE = re.compile(r"\((?P<how>allow|deny) (?P<operations>[\w* -]+?)(?P<filters>(?: \(.*\))?)\)$")
FILTER = re.compile(r'\((?P<kind>literal|subpath|target|global-name) (?P<value>"(?:\\.|[^"\\])*"|[\w-]+)\)')


def allowed(profile: str, operation: str, path: str = "") -> bool:
    """Whether the profile allows an operation on a path (already resolved, as the kernel has it)."""
    answer = False
    for line in profile.removesuffix("\n").split("\n"):
        match = RULE.match(line)
        if match is None:
            assert line == "(version 1)", line
            continue
        filters = [(one["kind"], one["value"]) for one in FILTER.finditer(match["filters"])]
        named = any(
            operation == one or one == "default" or (one.endswith("*") and operation.startswith(one[:-1]))
            for one in match["operations"].split()
        )
        if named and (not filters or any(fits(kind, value, path) for kind, value in filters)):
            answer = match["how"] == "allow"
    return answer


def fits(kind: str, value: str, path: str) -> bool:
    if kind == "target":
        return path == value
    text = json.loads(value)
    return path == text or (kind == "subpath" and path.startswith(f"{text.rstrip('/')}/"))


@pytest.fixture
def profile(tmp_path: Path) -> str:
    return seatbelt.profile(read=[Path("/Users/me/.pyenv/versions/3.12/lib")], write=[Path("/Users/me/tmp/box")])


READABLE = (
    *("/usr/bin/python3", "/System/Library/x", "/opt/homebrew/bin/node", "/opt/homebrew/Cellar/node/1/bin"),
    *("/opt/homebrew/etc/ca-certificates/cert.pem", "/usr/local/etc/openssl@3/cert.pem", "/usr/local/bin/node"),
    *("/Users/me/.pyenv/versions/3.12/lib/os.py", "/Users/me/tmp/box/a.py", "/dev/urandom", "/dev/null"),
)
CLOSED = (
    *("/Users/me/.ssh/id", "/Users/me/.aws/credentials", "/Users/me/Library/Keychains/login", "/Users/me/code/other"),
    *("/Users/me/.pyenv/versions/3.12/share", "/Users/other/x", "/private/etc/master.passwd", "/private/var/db/x"),
    *("/private/tmp/x", "/private/var/folders/ab/x", "/Volumes/backup/x", "/opt/homebrew/var/postgres/x"),
    *("/opt/homebrew/etc/my.cnf", "/usr/local/var/run/docker.sock", "/usr/local/etc/redis.conf", "/dev/disk0"),
    *("/Users/me/tmp/box-beside/x", "/Users/me/tmp", "/dev/ttys001", "/Library/Keychains/System.keychain"),
)


@pytest.mark.parametrize("path", READABLE)
def test_tools_and_the_box_are_read(profile: str, path: str) -> None:
    assert allowed(profile, "file-read-data", path)
    assert allowed(profile, "file-read-metadata", path)


@pytest.mark.parametrize("path", CLOSED)
def test_nothing_else_is_read_or_written(profile: str, path: str) -> None:
    assert not allowed(profile, "file-read-data", path)
    for operation in ("data", "create", "unlink", "mode", "owner", "flags", "times", "xattr", "setugid"):
        assert not allowed(profile, f"file-write-{operation}", path), operation


def test_the_box_is_written_and_what_is_read_is_not(profile: str) -> None:
    assert allowed(profile, "file-write-create", "/Users/me/tmp/box/new")
    assert not allowed(profile, "file-write-setugid", "/Users/me/tmp/box/new")
    for path in READABLE:
        if not path.startswith(("/Users/me/tmp/box", "/dev/null")):
            assert not allowed(profile, "file-write-data", path), path


@pytest.mark.parametrize(
    "operation",
    [
        *("network-outbound", "network-inbound", "network-bind", "system-socket", "iokit-open", "mach-register"),
        *("mach-priv-task-port", "sysctl-write", "system-kext-load", "appleevent-send", "lsopen", "file-ioctl"),
        *("forbidden-exec-sugid", "job-creation", "ipc-sysv-shm", "ipc-posix-shm", "file-mount", "file-link"),
        *("process-codesigning-status-set", "system-privilege", "file-issue-extension", "user-preference-write"),
    ],
)
def test_what_leads_out_is_denied(profile: str, operation: str) -> None:
    assert not allowed(profile, operation, "/Users/me/tmp/box/x")


def test_other_processes_are_left_alone(profile: str) -> None:
    for operation in ("signal", "process-info-pidinfo"):
        assert allowed(profile, operation, "same-sandbox")
        assert not allowed(profile, operation, "others")
    assert not allowed(profile, "mach-lookup", "com.apple.securityd")
    assert not allowed(profile, "mach-lookup", "com.apple.pasteboard.1")
    assert not allowed(profile, "mach-lookup", "com.apple.coreservices.launchservicesd")


@pytest.mark.parametrize(
    "name", ['a") (subpath "/', "a\n(allow network*)", 'a\\") (allow default) ("', "a\\", 'a"', "a;b", "ä\u2028b"]
)
def test_no_name_writes_a_rule(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name.replace("/", "%")
    folder.mkdir()
    profile = seatbelt.profile(read=[folder], write=[folder])
    plain = seatbelt.profile(read=[tmp_path], write=[tmp_path])
    assert profile.count("\n") == plain.count("\n")
    assert allowed(profile, "file-write-data", f"{folder.resolve()}/x")
    assert not allowed(profile, "network-outbound")
    assert not allowed(profile, "file-read-data", "/Users/me/.ssh/id")
