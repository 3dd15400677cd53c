from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from forge_lsp.context import Context, ContextConfig
from forge_lsp.core.attempt import Diagnostic, Severity
from forge_lsp.core.errors import BadRequest
from forge_lsp.core.languages import Language
from forge_lsp.core.task import Document, Scope, Task
from forge_lsp.editing.fitting import estimate_tokens, fenced, shortened
from forge_lsp.editing.markers import INSERT_HERE, LEFT_OUT, MARKERS, SCOPE_BEGINS, SCOPE_ENDS
from forge_lsp.languages.registry import BUILT_IN
from tests.unit.editing.support import CSHARP, PYTHON, SCOPES, SYNTAX, TYPESCRIPT, document, marked
from tests.unit.editing.test_ignore import made

CART = '''\
"""The cart. 😀"""

from shop.item import Item
from .money import Money as M
from secret.keys import KEY
import os

TOKEN = "ghp_abcdefghijklmnop1234567890"


class Cart:
    """What is bought."""

    def total(self) -> int:
        |...

    def add(self, item: Item) -> None:
        self.items.append(item)
'''


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    made(tmp_path, "AGENTS.md", text="# Terse\nUse tabs.\n")
    made(tmp_path, ".github/copilot-instructions.md", text="Copilot words.\n")
    made(tmp_path, ".cursor/rules/style.mdc", text="Cursor words.\n")
    made(tmp_path, "shop/CLAUDE.md", text="Shop words.\n")
    made(tmp_path, ".gitignore", text="secret/\nnotes.md\n")
    made(tmp_path, ".env", "secret/keys.py", ".cursor/rules/.env", text="KEY = 'hidden-value'\n")
    made(tmp_path, "shop/__init__.py", text="")
    made(
        tmp_path,
        "shop/item.py",
        text='class Item:\n    """One item."""\n    price: int = 3\n\n    def cost(self) -> int:\n'
        '        """USD."""\n        return self.price * 77\n',
    )
    made(tmp_path, "shop/money.py", text="def money(x: int) -> str:\n    return str(x) * 88\n")
    made(
        tmp_path,
        "tests/test_cart.py",
        text="from shop.cart import Cart\n\ndef test_total():\n    assert Cart().total() == 0\n\n"
        "def test_else():\n    pass\n",
    )
    return tmp_path


def task(workspace: Path | None, text: str = CART, language: Language = PYTHON, name: str = "shop/cart.py") -> Task:
    plain, place = marked(text)
    doc = document(plain, language, workspace / name if workspace else None)
    return Task(document=doc, scope=SCOPES.scope(doc, place), instruction="do it", workspace=workspace)


async def gathered(job: Task, tokens: int = 4000) -> str:
    return (await Context(SYNTAX, BUILT_IN, ContextConfig(seconds=60)).gather(job, tokens=tokens)).text


async def test_everything_is_there_in_its_order(workspace: Path) -> None:
    problem = Diagnostic(file="shop/cart.py", line=14, severity=Severity.ERROR, message="no return")
    text = await gathered(replace(task(workspace), diagnostics=(problem,)))
    places = [
        text.index(part)
        for part in (
            "# The document: shop/cart.py",
            SCOPE_BEGINS,
            "def total",
            SCOPE_ENDS,
            "def add",
            "# Tests of it",
            "## tests/test_cart.py",
            "assert Cart().total()",
            "# Code of other files",
            "## shop/\n",
            "# item.py\n",
            "def cost(self) -> int:",
            "# money.py\n",
            "no return",
        )
    ]
    assert places == sorted(places)
    assert '"""One item."""' in text
    for absent in ("test_else", "hidden-value", "abcdefghijklmnop"):
        assert absent not in text, absent


async def test_files_sent_names_exactly_what_was_shown(workspace: Path) -> None:
    context = Context(SYNTAX, BUILT_IN, ContextConfig(seconds=60))
    job = task(workspace)
    found = await context.gather(job, tokens=4000)
    assert found.files == ("shop/cart.py", "tests/test_cart.py", "shop/item.py", "shop/money.py")
    assert found.rules_files == (
        "AGENTS.md",
        ".github/copilot-instructions.md",
        ".cursor/rules/style.mdc",
        "shop/CLAUDE.md",
    )


async def test_the_rules_stand_apart_from_what_every_model_sees(workspace: Path) -> None:
    found = await Context(SYNTAX, BUILT_IN, ContextConfig(seconds=60)).gather(task(workspace), tokens=4000)
    places = [found.rules.index(words) for words in ("Use tabs.", "Copilot words.", "Cursor words.", "Shop words.")]
    assert places == sorted(places)
    assert not any(words in found.text for words in ("Use tabs.", "Copilot", "Cursor", "Shop words.", "AGENTS"))
    # They are no part of what comes first, so that rules that change leave the prefix of all calls as it was.
    made(workspace, "AGENTS.md", text="Use spaces.\n")
    assert (
        await Context(SYNTAX, BUILT_IN, ContextConfig(seconds=60)).gather(task(workspace), tokens=4000)
    ).text == found.text


