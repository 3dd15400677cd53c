"""Thirty rigs as people have them: GPUs, servers, and what is installed, with what its server tells of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from forge_lsp.config.profiles.fitness import Facts, Installed, facts_of
from forge_lsp.config.profiles.fitting import AvailableModel, ServerDevices
from forge_lsp.placement.devices import imagined
from tests.support.rigs import SHOWN

__all__ = ["RIGS", "Rig", "installed"]


def _make(arch: str, *sizes: int, vocabulary: int, **more: int) -> dict[str, object]:
    layers, heads, kv_heads, head, embedding = sizes
    told: dict[str, object] = {
        "general.architecture": arch,
        f"{arch}.block_count": layers,
        f"{arch}.embedding_length": embedding,
        f"{arch}.attention.head_count": heads,
        f"{arch}.attention.head_count_kv": kv_heads,
        f"{arch}.attention.key_length": head,
        f"{arch}.attention.value_length": head,
        f"{arch}.vocab_size": vocabulary,
    }
    total = more.pop("total", 0)
    told |= {f"{arch}.{name.replace('__', '.')}": value for name, value in more.items()}
    return told | ({"general.parameter_count": total} if total else {})


_MADE: dict[str, tuple[float, dict[str, object] | None]] = {
    "qwen3-coder:30b": (
        18.6,
        _make(
            "qwen3moe",
            48,
            32,
            4,
            128,
            2048,
            vocabulary=151936,
            total=30_532_122_624,
            expert_count=128,
            expert_used_count=8,
            expert_feed_forward_length=768,
        ),
    ),
    "qwen3.6:27b": (17.4, _make("qwen35", 64, 24, 4, 256, 5120, vocabulary=248320, full_attention_interval=4)),
    "qwen3.5:9b": (6.6, _make("qwen35", 32, 16, 4, 256, 4096, vocabulary=248320, full_attention_interval=4)),
    "qwen3.5:4b": (3.4, _make("qwen35", 32, 16, 4, 256, 2560, vocabulary=248320, full_attention_interval=4)),
    "gpt-oss:20b": (
        13.8,
        _make(
            "gptoss",
            24,
            64,
            8,
            64,
            2880,
            vocabulary=201088,
            total=20_914_757_184,
            attention__sliding_window=128,
            expert_count=32,
            expert_used_count=4,
            expert_feed_forward_length=2880,
        ),
    ),
    "gemma4:26b": (17.6, None),
    "gemma4:e4b": (9.6, None),
    "devstral-small-2:24b": (15.2, _make("mistral3", 40, 32, 8, 128, 5120, vocabulary=131072)),
    "granite4:latest": (2.1, _make("granite", 40, 40, 8, 64, 2560, vocabulary=100352, total=3_402_836_480)),
    "deepseek-r1:14b": (9.0, _make("qwen2", 48, 40, 8, 128, 5120, vocabulary=152064)),
    "deepseek-r1:8b": (5.2, _make("qwen3", 36, 32, 8, 128, 4096, vocabulary=151936)),
    "glm-4.7-flash:latest": (19.0, None),
    "nemotron-3-nano:30b": (24.0, None),
    "nemotron-3-nano:4b": (2.8, None),
    "qwen2.5-coder:32b": (19.9, _make("qwen2", 64, 40, 8, 128, 5120, vocabulary=152064)),
    "qwen2.5-coder:14b": (9.0, _make("qwen2", 48, 40, 8, 128, 5120, vocabulary=152064)),
    "qwen2.5-coder:1.5b": (1.0, None),
    "llama3.2:3b": (2.0, _make("llama", 28, 24, 8, 128, 3072, vocabulary=128256)),
    "llama3.3:70b": (42.5, _make("llama", 80, 64, 8, 128, 8192, vocabulary=128256)),
    "gpt-oss:120b": (65.4, None),
    "qwen3-coder-next:latest": (51.7, None),
    "mistral-small3.2:24b": (15.2, None),
    "phi4-mini:3.8b": (2.5, None),
    "smollm2:135m": (0.3, None),
    "my-finetune:latest": (4.7, None),
    "hf.co/unsloth/Qwen3-Coder-30B-A3B-Instruct-GGUF:Q4_K_M": (18.6, None),
    "hf.co/bartowski/mistralai_Devstral-Small-2507-GGUF:Q4_K_M": (14.3, None),
    "hf.co/bartowski/Codestral-22B-v0.1-GGUF:Q4_K_M": (13.3, None),
    "starcoder2:15b": (9.1, None),
    "qwen2.5-coder:1.5b-base": (1.0, None),
    "qwen3-vl:8b": (6.1, None),
    "llama3.2-vision:11b": (7.8, None),
    "nomic-embed-text:latest": (0.3, None),
    "embeddinggemma:300m": (0.6, None),
    "translategemma:12b": (8.1, None),
    "deepseek-ocr:latest": (6.7, None),
    "gpt-oss:120b-cloud": (0.0, None),
    "qwen3-coder:480b-cloud": (0.0, None),
}
_SILENT = {"starcoder2:15b", "qwen2.5-coder:1.5b-base", "nomic-embed-text:latest", "embeddinggemma:300m"}
"""Models of which the server says that they do not chat."""


def installed(name: str) -> Installed:
    """A model as its server tells of it."""
    if name in SHOWN:
        size, info = SHOWN[name]
        return Installed(name=name, size=size, context=131_072, facts=facts_of(info))
    gb, made = _MADE[name]
    facts: Facts = facts_of(made) if made else ()
    remote = name.endswith("-cloud")
    trained = 16_384 if name.startswith("starcoder") else 131_072
    return Installed(
        name=name, size=int(gb * 1e9) or 384, facts=facts, remote=remote, chats=name not in _SILENT, context=trained
    )


@dataclass(frozen=True, kw_only=True)
class Rig:
    """``servers``: what each has. One server has all GPUs, several have one each, in order. ``gpus`` in GiB; () where
    none is seen."""

    name: str
    gpus: tuple[float, ...]
    servers: dict[str, tuple[str, ...]] = field(default_factory=dict)
    paid: bool = False

    @property
    def places(self) -> tuple[ServerDevices, ...]:
        devices = imagined(self.gpus)
        if len(self.servers) == 1:
            return tuple(ServerDevices(server=key, devices=devices) for key in self.servers)
        return tuple(
            ServerDevices(server=key, devices=devices[number : number + 1]) for number, key in enumerate(self.servers)
        )

    @property
    def offers(self) -> tuple[AvailableModel, ...]:
        names = dict.fromkeys(name for has in self.servers.values() for name in has)
        return tuple(
            AvailableModel(
                model=installed(name), servers=tuple(key for key, has in self.servers.items() if name in has)
            )
            for name in names
        )


def _one(name: str, gpus: Sequence[float], *models: str, paid: bool = False) -> Rig:
    return Rig(name=name, gpus=tuple(gpus), servers={"ollama": models}, paid=paid)


def _shared(name: str, gpus: Sequence[float], *models: str, paid: bool = False) -> Rig:
    """A server a GPU, all with the same models."""
    return Rig(name=name, gpus=tuple(gpus), servers={f"gpu{n}": models for n in range(len(gpus))}, paid=paid)


_NEWEST = ("qwen3-coder:30b", "qwen3.6:27b", "gpt-oss:20b", "gemma4:26b", "devstral-small-2:24b", "qwen3.5:9b")
_OLD = ("phi4:14b", "gemma3:12b", "qwen2.5-coder:7b", "deepseek-coder:6.7b", "llama3.1:8b", "granite3-dense:2b")
_USELESS = ("nomic-embed-text:latest", "qwen3-vl:8b", "qwen2.5-coder:1.5b-base", "translategemma:12b")

RIGS: tuple[Rig, ...] = (
    _one("8 GB, two small ones", [8], "qwen2.5-coder:7b", "llama3.2:3b"),
    _one("8 GB, one of last year", [8], "qwen3.5:9b", "granite4:latest", "nemotron-3-nano:4b"),
    _one("8 GB, more than fits", [8], "qwen3-coder:30b", "gpt-oss:20b", "qwen2.5-coder:7b", "deepseek-r1:8b"),
    _one("8 GB, tiny ones only", [8], "qwen2.5-coder:1.5b", "llama3.2:3b", "smollm2:135m"),
    _one("8 GB, one model", [8], "qwen2.5-coder:7b", "nomic-embed-text:latest"),
    _one("12 GB, the usual", [12], "qwen2.5-coder:14b", "qwen2.5-coder:7b", "llama3.1:8b", "deepseek-r1:8b"),
    _one("12 GB, one of everything", [12], "qwen3.5:9b", "gemma3:12b", "phi4:14b", "granite4:latest", *_USELESS),
    _one("12 GB, a fine-tune", [12], "my-finetune:latest", "llama3.1:8b"),
    _one("16 GB, mixtures and dense", [16], "gpt-oss:20b", "qwen3.5:9b", "qwen2.5-coder:14b", "deepseek-r1:14b"),
    _one("16 GB, too large for it", [16], "qwen3-coder:30b", "qwen3.6:27b"),
    _one("24 GB, the three of the year", [24], "qwen3-coder:30b", "qwen3.6:27b", "gpt-oss:20b"),
    _one("24 GB, all of the year", [24], *_NEWEST, "granite4:latest"),
    _one("24 GB, all of the year, with a key", [24], *_NEWEST, "granite4:latest", paid=True),
    _one("24 GB, only mixtures", [24], "qwen3-coder:30b", "gpt-oss:20b", "glm-4.7-flash:latest"),
    _one("24 GB, only one family", [24], "qwen3-coder:30b", "qwen2.5-coder:32b", "qwen2.5-coder:7b"),
    _one("24 GB, cloud entries", [24], "qwen3-coder:480b-cloud", "gpt-oss:120b-cloud", "qwen2.5-coder:7b"),
    _one(
        "24 GB, names of another registry",
        [24],
        "hf.co/unsloth/Qwen3-Coder-30B-A3B-Instruct-GGUF:Q4_K_M",
        "hf.co/bartowski/mistralai_Devstral-Small-2507-GGUF:Q4_K_M",
        "hf.co/bartowski/Codestral-22B-v0.1-GGUF:Q4_K_M",
        "llama3.1:8b",
    ),
    _one("24 GB, special models", [24], "devstral-small-2:24b", "starcoder2:15b", "deepseek-ocr:latest", *_USELESS),
    _one("24 GB, of two years ago", [24], *_OLD, "codestral:22b"),
    _one("32 GB", [32], "qwen3-coder:30b", "nemotron-3-nano:30b", "gemma4:26b", "devstral-small-2:24b"),
    _one("48 GB", [48], *_NEWEST, "llama3.3:70b", "nemotron-3-nano:30b"),
    _one("12 + 12 GB, one server", [12, 12], "qwen2.5-coder:14b", "gemma3:12b", "phi4:14b", "qwen3.5:9b"),
    _one("24 + 24 GB, one server", [24, 24], *_NEWEST, "llama3.3:70b"),
    _shared("24 + 24 GB, a server each", [24, 24], *_NEWEST, "glm-4.7-flash:latest"),
    Rig(
        name="24 + 8 GB, different models",
        gpus=(24, 8),
        servers={"big": ("qwen3-coder:30b", "gpt-oss:20b"), "small": ("qwen2.5-coder:7b", "granite4:latest")},
    ),
    _shared("24 + 24 + 12 GB, the newest", [24, 24, 12], *_NEWEST, "deepseek-r1:14b", "granite4:latest"),
    _shared("24 + 24 + 12 GB, of two years ago", [24, 24, 12], *_OLD, "codestral:22b"),
    Rig(
        name="24 + 24 + 16 GB, different models",
        gpus=(24, 24, 16),
        servers={
            "gpu0": ("qwen3.6:27b", "gemma4:26b"),
            "gpu1": ("qwen3-coder:30b", "devstral-small-2:24b"),
            "gpu2": ("gpt-oss:20b", "llama3.1:8b"),
        },
        paid=True,
    ),
    _shared("48 GB four times", [48, 48, 48, 48], *_NEWEST, "llama3.3:70b", "glm-4.7-flash:latest"),
    _one("no GPU that is seen", [], "qwen3-coder:30b", "qwen3.6:27b", "qwen2.5-coder:7b", "llama3.2:3b"),
)
