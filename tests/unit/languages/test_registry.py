"""Which languages there are: built in, of installed packages, of the settings."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from forge_lsp.config import gather, resolve
from forge_lsp.config.load import ResolvedSettings
from forge_lsp.config.sources import Layer
from forge_lsp.core.errors import SettingsError
from forge_lsp.core.languages import Language, Languages
from forge_lsp.languages import registry
from forge_lsp.languages.registry import BUILT_IN, GROUP, languages

ZIG = '[language.zig]\nsuffixes = [".zig"]\ntitle = "Zig"\ncomment = "//"\nnames = ["ziglang"]\n'


def resolved(text: str, tmp_path: Path) -> ResolvedSettings:
    path = tmp_path / "forge.toml"
    path.write_text(text)
    return resolve(gather(config=path, environment={}), Layer(label="none"))


def test_a_language_is_told_by_its_identifier() -> None:
    go = BUILT_IN.recorded("go")
    assert (f"{go}", f"{go:5}|", str(go)) == ("go", "go   |", "go")


def test_a_language_of_the_settings(tmp_path: Path) -> None:
    settings = resolved(f'{ZIG}[check.zig]\ncommand = ["zig", "ast-check", "{{file}}"]\n', tmp_path).settings
    known = settings.languages
    zig = known.of_file("src/main.zig")
    assert zig is not None
    assert (zig.id, zig.title, zig.comment) == ("zig", "Zig", "//")
    assert known.named("ZigLang") == zig
    assert settings.check.of(zig).command == ("zig", "ast-check", "{file}")
    assert known.ids == (*BUILT_IN.ids, "zig")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[language.zig]\n", "language.zig.suffixes (FILE): Field required"),
        ("[language.zig]\nsuffixes = []\n", "language.zig.suffixes (FILE)"),
        ('[language.zig]\nsuffixes = ["zig"]\n', "'zig' is no suffix; write it with its dot"),
        ('[language.python]\nsuffixes = [".py"]\n', "language.python (FILE): forge-lsp brings this language"),
        ('[check.zig]\ncommand = ["zig"]\n', "check.zig (FILE): unknown key; a language is one of python, csharp"),
        ('[check]\npyhton = "x"\n', "check.pyhton (FILE)"),
    ],
)
def test_settings_that_describe_no_language(text: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as failed:
        resolved(text, tmp_path)
    assert words.replace("FILE", str(tmp_path / "forge.toml")) in str(failed.value)


def test_a_registry_forgets_what_settings_described_before() -> None:
    known = languages()
    known.extend([Language(id="zig", title="Zig", suffixes=(".zig",))])
    assert known.of_file("a.zig") is not None
    known.extend([])
    assert known.of_file("a.zig") is None
    assert known.recorded("zig").id == "zig", "a stored job still has its language"


def test_of_two_with_one_suffix_the_later_has_it() -> None:
    one, two = (Language(id=id_, title=id_, suffixes=(".x",)) for id_ in ("one", "two"))
    known = Languages((one, two))
    assert str(known.of_file("a.x")) == "two"


def test_languages_of_installed_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "forge_zig.py").write_text(
        "from forge_lsp.core.languages import Language\n"
        'ZIG = Language(id="zig", title="Zig", suffixes=(".zig",))\n'
        'MINE = Language(id="python", title="Mine", suffixes=(".py",))\n'
        'NONE = "zig"\n'
    )
    info = tmp_path / "forge_zig-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: forge-zig\nVersion: 1.0\n")
    points = "zig = forge_zig:ZIG\nmine = forge_zig:MINE\nnone = forge_zig:NONE\ngone = forge_zig:GONE\n"
    (info / "entry_points.txt").write_text(f"[{GROUP}]\n{points}")
    monkeypatch.syspath_prepend(tmp_path)
    registry._installed.cache_clear()
    try:
        with caplog.at_level(logging.ERROR):
            found = languages()
        assert found.ids == (*BUILT_IN.ids, "zig")
        assert found.of_file("a.py") is BUILT_IN.get("python")
        told = [record.getMessage() for record in caplog.records]
        assert any("'none'" in line for line in told)
        assert any("'gone'" in line for line in told)
        assert any("brings python itself" in line for line in told)
    finally:
        registry._installed.cache_clear()
