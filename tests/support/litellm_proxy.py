"""The real LiteLLM proxy, in a virtual environment of its own under the test cache.

    with LiteLLM(folder, config, program=...) as proxy:
        ...  # url = proxy.url + "/v1", key = LiteLLM.KEY

It is not installed beside forge-lsp: it brings some 700 MB of packages, among them other versions of ours.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from tests.support.ollama_server import free_port

__all__ = ["FOLDER", "VERSION", "LiteLLM", "install"]

VERSION = "1.108.7"
FOLDER = Path.home() / ".cache" / "forge-lsp-tests" / f"litellm-{VERSION}"
_UP = 180.0
"""Seconds until it answers: it imports hundreds of modules."""


def install(patience: float = 600.0) -> Path | str:
    """The program, fetched where it is not there yet; else a sentence that says why it cannot be had."""
    program, stamp = FOLDER / "bin" / "litellm", FOLDER / ".installed"
    if stamp.exists():
        return program
    commands = (
        [sys.executable, "-m", "venv", str(FOLDER)],
        [str(FOLDER / "bin" / "python"), "-m", "pip", "install", "--quiet", f"litellm[proxy]=={VERSION}"],
    )
    for command in commands:
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=patience, check=False)
        except (subprocess.TimeoutExpired, OSError) as error:
            return f"LiteLLM could not be installed: {error}"
        if done.returncode:
            return f"LiteLLM could not be installed: {(done.stderr.strip().splitlines() or ['no reason'])[-1]}"
    stamp.touch()
    return program


class LiteLLM:
    """``config`` is its config.yaml, as a table (YAML reads JSON). Raises RuntimeError with its log where it does not
    come up."""

    KEY = "sk-forge-tests"

    def __init__(self, folder: Path, config: Mapping[str, object], *, program: Path) -> None:
        self._folder = folder
        self._config = config
        self._program = program
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"http://127.0.0.1:{free_port()}"

    @property
    def process(self) -> int:
        """Its process id. Raises RuntimeError where it is not up."""
        if self._process is None:
            raise RuntimeError("the proxy is not up")
        return self._process.pid

    def __enter__(self) -> LiteLLM:
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / "config.yaml"
        path.write_text(json.dumps({**self._config, "general_settings": {"master_key": self.KEY}}), encoding="utf-8")
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
        env = {
            **kept,
            "HOME": str(self._folder),
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # no list of prices from the network
            "LITELLM_TELEMETRY": "False",
            "NO_PROXY": "127.0.0.1",
        }
        command = [str(self._program), "--config", str(path), "--host", "127.0.0.1"]
        self.log = self._folder / "log"
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [*command, "--port", self.url.rpartition(":")[2]],
                env=env,
                cwd=self._folder,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        until = time.monotonic() + _UP
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > until:
                self.__exit__()
                raise RuntimeError(f"LiteLLM did not come up: {self.log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.2)
        return self

    def __exit__(self, *_: object) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(process.pid, number)
                process.wait(timeout=10)
                break
            except subprocess.TimeoutExpired:
                continue
            except ProcessLookupError:
                break

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/health/liveliness", timeout=2):
                return True
        except (urllib.error.URLError, OSError):
            return False
