"""Which tests of a Go module speak of a scope: its package's, else those of the packages that import it."""

from __future__ import annotations

from pathlib import Path

from forge_lsp.checking.project import place_of
from forge_lsp.languages.go import choosing
from forge_lsp.languages.go.choosing import Selection
from tests.support import lang
from tests.support.builds import task_of, write_files

LIST = (
    "package list\n\ntype List struct{ length int }\n\n«func (l *List) Init() *List {\n\tl.length = 0\n\treturn l\n}»\n"
)
FILES = {
    "go.mod": "module example.com/shop\n\ngo 1.21\n",
    "basket/basket.go": 'package basket\n\nimport "example.com/shop/internal/list"\n\nfunc New() *list.List {\n'
    "\treturn new(list.List).Init()\n}\n\nfunc Other() int { return 1 }\n",
    "basket/basket_test.go": 'package basket_test\n\nimport (\n\t"testing"\n\n\t"example.com/shop/basket"\n)\n\n'
    "func TestNew(t *testing.T) { basket.New() }\n\nfunc TestOther(t *testing.T) { basket.Other() }\n",
}
OWN = 'package list\n\nimport "testing"\n\nfunc TestInit(t *testing.T) { new(List).Init() }\n'
IDLE = 'package list\n\nimport "testing"\n\nfunc TestIdle(t *testing.T) {}\n'


def chosen(root: Path, files: dict[str, str], marked: str = LIST, name: str = "Init") -> tuple[Selection, ...]:
    path = root / "internal/list/list.go"
    write_files(root, {**files, "internal/list/list.go": marked.replace("«", "").replace("»", "")})
    task = task_of(marked, language=lang.GO, path=path, workspace=root, name=name)
    return choosing.tests_of(task, place_of(task))


def test_the_tests_of_an_importing_package_where_its_own_has_none(tmp_path: Path) -> None:
    (selection,) = chosen(tmp_path, FILES)
    assert str(selection.folder) == "basket"
    assert selection.names == ("TestNew",)
    assert selection.speaking == {"TestNew"}


def test_two_steps_up(tmp_path: Path) -> None:
    files = {name: text for name, text in FILES.items() if not name.endswith("_test.go")}
    files["shop.go"] = 'package shop\n\nimport "example.com/shop/basket"\n\nfunc Open() { basket.New() }\n'
    files["shop_test.go"] = 'package shop\n\nimport "testing"\n\nfunc TestOpen(t *testing.T) { Open() }\n'
    (selection,) = chosen(tmp_path, files)
    assert (str(selection.folder), selection.names) == (".", ("TestOpen",))


def test_its_own_tests_come_first(tmp_path: Path) -> None:
    (selection,) = chosen(tmp_path, {**FILES, "internal/list/list_test.go": OWN})
    assert (str(selection.folder), selection.names) == ("internal/list", ("TestInit",))


def test_another_module_below_is_not_of_it(tmp_path: Path) -> None:
    assert not chosen(tmp_path, {**FILES, "basket/go.mod": "module example.com/shop/basket\n"})


def test_where_nothing_speaks_of_it_all_of_its_package_are_run_and_only_failures_count(tmp_path: Path) -> None:
    files = {"go.mod": FILES["go.mod"], "internal/list/list_test.go": IDLE}
    (selection,) = chosen(tmp_path, files)
    assert selection.names == ("TestIdle",)
    assert not selection.speaking


def test_those_of_its_callers_are_run_beside_its_own_unless_they_are_too_many(tmp_path: Path) -> None:
    marked = LIST + "\nfunc Make() *List { return new(List).Init() }\n"
    more = "\nfunc TestMake(t *testing.T) { Make() }\n"
    (selection,) = chosen(tmp_path, {**FILES, "internal/list/list_test.go": OWN + more}, marked)
    assert selection.names == ("TestInit", "TestMake")
    many = "".join(f"\nfunc TestMake{number}(t *testing.T) {{ Make() }}\n" for number in range(60))
    (selection,) = chosen(tmp_path, {**FILES, "internal/list/list_test.go": OWN + many}, marked)
    assert selection.names == ("TestInit",)
