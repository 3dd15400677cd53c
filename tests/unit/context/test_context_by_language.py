"""What C#, C and C++ hide from whoever looks for a definition, each kind on a small project of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from forge_lsp.context.reading import Kind, Reader
from forge_lsp.core.languages import Language
from tests.support import lang
from tests.unit.context.test_context_by_use import gathered, part

THROWS = "        throw new NotImplementedException();\n"


def sharp(name: str, body: str) -> str:
    """A file with one class."""
    return f"namespace Shop;\n\npublic class {name}\n{{\n{body}}}\n"


CASES: dict[str, tuple[dict[str, str], dict[str, list[str]]]] = {
    "C#: a type that many files construct, return and wait for": (
        {
            "src/Cart.cs": sharp("Cart", f"    public Receipt Paid(Receipt before)\n    {{¦\n{THROWS}    }}\n"),
            "lib/money/Receipt.cs": sharp("Receipt", "    public int Cents { get; set; }\n").replace("Shop", "Money"),
            **{
                f"lib/use{n}/Use{n}.cs": sharp(
                    f"Use{n}", f"    object Make{n}()\n    {{\n        return Receipt(new Receipt({n}));\n    }}\n"
                )
                for n in range(40)
            },
        },
        {"lib/money/Receipt.cs": ["class Receipt", "int Cents"]},
    ),
    "C#: the other parts of a partial class, its base and what that has": (
        {
            "src/Cart.cs": "namespace Shop;\n\npublic partial class Cart : Basket\n{\n"
            f"    public int Total(int more)\n    {{¦\n{THROWS}    }}\n}}\n",
            "src/state/Cart.State.cs": "namespace Shop;\n\npublic partial class Cart\n{\n    private int _limit;\n}\n",
            "base/Basket.cs": "namespace Shop;\n\npublic abstract class Basket\n{\n    protected int Sum { get; }\n}\n",
        },
        {"src/state/Cart.State.cs": ["int _limit"], "base/Basket.cs": ["class Basket", "int Sum"]},
    ),
    "C#: namespaces that are opened for all files": (
        {
            "src/Cart.cs": sharp("Cart", f"    public string Told(string name)\n    {{¦\n{THROWS}    }}\n"),
            "src/Usings.cs": "global using System;\nglobal using Acme.Text;\n",
            "other/lib/Words.cs": "namespace Acme.Text;\n\npublic static class Words\n{\n"
            "    public static string Cut(this string name, int most) => name;\n}\n",
        },
        {"other/lib/Words.cs": ["Cut(this string name"]},
    ),
    "C#: what the like methods of other classes use": (
        {
            "src/rules/Most.cs": "namespace Shop.Rules;\n\npublic class Most : Rule\n{\n"
            f"    public override bool Holds(Asked asked)\n    {{¦\n{THROWS}    }}\n}}\n",
            "src/rules/Least.cs": "namespace Shop.Rules;\n\npublic class Least : Rule\n{\n"
            "    public override bool Holds(Asked asked)\n    {\n        asked.Words.Append(1);\n"
            "        return Refusals.None;\n    }\n}\n",
            "src/deep/words/Said.cs": "namespace Other.Words;\n\npublic class Said\n{\n"
            "    public Said Append(int value) => this;\n}\n",
            "far/Refusals.cs": "namespace Far;\n\npublic static class Refusals\n{\n    public static bool None;\n}\n",
        },
        {"src/deep/words/Said.cs": ["Said Append(int value)"], "far/Refusals.cs": ["class Refusals", "bool None"]},
    ),
    "C++: a class behind a macro, and its members": (
        {
            "src/cart.cpp": '#include "shop/cart.h"\n\nSHOP_INLINE int cart::total(int more) {¦\n    /* TODO */\n}\n',
            "include/shop/cart.h": '#pragma once\n#include "item.h"\n\nclass SHOP_API cart : public basket {\n'
            " public:\n    int total(int more);\n private:\n    int sum_ GUARDED_BY(mutex_);\n};\n",
            "include/shop/item.h": "#pragma once\n\nclass SHOP_API basket {\n protected:\n    int limit_;\n};\n",
        },
        {"include/shop/cart.h": ["class SHOP_API cart", "int sum_"], "include/shop/item.h": ["int limit_"]},
    ),
}


@pytest.mark.parametrize("case", CASES)
async def test_what_is_needed_is_shown(tmp_path: Path, case: str) -> None:
    files, wanted = CASES[case]
    shown = await gathered(tmp_path, files)
    for file, lines in wanted.items():
        for line in lines:
            assert line in part(shown, file), f"{line} of {file}\n{shown.text}"


READ: dict[str, tuple[Language, str, dict[str, tuple[Kind, str]]]] = {
    "a macro before the name of a class": (
        lang.CPP,
        "class SHOP_API cart : public basket {\n public:\n    void add(int n);\n    ~cart();\n};\n"
        "struct SHOP_ALIGNED(8) pair { int one; };\nenum class SHOP_API coin { copper };\n"
        "class plain final { int two; };\n",
        {
            "cart": (Kind.TYPE, ""),
            "add": (Kind.FIELD, "cart"),
            "pair": (Kind.TYPE, ""),
            "one": (Kind.FIELD, "pair"),
            "coin": (Kind.TYPE, ""),
            "copper": (Kind.FIELD, "coin"),
            "plain": (Kind.TYPE, ""),
            "two": (Kind.FIELD, "plain"),
        },
    ),
    "macros around a function": (
        lang.CPP,
        "SHOP_BEGIN_NAMESPACE\nSHOP_INLINE SHOP_CONSTEXPR int cart::total(int n) SHOP_NOEXCEPT {\n    return n;\n}\n"
        "SHOP_API Item made(int n);\ntemplate <typename T, SHOP_ENABLE_IF(is_small<T>::value)>\nT cut(T n) {\n"
        "    return n;\n}\nSHOP_END_NAMESPACE\n",
        {"total": (Kind.FUNCTION, "cart"), "made": (Kind.FUNCTION, ""), "cut": (Kind.FUNCTION, "")},
    ),
    "annotations after a member": (
        lang.CPP,
        "class cart {\n    void add() LOCKS_EXCLUDED(mutex_);\n    int sum_ GUARDED_BY(mutex_);\n    int limit_;\n};\n",
        {"add": (Kind.FIELD, "cart"), "sum_": (Kind.FIELD, "cart"), "limit_": (Kind.FIELD, "cart")},
    ),
    "types in capitals are no macros": (
        lang.C,
        "FILE *opened(const char *name) {\n    return 0;\n}\nDWORD count;\nstruct STAT { int size; };\n",
        {
            "opened": (Kind.FUNCTION, ""),
            "count": (Kind.VALUE, ""),
            "STAT": (Kind.TYPE, ""),
            "size": (Kind.FIELD, "STAT"),
        },
    ),
    "signs of several bytes before what is hidden": (
        lang.CPP,
        "// größer 漢\nclass SHOP_API cart { int grüße_; };\nint after;\n",
        {"cart": (Kind.TYPE, ""), "after": (Kind.VALUE, "")},
    ),
}


@pytest.mark.parametrize("case", READ)
def test_what_macros_hide_is_read(case: str) -> None:
    language, text, wanted = READ[case]
    found = {(item.name, (item.kind, item.container)) for item in Reader().read(text, language).definitions}
    assert wanted.items() <= found


@pytest.mark.parametrize(
    ("language", "text", "defined", "used"),
    [
        (
            lang.CSHARP,
            "record struct Point(int X);\nclass A : B {\n    Kind made = new Made();\n"
            "    int M() { return Given(await Waited(1)); }\n}\n",
            {"Point", "A", "made", "M"},
            {"Made", "Given", "Waited", "struct"},
        ),
        (
            lang.JAVA,
            "class A {\n    Kind made = new Made();\n    int m() { return given(1); }\n"
            "    void n() { throw thrown(2); }\n}\n",
            {"A", "made", "m", "n"},
            {"Made", "given", "thrown"},
        ),
        (
            lang.CPP,
            "enum class Coin { Copper };\nclass SHOP_API Cart : Base {};\nstruct Outer::Inner {};\n"
            "int m() { return given(1); }\n"
            "auto made = new Made(3);\nint Cart::total(int n) { delete gone; }\n#define LIMIT 3\nusing Alias = int;\n",
            {"Coin", "Cart", "Inner", "m", "made", "total", "LIMIT", "Alias"},
            {"given", "Made", "gone", "class"},
        ),
    ],
)
def test_the_index_tells_what_is_defined_from_what_is_used(
    language: Language, text: str, defined: set[str], used: set[str]
) -> None:
    found = language.context().defined(text)
    assert defined <= found and not found & used
