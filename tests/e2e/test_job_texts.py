"""Edits of real jobs land exactly: any script around the scope, any line ending, any encoding of positions."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.faulty_ollama import FakeOllama
from tests.support.real_server import MODELS, ScriptedModels, fenced, forge, generate, open_file, row, settings, verdict
from tests.support.scripted_http import Script

STUB = '''def is_even(number: int) -> bool:
    """Whether it divides by two. 😀 e\u0301 漢字

    >>> is_even(2)
    True
    """
    ...
'''
METHOD = '''class Número:
\tseñas = "😀"  # 漢

\tdef is_even(self, number: int) -> bool:
\t\t"""😀: whether."""
\t\t...

\tother = 1
'''
WROTE = "return number % 2 == 0  # 漢😀"
DOCUMENTS = {
    "plain": STUB,
    "emoji, CJK and combining marks before": 'NAME = "👨‍👩‍👧 漢字 e\u0301 \U00020bb7"\n\n\n' + STUB + "\nprint(NAME)\n",
    "no final newline": STUB.removesuffix("\n"),
    "CRLF": ('NAME = "😀"\n\n\n' + STUB + "\nprint(NAME)\n").replace("\n", "\r\n"),
    "CRLF and no final newline": STUB.removesuffix("\n").replace("\n", "\r\n"),
    "form feed and line separators in comments": "# a\u2028b \x0c c\x85\n\n\n" + STUB,
    "blank lines at the end": STUB + "\n\n\n",
    "tabs": METHOD,
    "tabs and CRLF": METHOD.replace("\n", "\r\n"),
    "BOM": "\ufeff" + STUB,
    "BOM and CRLF": "\ufeff" + STUB.replace("\n", "\r\n"),
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
async def test_only_the_body_changes(tmp_path: Path, encoding: str) -> None:
    def answer(body: dict[str, object]) -> Script:
        method = "self, number" in str(body)
        head = "self, number: int" if method else "number: int"
        return Script.say(fenced(f"def is_even({head}) -> bool:\n    {WROTE}"))

    scripted = ScriptedModels({"generate": answer, "review": Script.say(verdict(9))})
    async with (
        FakeOllama(answer=scripted, models=[*MODELS.values()]) as ollama,
        forge(tmp_path, settings(ollama.url, row(1)), encoding=encoding) as client,
    ):
        wrong: dict[str, str] = {}
        for number, (name, text) in enumerate(DOCUMENTS.items()):
            path = tmp_path / "work" / f"even{number}" / "even.py"
            path.parent.mkdir()
            uri = open_file(client, path, text)
            outcome = await generate(client, uri, token=name)
            expected = text.removeprefix("\ufeff").replace("...", WROTE)
            if not outcome["applied"]:
                wrong[name] = str(outcome)
            elif client.texts[uri] != expected:
                wrong[name] = client.texts[uri]
            (change,) = client.of("workspace/applyEdit")[-1]["edit"]["documentChanges"]
            assert change["textDocument"] == {"uri": uri, "version": 1}
            assert path.read_bytes() == text.encode()  # only the editor writes
            client.close(uri)
        assert wrong == {}
        assert len(client.of("workspace/applyEdit")) == len(DOCUMENTS)
