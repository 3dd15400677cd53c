"""What may be imported where, and when."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "forge_lsp"
FILES = sorted(PACKAGE.rglob("*.py"))
SDKS = {
    "ollama": {"models/ollama_sdk.py"},
    "anthropic": {"models/anthropic.py"},
    "openai": {"models/openai_endpoint.py"},
    "xllamacpp": {"models/embedded_server.py"},
    "pynvml": {"gpus/inventory.py"},
    "mcp": {"mcp/server.py"},
    "mcp_types": {"mcp/server.py"},
}
POSIX_ONLY = {"fcntl", "resource", "pwd", "grp", "termios", "tty", "pty"}


def imports(path: Path, *, top: bool) -> set[str]:
    """Names of imported packages: those of the module's top level, or all."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = _top_level(tree) if top else list(ast.walk(tree))
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def _top_level(tree: ast.Module) -> list[ast.stmt]:
    """Statements that run on import; ``if TYPE_CHECKING`` and ``if sys.platform`` blocks do not count."""
    return [node for node in tree.body if not isinstance(node, ast.If)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_each_sdk_is_imported_in_one_file_only(path: Path) -> None:
    name = path.relative_to(PACKAGE).as_posix()
    found = imports(path, top=False)
    assert not {sdk for sdk, homes in SDKS.items() if sdk in found and name not in homes}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_fastapi_stays_in_the_http_face(path: Path) -> None:
    if path.relative_to(PACKAGE).parts[0] != "web":
        assert not imports(path, top=False) & {"fastapi", "starlette", "uvicorn"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_every_file_can_be_imported_on_windows(path: Path) -> None:
    assert not imports(path, top=True) & POSIX_ONLY


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_pygls_stays_in_the_lsp_face(path: Path) -> None:
    if path.relative_to(PACKAGE).parts[0] != "lsp":
        assert not imports(path, top=False) & {"pygls", "lsprotocol"}
