"""What functions like the wanted one use."""

from __future__ import annotations

from pathlib import Path

from forge_lsp.context.alike import used_alike
from forge_lsp.context.reading import Reader
from forge_lsp.context.surroundings import around, scope_lines
from forge_lsp.context.words import parts_of
from forge_lsp.context.workspace import Source
from forge_lsp.core.task import Task
from tests.support import lang
from tests.unit.editing.support import SCOPES, document, marked

READER = Reader()


def source(name: str, text: str, *, here: bool = False) -> Source:
    return Source(name=name, path=None, text=text, language=lang.PYTHON, reader=READER, here=here)


def used(text: str, **others: str) -> dict[str, float]:
    plain, place = marked(text, "¦")
    doc = document(plain, lang.PYTHON, Path("/work/own.py"))
    task = Task(document=doc, scope=SCOPES.scope(doc, place), instruction="write it", workspace=Path("/work"))
    own = source("own.py", plain, here=True)
    sources = [own, *(source(f"{name}.py", held) for name, held in others.items())]
    return dict(used_alike(around(task, own.read), sources, scope_lines(task)))


OWN = "class Most(Rule):\n    def holds(self, asked: Asked) -> bool:¦\n        ...\n"
LEAST = "class Least(Rule):\n    def holds(self, asked: Asked) -> bool:\n        return asked.count > refusal()\n"
FAR = "class Bill:\n    def cents_of(self, price: int) -> int:\n        return rounded(price)\n"


def test_the_methods_of_sister_classes_count_and_what_is_unlike_counts_less() -> None:
    found = used(OWN, least=LEAST, far=FAR)
    assert found["refusal"] == found["count"] > found.get("rounded", 0.0)


def test_more_that_are_alike_say_more() -> None:
    others = {f"least{n}": LEAST.replace("Least", f"Least{n}") for n in range(6)}
    assert used(OWN, **others)["refusal"] > used(OWN, least=LEAST)["refusal"]
    assert used(OWN, **others)["refusal"] <= 1.0


def test_the_code_that_is_to_be_replaced_says_nothing() -> None:
    text = OWN.replace("...", "return asked.own_secret_helper()")
    assert "own_secret_helper" not in used(text, least=LEAST)


def test_without_anything_alike_nothing_is_told() -> None:
    assert used("def one():¦\n    ...\n") == {}


def test_names_are_made_of_words_in_the_singular() -> None:
    assert parts_of("createFactories") & parts_of("STRING_FACTORY") == {"factory"}
    assert parts_of("matchBoxes") == {"match", "box"}
    assert parts_of("statusOfClass") == {"status", "class"}
