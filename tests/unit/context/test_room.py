"""Room is spent on what tells something: notes, annotations, imports of tests and private members cost none."""

from __future__ import annotations

from pathlib import Path

import pytest

from forge_lsp.context.index import Index
from forge_lsp.context.reading import Reader
from forge_lsp.context.shortening import first_sentence, without_value
from forge_lsp.context.workspace import Workspace
from forge_lsp.editing.files import Files
from tests.support import lang
from tests.unit.context.test_context_by_language import sharp
from tests.unit.context.test_context_by_use import gathered, part
from tests.unit.editing.support import document

CART = "package shop;\n\npublic class Cart {\n    int total(Item item) {¦\n        return 0;\n    }\n}\n"


def lines(text: str) -> list[str]:
    """Its lines, stripped."""
    return [line.strip() for line in text.split("\n")]


async def test_lines_left_out_are_told_within_a_function_and_not_between_definitions(tmp_path: Path) -> None:
    long = "".join(f"    step_{n} = {n} * {n} + count * {n} - count // 3 + {n} % 7\n" for n in range(60))
    files = {
        "shop/cart.py": "from shop.item import Item\n\n\ndef total(item: Item):¦\n    ...\n",
        "shop/item.py": "class Item:\n"
        + "".join(
            f"    def {name}(self, count):\n{long.replace('    step', '        step')}\n"
            for name in ("price", "weight")
        ),
        "shop/bill.py": f"from shop.cart import total\n\n\ndef billed(count):\n{long}    return total(count)\n",
    }
    shown = await gathered(tmp_path, files, tokens=900)
    item = lines(part(shown, "shop/item.py"))
    assert item[item.index("def price(self, count):") + 1] == "def weight(self, count):"
    bill = lines(part(shown, "shop/bill.py"))
    assert bill[bill.index("def billed(count):") + 1] == "# ..."
    assert "return total(count)" in bill


async def test_the_document_has_no_notes_between_definitions(tmp_path: Path) -> None:
    long = "".join(f"        step{n} = {n} * {n} + count * {n} - count / 3 + {n} % 7;\n" for n in range(60))
    text = "class Cart {\n    int total() {¦\n        return 0;\n    }\n\n" + "".join(
        f"    /** The {name}. */\n    int {name}(int count) {{\n{long}    }}\n\n"
        for name in ("price", "weight", "size")
    )
    shown = (await gathered(tmp_path, {"Cart.java": text + "}\n"}, tokens=600)).text
    assert "Of the rest of this file only a part is shown." in shown
    told = [n for n, line in enumerate(lines(shown)) if "==== left out" in line]
    assert told and not any("int count" in lines(shown)[n + 1] or "/** The" in lines(shown)[n + 1] for n in told)
    assert all(f"int {name}(int count) {{" in shown for name in ("price", "weight", "size"))
    whole = (await gathered(tmp_path, {"Small.java": "class Small {\n    int total() {¦\n    }\n}\n"})).text
    assert "only a part is shown" not in whole


async def test_lines_left_out_before_a_field_that_a_function_sets_are_told(tmp_path: Path) -> None:
    long = "".join(f"        step{n} = {n} * {n} + count * {n} - count // 3 + {n} % 7\n" for n in range(60))
    text = "class Cart:\n    def total(self):¦\n        return 0\n\n" + "".join(
        f"    def {name}(self, count):\n{long}        self.{name}s = count\n{long}\n" for name in ("price", "weight")
    )
    shown = lines((await gathered(tmp_path, {"cart.py": text}, tokens=600)).text)
    assert "==== left out" in shown[shown.index("self.prices = count") - 1]


async def test_files_of_one_folder_stand_under_one_heading(tmp_path: Path) -> None:
    files = {
        "shop/Cart.java": CART.replace("Item item", "Item item, Price price, Bill bill"),
        "shop/Item.java": "package shop;\n\nclass Item {\n    int cents;\n}\n",
        "shop/Price.java": "package shop;\n\nclass Price {\n    int cents;\n}\n",
        "bills/Bill.java": "package bills;\n\nclass Bill {\n    int sum;\n}\n",
    }
    shown = await gathered(tmp_path, files)
    both = "// Item.java\nclass Item {\n    int cents;\n}\n// Price.java\nclass Price {\n    int cents;\n}\n"
    assert f"## shop/\n\n```java\n{both}```\n" in shown.text
    assert "## bills/Bill.java\n\n```java\nclass Bill {\n" in shown.text
    assert {"shop/Item.java", "shop/Price.java", "bills/Bill.java"} <= set(shown.files)