async def test_the_same_task_gives_the_same_bytes_whatever_the_disk_does(workspace: Path) -> None:
    context = Context(SYNTAX, BUILT_IN, ContextConfig(seconds=60))
    job = task(workspace)
    first = await context.gather(job, tokens=4000)
    assert await gathered(task(workspace)) == first.text
    made(workspace, "AGENTS.md", text="Other words.\n")
    assert await context.gather(job, tokens=4000) is first
    assert "Other words." in (await context.gather(replace(job), tokens=4000)).rules


async def test_open_buffers_lie_over_the_disk(workspace: Path) -> None:
    buffers = (
        document("class Item:\n    def unsaved(self): ...\n", PYTHON, workspace / "shop/item.py"),
        document("def opened(): ...\n", PYTHON, workspace / "shop/open.py"),
        document("KEY = 'hidden-value'\ndef leaked(): ...\n", PYTHON, workspace / "secret/keys.py"),
        document("def outside(): ...\n", PYTHON, workspace.parent / "outside.py"),
        Document(uri="untitled:2", language=PYTHON, text="def untitled(): ..."),
    )
    text = await gathered(replace(task(workspace), buffers=buffers))
    assert "def unsaved" in text and "def opened" in text
    for absent in ("def cost", "leaked", "outside", "untitled()"):
        assert absent not in text, absent


async def test_open_buffers_of_another_task_change_nothing(workspace: Path) -> None:
    made(workspace, "dist/built.py", text="def add(item):\n    return Cart().add(item)\n")
    alone = await gathered(task(workspace))
    buffers = tuple(
        document("def add(item):\n    return Cart().total()\n" * 9, PYTHON, workspace / name)
        for name in ("dist/built.py", "shop/money.py", "shop/new.py")
    )
    context = Context(SYNTAX, BUILT_IN, ContextConfig(seconds=60))
    for _ in range(3):
        await context.gather(replace(task(workspace), buffers=buffers), tokens=4000)
        assert (await context.gather(task(workspace), tokens=4000)).text == alone
        context.look_again()


@pytest.mark.parametrize("tokens", [300, 500, 1000, 3000, 20_000])
@pytest.mark.parametrize("middle", [0, 3, 400])
async def test_it_fits(workspace: Path, tokens: int, middle: int) -> None:
    filler = "".join(f"\n\ndef f{i}(x):\n    '漢字 {i}'\n    return {i}" for i in range(200)) + "\n"
    body = "\n".join(f"        self.x{i} = {i}" for i in range(middle))
    text = await gathered(task(workspace, CART.replace("        |...", f"        |...\n{body}") + filler), tokens)
    assert estimate_tokens(text) <= tokens
    assert "def total" in text and SCOPE_BEGINS in text and SCOPE_ENDS in text


async def test_a_long_document_keeps_what_matters(workspace: Path) -> None:
    filler = "".join(f"\n\ndef f{i}(x):\n    return {i}" for i in range(800)) + "\n"
    text = await gathered(
        task(workspace, CART.partition("class Cart")[0] + filler + "\n\nclass Cart" + CART.partition("class Cart")[2]),
        1500,
    )
    for part in (
        "from shop.item import Item",
        "class Cart:",
        "def total",
        "def add",
        LEFT_OUT,
        "def cost",
        "def f799(x):",
    ):
        assert part in text, part


async def test_without_a_workspace_only_the_document_is_shown() -> None:
    context = Context(SYNTAX, BUILT_IN, ContextConfig(seconds=60))
    job = task(None, "def f():|\n    pass\n")
    found = await context.gather(job, tokens=1000)
    assert found.text.startswith("# The document: Untitled-1\n")
    assert (found.files, found.rules, found.rules_files) == (("Untitled-1",), "", ())


@pytest.mark.parametrize(("text", "marker"), [("x = 1\n|\ny = 2\n", INSERT_HERE), ("# a|", INSERT_HERE)])
async def test_an_insertion_is_marked(text: str, marker: str) -> None:
    shown = await gathered(task(None, text))
    assert shown.count(marker) == 1
    assert SCOPE_BEGINS not in shown


async def test_markers_are_comments_of_the_language() -> None:
    shown = await gathered(task(None, "class A\n{\n    int F() { |}\n}\n", CSHARP))
    assert f"    // {SCOPE_BEGINS}\n    int F() {{ }}\n    // {SCOPE_ENDS}\n" in shown
    assert all(not marker.startswith(">>>") for marker in MARKERS)


