"""From a header that is not there to the command that brings it."""

from __future__ import annotations

import platform
import re

__all__ = ["package_of", "remedy_of"]

# Debian's names: a header, or the folder it lies in, and its package.
_DEBIAN = {
    "boost/": "libboost-all-dev",
    "catch2/": "catch2",
    "check.h": "check",
    "cmocka.h": "libcmocka-dev",
    "criterion/": "libcriterion-dev",
    "CL/": "opencl-headers",
    "CUnit/": "libcunit1-dev",
    "curl/": "libcurl4-openssl-dev",
    "doctest/": "doctest-dev",
    "Eigen/": "libeigen3-dev",
    "event2/": "libevent-dev",
    "expat.h": "libexpat1-dev",
    "ffi.h": "libffi-dev",
    "fmt/": "libfmt-dev",
    "GL/": "libgl-dev",
    "GLFW/": "libglfw3-dev",
    "glib.h": "libglib2.0-dev",
    "glm/": "libglm-dev",
    "gmock/": "libgmock-dev",
    "gmp.h": "libgmp-dev",
    "gtest/": "libgtest-dev",
    "gtk/": "libgtk-3-dev",
    "jpeglib.h": "libjpeg-dev",
    "json-c/": "libjson-c-dev",
    "libpq-fe.h": "libpq-dev",
    "libxml/": "libxml2-dev",
    "lua.h": "liblua5.4-dev",
    "lz4.h": "liblz4-dev",
    "mpi.h": "libopenmpi-dev",
    "mysql/": "default-libmysqlclient-dev",
    "ncurses.h": "libncurses-dev",
    "nlohmann/": "nlohmann-json3-dev",
    "openssl/": "libssl-dev",
    "pcap.h": "libpcap-dev",
    "png.h": "libpng-dev",
    "Python.h": "python3-dev",
    "readline/": "libreadline-dev",
    "SDL2/": "libsdl2-dev",
    "SFML/": "libsfml-dev",
    "spdlog/": "libspdlog-dev",
    "sqlite3.h": "libsqlite3-dev",
    "uv.h": "libuv1-dev",
    "X11/": "libx11-dev",
    "yaml.h": "libyaml-dev",
    "yaml-cpp/": "libyaml-cpp-dev",
    "zlib.h": "zlib1g-dev",
    "zmq.h": "libzmq3-dev",
    "zstd.h": "libzstd-dev",
}
_OWN = ("assert.h", "ctype.h", "errno.h", "math.h", "stdio.h", "stdlib.h", "string.h", "sys/types.h", "unistd.h")


def package_of(header: str) -> str:
    """A command, or the step to take where no package is known."""
    if platform.system() == "Darwin":
        return "xcode-select --install" if header in _OWN else f"install the library that has {header}, with brew"
    if header in _OWN:
        return "apt-get install libc6-dev"
    if "/" not in header and "." not in header:
        return "apt-get install g++"
    folder = header.partition("/")[0] + "/"
    package = _DEBIAN.get(header) or _DEBIAN.get(folder)
    if package is not None:
        return f"apt-get install {package}"
    return f"install the package that has it (apt-file search {header}), or generate it by building the project once"


def remedy_of(words: str) -> str | None:
    """Return what to do about a build of tests that this machine cannot make, by the ``words`` of its tools; None where
    they do not say."""
    header = re.search(r"fatal error: '?(?P<name>[\w./+-]+)'?(?:: No such file| file not found)", words)
    if header is not None:
        return package_of(header["name"])
    library = re.search(r"(?:cannot find|library not found for) -l(?P<name>[\w.+-]+)", words)
    if library is not None:
        return f"install the library lib{library['name']} (apt-file search lib{library['name']}.so)"
    program = re.search(
        r"(?:(?<=: )|^)(?P<name>[\w./+-]+): (?:command )?(?:not found|No such file or directory)", words
    )
    if program is not None and not re.fullmatch(r"\d+", program["name"]):
        return f"install {program['name']}, or name another one in the build"
    if "CMake Error" in words:
        return "cmake -S . -B build"
    return None