async def test_a_long_value_of_a_typed_constant_is_not_shown(tmp_path: Path) -> None:
    files = {
        "shop/Cart.java": CART.replace("return 0", "return Kinds.FIRST"),
        "shop/Kinds.java": "package shop;\n\nclass Kinds {\n    static final int MOST = 12;\n"
        "    static final Kind FIRST = made(Kind.class, Other.ELSE);\n"
        "    static final Kind SECOND =\n        made(Kind.class, Other.MORE);\n}\n",
    }
    shown = lines(part(await gathered(tmp_path, files), "shop/Kinds.java"))
    assert {"static final int MOST = 12;", "static final Kind FIRST = ...;"} <= set(shown)


@pytest.mark.parametrize(
    ("line", "name", "shown"),
    [
        ("    static final Kind A = made(Kind.class, B);", "A", "    static final Kind A = ...;"),
        ("    public int Count => items.Count() + 1;", "Count", "    public int Count => ...;"),
        ('const char* kName = "a name of some length";  // told', "kName", "const char* kName = ...;"),
        ("    int limit = 1024;", "limit", "    int limit = 1024;"),
        ("    bool same = a == bcdefghijklmnopqrst;", "other", "    bool same = a == bcdefghijklmnopqrst;"),
        ("    Kind A = made(", "A", "    Kind A = made("),
    ],
)
def test_a_declaration_without_its_value(line: str, name: str, shown: str) -> None:
    assert without_value(line, name) == shown


@pytest.mark.parametrize(
    ("comment", "count"),
    [
        (["/**", " * Returns the adapter.", " *", " * <p>When called...", " */"], 2),
        (["/** One", " * sentence", " * <p>more", " */"], 2),
        (["/** One sentence. */"], 1),
        (["/// <summary>", "/// What it is", "/// </summary>", "/// <param>"], 3),
        (["# One", "#", "# two"], 1),
        (["/**", " * Sums up", " * @param items what to sum", " */"], 2),
        (["// a", "// b", "// c", "// d", "// e"], 4),
        (["// ----", "// ----", "// ----", "// ----", "// ----"], 4),
    ],
)
def test_the_first_sentence_of_a_comment(comment: list[str], count: int) -> None:
    assert first_sentence(comment) == count


@pytest.mark.parametrize(
    ("files", "there", "not_there"),
    [
        (
            {
                "shop/Cart.java": CART,
                "shop/Item.java": "package shop;\n\n@Entity\npublic class Item {\n    @Override\n"
                '    @SuppressWarnings("unchecked")\n    public int cents() {\n'
                + "        int more = 1;\n" * 50
                + "        return 1;\n    }\n}\n",
            },
            {"@Entity", "public int cents() {"},
            {"@Override", '@SuppressWarnings("unchecked")'},
        ),
        (
            {
                "shop/cart.py": "from shop.item import Item\n\n\ndef total(item: Item):¦\n    ...\n",
                "shop/item.py": "class Item:\n    @property\n    def cents(self):\n"
                + "        more = 1\n" * 50
                + "        return 1\n",
            },
            {"@property", "def cents(self):"},
            set[str](),
        ),
    ],
)
async def test_annotations_are_shown_where_they_change_how_a_thing_is_used(
    tmp_path: Path, files: dict[str, str], there: set[str], not_there: set[str]
) -> None:
    shown = lines(part(await gathered(tmp_path, files, tokens=600), next(name for name in files if "tem" in name)))
    assert there <= set(shown) and not not_there & set(shown)


async def test_of_a_test_files_imports_those_that_are_used_are_shown(tmp_path: Path) -> None:
    files = {
        "shop/cart.py": "def total(item):¦\n    ...\n",
        "tests/test_cart.py": "".join(
            f"from far.away.package.number{n} import something_unused_{n}\n" for n in range(8)
        )
        + "from shop.cart import total\nfrom shop.made import made_up\n\n\n"
        "def test_total():\n    assert total(made_up()) == 0\n",
    }
    shown = lines(part(await gathered(tmp_path, files), "tests/test_cart.py"))
    assert {"from shop.cart import total", "from shop.made import made_up"} <= set(shown)
    assert not any("unused" in line for line in shown)