@pytest.mark.parametrize("text", ["\ufeff|", "|"])
async def test_an_empty_file(text: str) -> None:
    assert "The file is empty." in await gathered(task(None, text))


async def test_line_endings_and_a_mark_do_not_show() -> None:
    shown = await gathered(task(None, "\ufeffx = 1\r\ndef f():|\r\n    pass\r\n"))
    assert "\r" not in shown and "\ufeff" not in shown


async def test_typescript_and_csharp_neighbours(tmp_path: Path) -> None:
    made(
        tmp_path,
        "src/item.ts",
        text="export interface Item { price: number }\nexport function cost(i: Item): number { return 77; }\n",
    )
    made(tmp_path, "src/lib/index.ts", text="export const lib = () => 88;\n")
    made(tmp_path, "src/cart.test.ts", text='test("total", () => { total(); });\n')
    text = (
        'import { Item } from "./item.js";\nimport { lib } from "./lib";\nimport x from "../../outside";\n'
        "export function total(): number {|}\n"
    )
    shown = await gathered(task(tmp_path, text, TYPESCRIPT, "src/cart.ts"))
    assert "interface Item" in shown and "function cost(i: Item): number" in shown and "lib = ()" in shown
    assert "cart.test.ts" in shown

    made(
        tmp_path,
        "Core/Item.cs",
        text="namespace S;\n/// <summary>One item.</summary>\npublic record Item(int Price);\n",
    )
    made(tmp_path, "Core/Other.cs", text="namespace S;\npublic class Unrelated { }\n")
    made(tmp_path, "obj/Gen.cs", text="namespace S;\npublic class Item { }\n")
    shown = await gathered(task(tmp_path, "namespace S;\nclass Cart { int F(Item i) { |} }\n", CSHARP, "Core/Cart.cs"))
    assert "public record Item(int Price)" in shown and "One item." in shown
    assert "Gen.cs" not in shown
    places = [shown.index(words) for words in ("public record Item", "class Unrelated")]
    assert places == sorted(places)


async def test_binary_and_huge_files_do_not_exist(workspace: Path) -> None:
    (workspace / "AGENTS.md").write_bytes(b"a\x00b")
    made(workspace, "shop/item.py", text="def huge(): ...\n" * 10_000)
    (workspace / "shop/money.py").write_bytes(b"def latin(): '\xe9'\n")
    shown = await Context(SYNTAX, BUILT_IN, ContextConfig(largest_file=100_000)).gather(task(workspace), tokens=4000)
    for absent in ("huge", "latin", "a\x00b"):
        assert absent not in shown.text + shown.rules


@pytest.mark.parametrize("name", [".env.py", "shop/credentials.py", ".aws/x.py"])
async def test_a_document_named_like_secrets_is_refused(workspace: Path, name: str) -> None:
    with pytest.raises(BadRequest, match="keys or passwords"):
        await gathered(task(workspace, name=name))


async def test_files_are_read_in_a_thread(workspace: Path) -> None:
    threads: set[int] = set()

    class Watching:
        def outline(self, text: str, language: Language):
            threads.add(threading.get_ident())
            return SYNTAX.outline(text, language)

    await Context(Watching(), BUILT_IN).gather(task(workspace), tokens=4000)
    assert threads and threading.get_ident() not in threads


async def test_tasks_at_once_do_not_disturb_each_other(workspace: Path) -> None:
    context = Context(SYNTAX, BUILT_IN, ContextConfig(seconds=60))
    jobs = [task(workspace) for _ in range(8)]
    async with asyncio.TaskGroup() as group:
        results = [group.create_task(context.gather(job, tokens=2000)) for job in jobs]
    assert len({result.result() for result in results}) == 1


def test_estimates_are_cautious() -> None:
    assert estimate_tokens("") == 0
    assert estimate_tokens("def f(x):\n    return x + 1\n" * 10) >= 85
    assert estimate_tokens("漢字" * 10) >= 20
    assert estimate_tokens("😀" * 10) >= 20


def test_fences_hold_backticks() -> None:
    assert fenced("a ``` b", "md").startswith("````md\n")


def test_shortened() -> None:
    assert shortened("a\nb", 100) == "a\nb"
    assert shortened("a\n" * 100, 20).endswith("[...]")
    assert estimate_tokens(shortened("word word\n" * 100, 20)) <= 20
    assert shortened("a" * 1000, 10) == ""


def test_a_scope_wider_than_the_budget_keeps_both_ends(tmp_path: Path) -> None:
    lines = "\n".join(f"    x{i} = {i}" for i in range(2000))
    job = task(None, f"def f():|\n{lines}\n    return x1\n")
    shown = asyncio.run(gathered(job, 800))
    assert estimate_tokens(shown) <= 800
    assert "def f():" in shown and "return x1" in shown and LEFT_OUT in shown
    assert isinstance(job.scope, Scope)
