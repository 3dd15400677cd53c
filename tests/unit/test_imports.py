"""What import-linter cannot say of imports: in which file an SDK is, and what a system without POSIX can import.

Which package may import which is in ``[tool.importlinter]`` of pyproject.toml.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "forge_lsp"
SDKS = {
    "ollama": {"models/ollama_sdk.py"},
    "anthropic": {"models/anthropic_endpoint.py"},
    "openai": {"models/openai_endpoint.py"},
    "xllamacpp": {"models/embedded_server.py"},
    "pynvml": {"placement/inventory.py"},
    "mcp": {"mcp/server.py"},
    "mcp_types": {"mcp/server.py"},
    "acp": {"acp/agent.py", "acp/client.py", "acp/serving.py", "acp/stages.py"},
}
POSIX_ONLY = {"fcntl", "resource", "pwd", "grp", "termios", "tty", "pty"}
TREES = {
    path.relative_to(PACKAGE).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
    for path in sorted(PACKAGE.rglob("*.py"))
}


def imported(nodes: Iterable[ast.AST]) -> set[str]:
    """Return the names of the packages that statements import."""
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in {"import_module", "importlib.import_module"}:
            found |= {arg.value.split(".")[0] for arg in node.args[:1] if isinstance(arg, ast.Constant)}
    return found


def test_each_sdk_is_imported_where_it_belongs() -> None:
    found = {name: imported(ast.walk(tree)) for name, tree in TREES.items()}
    assert {name for name, names in found.items() for sdk in names & set(SDKS) if name not in SDKS[sdk]} == set()


def test_every_file_can_be_imported_on_windows() -> None:
    """Statements below an ``if`` (``TYPE_CHECKING``, ``sys.platform``) do not run there."""
    always = {
        name: imported(node for node in tree.body if not isinstance(node, ast.If)) for name, tree in TREES.items()
    }
    assert {name: found & POSIX_ONLY for name, found in always.items() if found & POSIX_ONLY} == {}
