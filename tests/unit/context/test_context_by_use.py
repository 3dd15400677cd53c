"""Each kind of what models lacked in prompts on real projects, on a small project of its own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from forge_lsp.context import Context, ContextConfig
from forge_lsp.core.ports import GatheredContext
from forge_lsp.core.task import Task
from forge_lsp.editing.fitting import estimate_tokens
from forge_lsp.languages.registry import BUILT_IN
from tests.support import lang
from tests.unit.editing.support import SCOPES, SYNTAX, document, marked


async def gathered(root: Path, files: dict[str, str], *, tokens: int = 5_000) -> GatheredContext:
    """What is shown for the file with the mark ``|``."""
    job: Task | None = None
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        plain, place = marked(text, "¦")
        path.write_text(plain, encoding="utf-8")
        if place is not None:
            doc = document(plain, BUILT_IN.of_file(name) or lang.C, path)
            job = Task(document=doc, scope=SCOPES.scope(doc, place), instruction="write it", workspace=root)
    assert job is not None
    # Time enough for the whole index, however busy the machine is.
    return await Context(SYNTAX, BUILT_IN, ContextConfig(seconds=60)).gather(job, tokens=tokens)


def part(shown: GatheredContext, file: str) -> str:
    """What is shown of one file that is not the document."""
    alone = shown.text.partition(f"## {file}\n")[2].partition("\n## ")[0]
    folder, _, name = file.rpartition("/")
    group = shown.text.partition(f"## {folder or '.'}/\n")[2].partition("\n## ")[0]
    return alone or re.split(r"^(?:#|//) [\w.]+\.\w+$", group.partition(f" {name}\n")[2], flags=re.M)[0]


CASES: dict[str, tuple[dict[str, str], dict[str, list[str]]]] = {
    "Go: siblings of the package, the interface that is implemented, tests": (
        {
            "store/store.go": "package store\n\nfunc (s *Store) Put(item Item) error {¦\n\treturn nil\n}\n",
            "store/types.go": "package store\n\ntype Store struct {\n\titems map[string]Item\n\tlimit int\n}\n\n"
            "type Item struct {\n\tName string\n}\n\ntype Keeper interface {\n\tPut(item Item) error\n}\n",
            "store/store_test.go": "package store\n\nfunc TestPut(t *testing.T) {\n\ts := New()\n"
            '\ts.Put(Item{"a"})\n}\n',
        },
        {
            "store/types.go": ["limit int", "Name string", "type Keeper interface"],
            "store/store_test.go": ["func TestPut", "s.Put("],
        },
    ),
    "Rust: a type of another module, its fields, the trait, tests": (
        {
            "Cargo.toml": "[package]\n",
            "src/parse.rs": "use crate::version::Version;\n\nimpl Version {\n    pub fn next(&self) -> Version {¦\n"
            "        todo!()\n    }\n}\n",
            "src/version.rs": "pub struct Version {\n    pub major: u64,\n    pub minor: u64,\n}\n\n"
            "pub trait Step {\n    fn next(&self) -> Self;\n}\n",
            "tests/step.rs": "use it::Version;\n\n#[test]\nfn goes_on() {\n    assert_eq!(v.next().minor, 1);\n}\n",
        },
        {"src/version.rs": ["pub minor: u64"], "tests/step.rs": ["fn goes_on()", "v.next()"]},
    ),
    "PHP: siblings of the namespace, the interface, what is used of another, tests": (
        {
            "composer.json": '{"autoload": {"psr-4": {"Acme\\\\": "src/"}}}',
            "src/Store.php": "<?php\n\nnamespace Acme;\n\nuse Acme\\Money\\Sum;\n\n"
            "final class Store implements Keeper\n{\n"
            "    public function put(Item $item): Sum¦\n    {\n    }\n}\n",
            "src/Item.php": "<?php\n\nnamespace Acme;\n\nclass Item\n{\n    public int $price = 0;\n}\n",
            "src/Keeper.php": "<?php\n\nnamespace Acme;\n\ninterface Keeper\n{\n    function put(Item $item);\n}\n",
            "src/Money/Sum.php": "<?php\n\nnamespace Acme\\Money;\n\nclass Sum\n{\n"
            "    public function __construct(private int $cents)\n    {\n    }\n}\n",
            "tests/StoreTest.php": "<?php\n\nuse Acme\\Store;\n\nclass StoreTest extends TestCase\n{\n"
            "    public function testPuts(): void\n    {\n        (new Store())->put(new Item());\n    }\n}\n",
        },
        {
            "src/Item.php": ["int $price"],
            "src/Keeper.php": ["interface Keeper"],
            "src/Money/Sum.php": ["private int $cents"],
            "tests/StoreTest.php": ["function testPuts"],
        },
    ),
    "tests come before outlines, of dunder methods by the class, with what they use": (
        {
            "shop/cart.py": "class Cart:\n    def __setitem__(self, key, value):¦\n        ...\n",
            "tests/test_cart.py": "import unittest\nfrom shop.cart import Cart\n\n\n"
            "class CartTests(unittest.TestCase):\n"
            "    def setUp(self):\n        self.cart = Cart()\n\n    def test_keeps(self):\n        cart = Cart()\n"
            "        cart['a'] = filled(1)\n\n\ndef filled(count):\n    return [count]\n",
        },
        {"tests/test_cart.py": ["def test_keeps", "def setUp", "def filled"]},
    ),
    "tests of a common name: those of the module's own file": (
        {
            "shop/register.py": "class Register:\n    def get(self, name):¦\n        ...\n",
            **{
                f"tests/test_a{n}.py": f"def test_other_{n}():\n    assert thing.get('x')\n" + "\n" * 3
                for n in range(9)
            },
            "tests/test_register.py": "def test_mine():\n    assert Register().get('x') is None\n",
        },
        {"tests/test_register.py": ["def test_mine"]},
    ),
    "multi-line types and constants whole; decorators": (
        {
            "src/use.ts": "import { Shape, limits, Box } from './shapes'\n"
            "export function area(shape: Shape): number {¦\n"
            "  throw new Error('not implemented')\n}\n",
            "src/shapes.ts": "export type Shape =\n  | { kind: 'circle'; radius: number }\n"
            "  | { kind: 'square'; side: number }\n\nexport const limits = {\n  most: 10,\n}\n\n"
            "export class Box {\n  @cached\n  get size(): number {\n    return 1\n  }\n}\n",
        },
        {"src/shapes.ts": ["kind: 'circle'; radius", "| { kind: 'square'", "most: 10", "@cached\n  get size"]},
    ),
    "who calls it, with the line of the call": (
        {
            "shop/price.py": "def priced(item, count):¦\n    ...\n",
            "shop/bill.py": "from shop.price import priced\n\n\ndef bill(items):\n    total = 0\n"
            "    for item in items:\n        total += priced(item, count=2)\n    return total\n",
        },
        {"shop/bill.py": ["def bill(items)", "priced(item, count=2)"]},
    ),
    "C#: fixtures are tests": (
        {
            "src/Cart.cs": "namespace Shop;\npublic class Cart\n{\n    public int Total(int more)\n    {¦\n"
            "        throw new NotImplementedException();\n    }\n}\n",
            "tests/CartFixture.cs": "namespace Shop;\npublic class CartFixture\n{\n    [Test]\n"
            "    public void Adds()\n    {\n        Assert.AreEqual(3, new Cart().Total(3));\n    }\n}\n",
        },
        {"tests/CartFixture.cs": ["public void Adds()", ".Total(3)"]},
    ),
    "C: tests/core.c is a test; fields of the very type of the parameter; a typedef by its name": (
        {
            "list.c": '#include "list.h"\nint list_sum(list_t *list) {¦\n    /* TODO */\n}\n',
            "list.h": "typedef struct {\n    int *values;\n    int count;\n} list_t;\n\nint list_sum(list_t *list);\n",
            "tests/core.c": '#include "list.h"\nstatic void sums(void) {\n    assert(list_sum(&list) == 3);\n}\n',
        },
        {"list.h": ["int *values", "} list_t"], "tests/core.c": ["list_sum(&list) == 3"]},
    ),
    "Java: types of the signature first, with their members": (
        {
            "src/Gson.java": "package g;\npublic class Gson {\n    void toJson(Object value, JsonWriter writer) {¦\n"
            '        throw new UnsupportedOperationException("not implemented");\n    }\n}\n',
            "src/JsonWriter.java": "package g;\npublic class JsonWriter {\n    private int depth;\n"
            "    public JsonWriter nullValue() {\n        return this;\n    }\n}\n",
            "src/ExclusionStrategy.java": "package g;\npublic interface ExclusionStrategy {\n    int a();\n}\n",
        },
        {"src/JsonWriter.java": ["int depth", "JsonWriter nullValue()"]},
    ),
    "Kotlin: types of the signature, a class on one line too, and the tests that call it": (
        {
            "src/main/kotlin/g/Gson.kt": "package g\n\nclass Gson {\n"
            "    fun toJson(value: Any, writer: JsonWriter) {¦\n"
            '        TODO("it")\n    }\n}\n',
            "src/main/kotlin/g/JsonWriter.kt": "package g\n\nclass JsonWriter(private val depth: Int) {\n"
            "    fun nullValue(): JsonWriter = this\n}\n\nclass Short { val one = 1 }\n",
            "src/test/kotlin/g/GsonTest.kt": "package g\n\nclass GsonTest {\n    @Test\n    fun writes() {\n"
            "        Gson().toJson(1, JsonWriter(2))\n    }\n}\n",
        },
        {
            "src/main/kotlin/g/JsonWriter.kt": ["fun nullValue()"],
            "src/test/kotlin/g/GsonTest.kt": ["toJson(1, JsonWriter(2))"],
        },
    ),
    "C#: namespaces that are opened, by using or because they lie around its own": (
        {
            "src/Shop/Carts/Cart.cs": "using Acme.Text;\nusing static Acme.Limits.Most;\n\nnamespace Shop.Carts\n{\n"
            "    public class Cart\n    {\n        public string Told(string name)\n        {¦\n"
            "            throw new NotImplementedException();\n        }\n    }\n}\n",
            "lib/a/Words.cs": "namespace Acme.Text;\npublic static class Words\n{\n"
            "    public static string Cut(this string name, int most)\n    {\n        return name;\n    }\n}\n",
            "lib/b/Most.cs": "namespace Acme.Limits\n{\n    public static class Most\n    {\n"
            "        public const int Name = 3;\n    }\n}\n",
            "src/Shop/Item.cs": "namespace Shop\n{\n    public class Item\n    {\n"
            "        public string Name { get; set; }\n    }\n}\n",
        },
        {
            "lib/a/Words.cs": ["Cut(this string name"],
            "lib/b/Most.cs": ["const int Name"],
            "src/Shop/Item.cs": ["string Name"],
        },
    ),
    "Java: packages that are imported whole": (
        {
            "src/a/Gson.java": "package a;\nimport z.deep.*;\npublic class Gson {\n    void told(Object value) {¦\n"
            "        throw new UnsupportedOperationException();\n    }\n}\n",
            "lib/Words.java": "package z.deep;\npublic class Words {\n    static String cut(String name) {\n"
            "        return name;\n    }\n}\n",
        },
        {"lib/Words.java": ["String cut(String name)"]},
    ),
    "Kotlin: functions that extend other types": (
        {
            "src/a/Gson.kt": "package a\n\nimport z.deep.*\n\nclass Gson {\n    fun told(value: Any): String {¦\n"
            "        TODO()\n    }\n}\n",
            "lib/Words.kt": "package z.deep\n\nfun String.cut(most: Int): String = this\n",
        },
        {"lib/Words.kt": ["fun String.cut(most: Int)"]},
    ),
    "C++: what the headers include that it includes": (
        {
            "src/cart.cpp": '#include "shop/cart.h"\nnamespace shop {\nint Cart::total(int more) const {¦\n'
            "    /* TODO */\n}\n}\n",
            "include/shop/cart.h": '#pragma once\n#include "shop/deep/item.h"\nnamespace shop {\nclass Cart {\n'
            " public:\n    int total(int more) const;\n private:\n    std::vector<Item> items_;\n};\n}\n",
            "include/shop/deep/item.h": '#pragma once\n#include "../money/sum.h"\nnamespace shop {\nstruct Item {\n'
            "    Sum price;\n};\n}\n",
            "include/shop/money/sum.h": "#pragma once\nnamespace shop {\nenum class Coin { copper, silver };\n"
            "template <typename T>\nT added(T one, T other);\nclass Sum {\n public:\n    int cents() const;\n};\n}\n",
        },
        {
            "include/shop/cart.h": ["std::vector<Item> items_"],
            "include/shop/deep/item.h": ["Sum price"],
            "include/shop/money/sum.h": ["int cents() const", "T added(T one", "copper"],
        },
    ),
    "packages that export what others define": (
        {
            "src/use.ts": "import { KindOf } from './kinds'\nexport function told(kind: KindOf): string {¦\n"
            "  throw new Error('not implemented')\n}\n",
            "src/kinds/index.ts": "export * from './kind'\n",
            "src/kinds/kind.ts": "export interface KindOf {\n  label: string\n  depth: number\n}\n",
        },
        {"src/kinds/kind.ts": ["interface KindOf", "label: string", "depth: number"]},
    ),
    "a long describe: the test that calls it, whole": (
        {
            "src/sum.js": "export function sum(a, b) {¦\n  throw new Error('not implemented')\n}\n",
            "test/all.js": "describe('all', () => {\n"
            + "".join(f"  it('other {n}', () => {{\n    other({n})\n  }})\n" for n in range(60))
            + "  it('adds', () => {\n    assert.equal(sum(1, 2), 3)\n  })\n})\n",
        },
        {"test/all.js": ["it('adds'", "sum(1, 2)"]},
    ),
    "a long helper of tests that calls it: its head and what is around the call": (
        {
            "src/dump.h": "#pragma once\nclass Node {\n public:\n  int rune() {¦\n    return 0;\n  }\n};\n",
            "src/testing/dump.cc": '#include "../dump.h"\n\nstatic void Dump(Node* node, std::string* to) {\n'
            + "".join(f"  to->append({n});\n" for n in range(60))
            + "  to->append(node->rune());\n}\n",
            "src/testing/dump_test.cc": '#include "dump.h"\n\nTEST(Dump, No) {\n  EXPECT_EQ(Dump(nullptr), "");\n}\n',
        },
        {"src/testing/dump.cc": ["static void Dump(", "to->append(54)", "node->rune()"]},
    ),
    "called before any test, in several lines": (
        {
            "src/arrays.ts": "export class Arrays {\n  length(size: number) {¦\n    throw new Error('no')\n  }\n}\n",
            "src/arrays.test.ts": "const two = strings()\n  .array()\n  .length(2)\n\n"
            "test('of none', () => {\n  expect(none()).toBe(1) // its length(2) is wrong\n})\n",
        },
        {"src/arrays.test.ts": ["const two = strings()", ".length(2)"]},
    ),
}


@pytest.mark.parametrize("case", CASES)
async def test_what_is_needed_is_shown(tmp_path: Path, case: str) -> None:
    files, wanted = CASES[case]
    shown = await gathered(tmp_path, files, tokens=2_000)
    for file, words in wanted.items():
        for word in words:
            assert word in part(shown, file), f"{word} of {file} in:\n{shown.text}"


async def test_what_only_comments_and_texts_of_tests_name_is_no_call(tmp_path: Path) -> None:
    files = {
        "src/each.ts": "export function each(items: number[]) {¦\n  throw new Error('no')\n}\n",
        "src/each.test.ts": "it('visits each item', () => {\n  // each is called by walk\n  walk()\n})\n",
    }
    shown = await gathered(tmp_path, files)
    assert "visits each item" not in shown.text


async def test_a_namespace_shows_nothing_that_is_ignored(tmp_path: Path) -> None:
    files = {
        ".gitignore": "generated/\n",
        "Cart.cs": "using Acme.Keys;\nnamespace Shop;\npublic class Cart\n{\n    public int Total()\n    {¦\n"
        "        throw new NotImplementedException();\n    }\n}\n",
        **dict.fromkeys(
            ("generated/Keys.cs", "secrets.cs", ".hidden/Keys.cs", "obj/Keys.cs"),
            'namespace Acme.Keys;\npublic static class Keys\n{\n    public const string Value = "hidden-value";\n}\n',
        ),
    }
    root = tmp_path / "work"
    root.mkdir()
    (tmp_path / "Keys.cs").write_text(files["secrets.cs"])
    (root / "Linked.cs").symlink_to(tmp_path / "Keys.cs")
    shown = await gathered(root, files)
    assert "hidden-value" not in shown.text and "class Keys" not in shown.text


async def test_the_own_class_comes_before_what_is_merely_near(tmp_path: Path) -> None:
    text = (
        "class Cart:\n    def __init__(self, limit):\n        self.items = []\n        self.limit = limit\n"
        + "".join(f"\n    def other_{n}(self):\n        return {n} + {n}\n" for n in range(80))
        + "\n\nclass Unrelated:\n"
        + "".join(f"    def far_{n}(self):\n        return {n}\n\n" for n in range(40))
        + "\n\nclass Late(Cart):\n    def room(self):¦\n        ...\n"
    )
    shown = await gathered(tmp_path, {"shop/cart.py": text.replace("class Late(Cart)", "class Late(Cart)")}, tokens=900)
    assert estimate_tokens(shown.text) <= 900
    assert "self.limit = limit" in shown.text and "self.items = []" in shown.text


async def test_a_test_has_its_place_where_imports_fill_the_room(tmp_path: Path) -> None:
    many = "".join(f"\n\nclass Kind{n}:\n    def told_{n}(self, count):\n        return count\n" for n in range(200))
    files = {
        "shop/cart.py": "from shop.kinds import *\n\n\ndef total(kinds):¦\n    ...\n",
        "shop/kinds.py": many,
        "tests/test_cart.py": "from shop.cart import total\n\n\ndef test_total():\n    assert total([]) == 0\n",
    }
    shown = await gathered(tmp_path, files, tokens=700)
    assert "assert total([]) == 0" in part(shown, "tests/test_cart.py")
    assert "found no room here" in shown.text
    assert shown.text.index("## tests/test_cart.py") < shown.text.index("## shop/kinds.py")


async def test_parts_say_what_is_shown_and_why(tmp_path: Path) -> None:
    files, _ = CASES["who calls it, with the line of the call"]
    shown = await gathered(tmp_path, files)
    parts = {part.file: part for part in shown.parts}
    assert set(parts) == set(shown.files)
    assert ("calls it", 1) in parts["shop/bill.py"].reasons
    assert parts["shop/price.py"].reasons == (("the document", 1),)
    assert all(found.tokens > 0 and found.lines for found in parts.values())


async def test_nothing_hidden_is_shown_because_the_index_knows_it(tmp_path: Path) -> None:
    secret = "class Wallet:\n    def opened(self):\n        return 'hidden-value'\n"
    files = {
        ".gitignore": "generated/\n*_private.py\n!kept_private.py\n",
        "inner/.gitignore": "local.py\n",
        "shop/cart.py": "from shop.wallet import Wallet\n\n\ndef total(wallet: Wallet):¦\n    return Wallet.opened\n",
        **dict.fromkeys(
            ("generated/wallet.py", "shop/wallet_private.py", "inner/local.py", ".env.py", "shop/credentials.py",
             ".hidden/wallet.py", "node_modules/wallet.py"), secret
        ),
        "shop/kept_private.py": "def shown_wallet(wallet: Wallet) -> Wallet: ...\n",
    }  # fmt: skip
    outside = tmp_path / "outside.py"
    outside.write_text(secret)
    root = tmp_path / "work"
    root.mkdir()
    (root / "link.py").symlink_to(outside)
    (root / "linked").symlink_to(tmp_path, target_is_directory=True)
    shown = await gathered(root, files)
    assert "hidden-value" not in shown.text and "class Wallet" not in shown.text
    assert "def shown_wallet" in shown.text


async def test_what_changed_on_the_disk_is_seen(tmp_path: Path) -> None:
    files = {
        "shop/cart.py": "from shop.item import Item\n\n\ndef total(item: Item):¦\n    ...\n",
        "shop/item.py": "class Item:\n    price: int = 0\n",
    }
    context = Context(SYNTAX, BUILT_IN, ContextConfig(seconds=60))
    plain, place = marked(files["shop/cart.py"], "¦")
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text.replace("¦", ""))
    doc = document(plain, lang.PYTHON, tmp_path / "shop/cart.py")

    async def shown() -> str:
        job = Task(document=doc, scope=SCOPES.scope(doc, place), instruction="write it", workspace=tmp_path)
        return (await context.gather(job, tokens=3_000)).text

    assert "price: int" in await shown()
    (tmp_path / "shop/item.py").write_text("class Item:\n    weight: float = 0.0\n")
    changed = await shown()
    assert "weight: float" in changed and "price: int" not in changed


async def test_a_first_task_goes_on_without_an_index_that_takes_too_long(tmp_path: Path) -> None:
    for number in range(300):
        (tmp_path / f"module{number}.py").write_text(f"class Kind{number}:\n    pass\n")
    text = "def total(count):¦\n    ...\n"
    plain, place = marked(text, "¦")
    doc = document(plain, lang.PYTHON, tmp_path / "cart.py")
    job = Task(document=doc, scope=SCOPES.scope(doc, place), instruction="write it", workspace=tmp_path)
    shown = await Context(SYNTAX, BUILT_IN, ContextConfig(seconds=0.0)).gather(job, tokens=2_000)
    assert "def total(count)" in shown.text