async def test_what_is_private_to_another_class_comes_after_what_can_be_called(tmp_path: Path) -> None:
    members = "".join(
        f"    {kind} int {kind}Number{n}(int first, int second, int third) {{\n"
        + "        int more = 1;\n" * 50
        + "        return 1;\n    }\n"
        for n in range(30)
        for kind in ("private", "public")
    )
    files = {
        "shop/Cart.java": CART,
        "shop/Item.java": f"package shop;\n\npublic class Item {{\n{members}}}\n",
    }
    shown = part(await gathered(tmp_path, files, tokens=700), "shop/Item.java")
    assert shown.count("publicNumber") > 5 and "privateNumber" not in shown


def test_csharp_files_without_a_namespace_are_seen(tmp_path: Path) -> None:
    files = {
        "src/Cart.cs": sharp("Cart", ""),
        "src/Item.cs": sharp("Item", ""),
        "far/away/Guard.cs": "static class Guard\n{\n}\n",
        "far/away/Other.cs": sharp("Other", "").replace("Shop", "Other"),
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    found = document(files["src/Cart.cs"], lang.CSHARP, tmp_path / "src/Cart.cs")
    on_disk = Files(tmp_path, (), code=lang.BUILT_IN.suffixes, largest=512_000)
    workspace = Workspace(found, "src/Cart.cs", on_disk, Index(), Reader(), (lang.CSHARP,))
    workspace.refresh(most=100, seconds=60)
    assert list(workspace.opened()) == ["src/Item.cs", "far/away/Guard.cs"]


@pytest.mark.parametrize("count", [12, 80])
async def test_functions_of_the_same_name_are_looked_at_however_many_there_are(tmp_path: Path, count: int) -> None:
    """What the like function of another program uses is found through it, the nearest first."""
    like = "def made_ready(options):\n    return {}(options)\n"
    files = {
        "one/main.py": "def made_ready(options):¦\n    ...\n",
        **{f"other{n}/main.py": like.format("print") for n in range(count)},
        "one/near/main.py": "from far.away.tools import unheard_of\n\n\n" + like.format("unheard_of"),
        "far/away/tools.py": "def unheard_of(options):\n    return options\n",
    }
    assert "def unheard_of(options):" in part(await gathered(tmp_path, files), "far/away/tools.py")


async def test_a_call_in_a_class_made_up_for_tests_is_shown(tmp_path: Path) -> None:
    made_up = (
        "    private class Made : Map\n    {\n        public Made()\n        {\n            Refers<int>(1);\n"
        "        }\n    }\n"
    )
    files = {
        "src/Map.cs": sharp("Map", "    public void Refers<T>(T one)\n    {¦\n        throw new Exception();\n    }\n"),
        "tests/MapTests.cs": sharp(
            "MapTests", f"    [Fact]\n    public void Works()\n    {{\n        new Made();\n    }}\n{made_up}"
        ),
    }
    assert "Refers<int>(1);" in part(await gathered(tmp_path, files), "tests/MapTests.cs")


async def test_a_long_test_is_shown_with_what_makes_it_one(tmp_path: Path) -> None:
    long = "".join(f"        let step_{n} = {n} * {n} + {n} - {n} / 3;\n" for n in range(60))
    text = (
        "pub fn total(count: u32) -> u32 {¦\n    todo!()\n}\n\n#[cfg(test)]\nmod tests {\n    use super::*;\n\n"
        + "".join(f"    const FAR_{n}: u32 = {n} * {n} + {n} - {n} / 3 + {n} % 7;\n" for n in range(80))
        + "\n    /// Counts.\n    ///\n    /// At length.\n    /// And more.\n"
        f"    #[test]\n    #[should_panic]\n    fn counts() {{\n{long}        assert_eq!(total(3), 4);\n    }}\n}}\n"
    )
    shown = lines((await gathered(tmp_path, {"src/lib.rs": text}, tokens=600)).text)
    assert {"#[test]", "#[should_panic]", "assert_eq!(total(3), 4);"} <= set(shown)
