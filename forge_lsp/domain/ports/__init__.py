"""What the ensemble and the faces need from the rooms, as Protocols; :mod:`forge_lsp.app` plugs the rooms in.

Every coroutine here may be cancelled at any await: it then closes what it opened (connections, children)
within 200 ms and lets the ``CancelledError`` through.
"""

from forge_lsp.domain.ports.checking import (
    Box,
    Cache,
    CacheUse,
    FastGate,
    FastReport,
    ProcessResult,
    Sandbox,
    Toolchain,
    Tree,
)
from forge_lsp.domain.ports.health import Clock, Finding, FindingStatus
from forge_lsp.domain.ports.models import (
    ChatModel,
    ChatReply,
    ChatRequest,
    Completion,
    FinishReason,
    Message,
    ModelDirectory,
    ModelInfo,
    ModelStatus,
    PullProgress,
    Role,
    StandIns,
    Thinks,
    Timing,
    Usage,
)
from forge_lsp.domain.ports.residency import Residency, Unmanaged
from forge_lsp.domain.ports.source import (
    ContextGatherer,
    Editing,
    Followed,
    Gathered,
    Item,
    ItemKind,
    Outline,
    Scoping,
    ShownPart,
    Syntax,
)
from forge_lsp.domain.ports.spending import Ask, ConsentQuestion, Spending

__all__ = [
    "Ask",
    "Box",
    "Cache",
    "CacheUse",
    "ChatModel",
    "ChatReply",
    "ChatRequest",
    "Clock",
    "Completion",
    "ConsentQuestion",
    "ContextGatherer",
    "Editing",
    "FastGate",
    "FastReport",
    "Finding",
    "FindingStatus",
    "FinishReason",
    "Followed",
    "Gathered",
    "Item",
    "ItemKind",
    "Message",
    "ModelDirectory",
    "ModelInfo",
    "ModelStatus",
    "Outline",
    "ProcessResult",
    "PullProgress",
    "Residency",
    "Role",
    "Sandbox",
    "Scoping",
    "ShownPart",
    "Spending",
    "StandIns",
    "Syntax",
    "Thinks",
    "Timing",
    "Toolchain",
    "Tree",
    "Unmanaged",
    "Usage",
]
