"""Which conditions stand around a scope in Rust, which features it needs, and what is not compiled here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import pytest

from forge_lsp.checking.project import place_of
from forge_lsp.languages.rust.conditions import Conditions, conditions_of
from tests.support import lang
from tests.support.builds import task_of, write_files

MANIFEST = (
    '[package]\nname = "shop"\nversion = "1.0.0"\n\n[features]\ndefault = ["std"]\nstd = ["alloc"]\nalloc = []\n'
    'extra = []\nmore = []\n\n[dependencies]\nserde = { version = "1", optional = true }\n'
)
STUB = "«pub fn area(w: i64, h: i64) -> i64 {\n    todo!()\n}»\n"
DOCUMENT = "src/lib.rs"


def found(
    root: Path, marked: str, files: Mapping[str, str] | None = None, document: str = DOCUMENT, code: str | None = None
) -> Conditions:
    text = marked.replace("«", "").replace("»", "")
    write_files(root, {"Cargo.toml": MANIFEST, document: text, **(files or {})})
    task = task_of(marked, language=lang.RUST, path=root / document, workspace=root, name="area")
    candidate = None if code is None else marked[: marked.index("«")] + code + marked[marked.index("»") + 1 :]
    return conditions_of(task, place_of(task), PurePosixPath("Cargo.toml"), candidate)


@pytest.mark.parametrize(
    ("attribute", "features", "unmet"),
    [
        ("", (), False),
        ("#[inline]", (), False),
        ("#[cfg(unix)]", (), False),
        ("#[cfg(not(windows))]", (), False),
        ("#[cfg(windows)]", (), True),
        ('#[cfg(all(unix, target_os = "plan9"))]', (), True),
        ('#[cfg(feature = "std")]', (), False),
        ('#[cfg(feature = "alloc")]', (), False),
        ('#[cfg(not(feature = "std"))]', (), True),
        ('#[cfg(feature = "extra")]', ("extra",), False),
        ('#[cfg(all(feature = "extra", any(feature = "more", windows)))]', ("extra", "more"), False),
        ('#[cfg(any(unix, feature = "extra"))]', (), False),
        ('#[cfg(feature = "serde")]', ("serde",), False),
        ('#[cfg(feature = "unheard_of")]', (), True),
        ("#[cfg(test)]", (), False),
        ("#[cfg(not(test))]", (), False),
        ("#[cfg(loom)]", (), True),
        ("#[cfg(windows)]\n#[inline]", (), True),
        ('#[cfg(feature = "extra")]\n#[cfg(feature = "more")]', ("extra", "more"), False),
    ],
)
def test_conditions_of_an_item(attribute: str, features: tuple[str, ...], unmet: bool, tmp_path: Path) -> None:
    got = found(tmp_path, f"{attribute}\n{STUB}")
    assert (got.features, got.unmet is not None) == (features, unmet), got
    inside = found(tmp_path, f"{attribute}\nmod inner {{\n{STUB}}}\n")
    assert (inside.features, inside.unmet is not None) == (features, unmet), inside


@pytest.mark.parametrize(
    ("document", "files", "features", "unmet"),
    [
        ("src/shapes.rs", {"src/lib.rs": "pub mod shapes;\n"}, (), None),
        ("src/shapes.rs", {"src/lib.rs": "#[cfg(windows)]\npub mod shapes;\n"}, (), "cfg(windows)"),
        ("src/shapes.rs", {"src/lib.rs": '#[cfg(feature = "extra")]\nmod shapes;\n'}, ("extra",), None),
        ("src/a/b.rs", {"src/lib.rs": "#[cfg(windows)]\nmod a;\n", "src/a.rs": "mod b;\n"}, (), "cfg(windows)"),
        ("src/a/mod.rs", {"src/main.rs": '#[cfg(feature = "more")]\nmod a;\n'}, ("more",), None),
        ("src/a/b.rs", {"src/lib.rs": "mod a;\n", "src/a/mod.rs": "#![cfg(windows)]\nmod b;\n"}, (), "cfg(windows)"),
        (
            "src/shapes.rs",
            {"src/lib.rs": "#[cfg(windows)]\nmod shapes;\n#[cfg(unix)]\nmod shapes;\n"},
            (),
            None,
        ),
        (
            DOCUMENT,
            {
                "tests/all.rs": '#![cfg(feature = "extra")]\nuse shop::area;\n',
                "tests/b.rs": '#![cfg(feature = "more")]\n',
            },
            ("extra",),
            None,
        ),
        (
            DOCUMENT,
            {"Cargo.toml": f'{MANIFEST}\n[[test]]\nname = "all"\nrequired-features = ["more"]\n'},
            ("more",),
            None,
        ),
    ],
)
def test_conditions_of_other_files(
    document: str, files: Mapping[str, str], features: tuple[str, ...], unmet: str | None, tmp_path: Path
) -> None:
    assert found(tmp_path, STUB, files, document) == Conditions(features=features, unmet=unmet)


def test_what_a_build_script_sets_is_believed(tmp_path: Path) -> None:
    script = {"build.rs": 'fn main() { println!("cargo:rustc-cfg=fast"); }\n'}
    assert found(tmp_path, f"#[cfg(fast)]\n{STUB}").unmet == "cfg(fast)"
    assert found(tmp_path, f"#[cfg(fast)]\n{STUB}", script).unmet is None


def test_a_condition_that_the_candidate_brings(tmp_path: Path) -> None:
    code = "#[cfg(windows)]\npub fn area(w: i64, h: i64) -> i64 {\n    w.nonsense(h)\n}"
    assert found(tmp_path, STUB, code=code).unmet == "cfg(windows)"
    both = code + "\n#[cfg(not(windows))]\npub fn area(w: i64, h: i64) -> i64 {\n    w * h\n}"
    assert found(tmp_path, STUB, code=both).unmet is None


@pytest.mark.parametrize("document", ["a.rs", "mod.rs", "lib.rs", "src/a.rs", "src/mod.rs", "src/deep/mod.rs"])
def test_a_file_has_conditions_wherever_it_lies(document: str, tmp_path: Path) -> None:
    assert found(tmp_path, STUB, document=document).unmet == found(tmp_path, STUB).unmet
