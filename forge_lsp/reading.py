"""Reading what a workspace names: plain files of bounded size, and no others.

A repository may hold, or link to, a named pipe, a device or a file of the kernel's: to open one can wait for ever, and
to read one can fill the memory. Whatever is read because a workspace names it, is read here.
"""

from __future__ import annotations

import errno
import json
import os
import re
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

__all__ = [
    "CONFIGURATION",
    "SOURCE",
    "NotReadable",
    "filled",
    "modified_at",
    "parsed_json",
    "parsed_toml",
    "parsed_xml",
    "read_bytes",
    "read_plain",
    "read_text",
    "table_beside",
    "text_beside",
    "toml_table",
]

CONFIGURATION = 4 * 1024 * 1024
"""Bytes of the largest settings, manifest or ignore file that is read."""
_DEEPEST = 500
"""Elements of an XML document within one another: what writes one again goes as deep into the stack."""
SOURCE = 64 * 1024 * 1024
"""Bytes of the largest source, or file that a tool wrote, that is read."""
_PART = r"""(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')"""
_LONG_KEY = re.compile(rf"(?<![\w-]){_PART}(?:[ \t]*+\.[ \t]*+{_PART}){{50}}")
"""A key of more than fifty parts: the time to read one grows with the square of their number."""
_KERNEL = ("/proc/", "/sys/", "/dev/")


class NotReadable(OSError):
    """A file that is there and is not read: no plain file, or too large."""


def read_plain(path: Path | str, *, most: int = CONFIGURATION) -> bytes:
    """The content of a plain file of at most ``most`` bytes, links followed.

    Raises FileNotFoundError; NotReadable for a named pipe, a socket, a device, a file of the kernel's or one that is
    too large; OSError for any other reason.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        # Before it is opened: to open a device can already act on it.
        if not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116
            raise NotReadable(errno.EINVAL, "it is not a plain file", str(path))
        descriptor = os.open(path, flags | getattr(os, "O_BINARY", 0))
    except ValueError as error:  # a name with a NUL in it
        raise NotReadable(errno.EINVAL, str(error), str(path)) from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or _of_the_kernel(path, descriptor):
            raise NotReadable(errno.EINVAL, "it is not a plain file", str(path))
        if status.st_size > most:
            raise NotReadable(errno.EFBIG, f"it is larger than {most // 1024} KiB", str(path))
        parts = [os.read(descriptor, min(status.st_size, most) + 1)]
        while parts[-1] and sum(map(len, parts)) <= most:
            parts.append(os.read(descriptor, 1 << 16))
    finally:
        os.close(descriptor)
    content = parts[0] if len(parts) <= 2 and not parts[-1] else b"".join(parts)
    if len(content) > most:  # it grew, or does not say its size
        raise NotReadable(errno.EFBIG, f"it is larger than {most // 1024} KiB", str(path))
    return content


def read_bytes(path: Path, *, most: int = CONFIGURATION) -> bytes | None:
    """The same; None where it cannot be read, whatever the reason."""
    try:
        return read_plain(path, most=most)
    except OSError:
        return None


def read_text(path: Path, *, most: int = CONFIGURATION) -> str | None:
    """The text of a file, what is not UTF-8 replaced; None where it cannot be read."""
    content = read_bytes(path, most=most)
    return None if content is None else content.decode("utf-8-sig", "replace")


def parsed_toml(text: str) -> dict[str, Any]:
    """A TOML document. Raises ValueError for one that is not, or is nested beyond all sense."""
    if _LONG_KEY.search(text):
        raise ValueError("it is nested too deeply")
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def toml_table(text: str | None) -> dict[str, Any]:
    """A TOML document; an empty one where there is none, or it is not valid."""
    try:
        return parsed_toml(text or "")
    except ValueError:
        return {}


def text_beside(module: str, name: str) -> str:
    """The text of a file of our own, by its path from the folder of ``module``, a Python file."""
    return (Path(module).parent / name).read_text("utf-8")


def table_beside(module: str, name: str | None = None) -> dict[str, Any]:
    """The TOML file of our own that lies beside ``module``, a Python file: ``name``, or the one of the same name."""
    return tomllib.loads(text_beside(module, name or Path(module).with_suffix(".toml").name))


def modified_at(path: Path) -> float:
    """When a file was last changed, in seconds; 0 where it is not there."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def parsed_json(text: str | bytes) -> Any:
    """A JSON document. Raises ValueError for one that is not, or is nested beyond all sense."""
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def parsed_xml(text: str, *, most: int = CONFIGURATION) -> ElementTree.Element:
    """The root of an XML document. Raises ValueError for one that is not, is longer than ``most`` characters, is nested
    beyond all sense, or has a document type: its entities can be made to fill the memory, or name files."""
    if len(text) > most or "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ValueError("it has a document type, or is too long")
    try:
        # As bytes a declared encoding would count, and the text is decoded already.
        root = ElementTree.fromstring(text.lstrip("\ufeff").strip())
    except ElementTree.ParseError as error:
        raise ValueError(str(error)) from None
    level, depth = [root], 0
    while level:
        level, depth = [inner for one in level for inner in one], depth + 1
        if depth > _DEEPEST:
            raise ValueError("it is nested too deeply")
    return root


def filled(text: str, place: re.Pattern[str], values: Mapping[str, str], *, most: int = 100_000) -> str:
    """``text`` with what stands in the first group of ``place`` replaced by its value, and that of its value in turn,
    eight deep; what has no value stays. Raises ValueError beyond ``most`` characters: each step can multiply them.
    """
    for _ in range(8):
        parts: list[str] = []
        length = at = 0
        for match in place.finditer(text):
            parts += (text[at : match.start()], values.get(match[1], match[0]))
            length += len(parts[-1]) + len(parts[-2])
            at = match.end()
            if length > most:
                raise ValueError("its values are too long when they are filled in")
        if length + len(text) - at > most:
            raise ValueError("its values are too long when they are filled in")
        before, text = text, "".join((*parts, text[at:]))
        if text == before:
            break
    return text


def _of_the_kernel(path: Path | str, descriptor: int) -> bool:
    if os.name != "posix":
        return False
    try:
        real = os.readlink(f"/proc/self/fd/{descriptor}")  # noqa: PTH115 - one call, and of what was really opened
    except OSError:
        real = os.path.realpath(path)
    return f"{real}/".startswith(_KERNEL)
