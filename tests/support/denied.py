"""A command on a kernel without Landlock: ``python denied.py COMMAND ...`` (Linux, x86-64 and arm64).

A seccomp filter answers Landlock's three calls as a kernel does that has never heard of them.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys

LANDLOCK = (444, 445, 446)  # create_ruleset, add_rule, restrict_self: the same on all processors
ALLOW, ENOSYS = 0x7FFF0000, 0x00050000 | 38
LOAD, JUMP_IF, RETURN = 0x20, 0x15, 0x06
SET_NO_NEW_PRIVS, SET_SECCOMP, FILTER = 38, 22, 2


def deny() -> None:
    """From here on, and for all children: no Landlock."""
    lines = [(LOAD, 0, 0, 0), *((JUMP_IF, len(LANDLOCK) - i, 0, number) for i, number in enumerate(LANDLOCK))]
    lines += [(RETURN, 0, 0, ALLOW), (RETURN, 0, 0, ENOSYS)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in lines))
    program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(lines), ctypes.addressof(code)))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(SET_SECCOMP, FILTER, program, 0, 0):
        raise OSError(ctypes.get_errno(), "no seccomp filter could be set")


if __name__ == "__main__":
    deny()
    os.execv(sys.argv[1], sys.argv[1:])
