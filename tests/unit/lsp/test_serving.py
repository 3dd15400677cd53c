"""The pipe to the client."""

from __future__ import annotations

import os
import sys

import pytest

from forge_lsp.lsp import serving


@pytest.mark.skipif(sys.platform != "linux", reason="pipes have one size elsewhere")
def test_a_client_that_reads_late_does_not_hold_the_server() -> None:
    reader, writer = os.pipe()
    try:
        os.set_blocking(writer, False)
        serving._widen(writer)
        assert os.write(writer, bytes(500_000)) == 500_000
    finally:
        os.close(reader)
        os.close(writer)


def test_what_is_no_pipe_stays_as_it_is() -> None:
    sink = os.open(os.devnull, os.O_WRONLY)
    try:
        serving._widen(sink)
        assert os.write(sink, b"x") == 1
    finally:
        os.close(sink)
