from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lsprotocol import types as lsp
from pygls.workspace import PositionCodec

from forge_lsp.core.errors import BadRequest
from forge_lsp.core.languages import Language
from forge_lsp.languages.registry import BUILT_IN
from forge_lsp.lsp.actions import never
from forge_lsp.lsp.documents import Documents
from forge_lsp.lsp.texts import ExactWorkspace, LineIndex
from tests.support import lang

UTF8, UTF16, UTF32 = (PositionCodec(encoding=kind) for kind in lsp.PositionEncodingKind)
TEXTS = st.text(alphabet="ab\n\r\t\x0c\u2028\x85é漢😀\u0301\ufeff", max_size=30)


def at(line: int, character: int) -> lsp.Position:
    return lsp.Position(line, character)


def workspace(*folders: Path) -> ExactWorkspace:
    named = [lsp.WorkspaceFolder(uri=folder.as_uri(), name=folder.name) for folder in folders]
    return ExactWorkspace(None, lsp.TextDocumentSyncKind.Incremental, named, lsp.PositionEncodingKind.Utf16)


def opened(space: ExactWorkspace, uri: str, text: str, language: str = "python") -> None:
    space.put_text_document(lsp.TextDocumentItem(uri=uri, language_id=language, version=1, text=text))


class TestLineIndex:
    @given(TEXTS, st.sampled_from(["utf-8", "utf-16", "utf-32"]))
    def test_every_offset_comes_back(self, text: str, encoding: str) -> None:
        index = LineIndex(text, PositionCodec(encoding=encoding))
        for offset in range(len(text) + 1):
            if text[offset - 1 : offset + 1] == "\r\n" and offset:
                continue  # no position is inside an ending
            assert index.offset(index.position(offset)) == offset
        assert "".join(index.lines) == text

    def test_only_the_three_endings_end_lines(self) -> None:
        assert LineIndex("a\u2028b\x0cc\x85\nd\re\r\n", UTF16).lines == ("a\u2028b\x0cc\x85\n", "d\r", "e\r\n", "")

    @pytest.mark.parametrize(("codec", "units"), [(UTF8, 4), (UTF16, 2), (UTF32, 1)])
    def test_units(self, codec: PositionCodec, units: int) -> None:
        index = LineIndex("x😀y", codec)
        assert index.position(2) == at(0, 1 + units)
        assert index.offset(at(0, 1 + units)) == 2

    def test_positions_outside_are_pulled_in(self) -> None:
        index = LineIndex("ab\r\ncd", UTF16)
        assert index.offset(at(0, 99)) == 2
        assert index.offset(at(1, 99)) == 6
        assert index.offset(at(9, 0)) == 6
        assert LineIndex("", UTF16).offset(at(3, 3)) == 0

    def test_half_a_surrogate_pair_is_its_end(self) -> None:
        assert LineIndex("😀a", UTF16).offset(at(0, 1)) == 1


class TestSync:
    @given(TEXTS, TEXTS, st.data())
    def test_incremental_changes_are_exact(self, text: str, new: str, data: st.DataObject) -> None:
        space = workspace()
        opened(space, "untitled:a", text)
        index = LineIndex(text, space.position_codec)
        places = [o for o in range(len(text) + 1) if not (o and text[o - 1 : o + 1] == "\r\n")]
        start, end = sorted((data.draw(st.sampled_from(places)), data.draw(st.sampled_from(places))))
        seen: list[str] = []
        unwatch = space.watch(lambda _, state: seen.append(state))
        span = lsp.Range(index.position(start), index.position(end))
        document = lsp.VersionedTextDocumentIdentifier(uri="untitled:a", version=2)
        space.update_text_document(document, lsp.TextDocumentContentChangePartial(range=span, text=new))
        assert space.text_documents["untitled:a"].source == text[:start] + new + text[end:]
        assert seen == [text[:start] + new + text[end:]]
        unwatch()

    def test_a_change_of_a_document_that_is_not_open_is_dropped(self) -> None:
        document = lsp.VersionedTextDocumentIdentifier(uri="untitled:a", version=2)
        workspace().update_text_document(document, lsp.TextDocumentContentChangeWholeDocument(text="x"))


class TestDocuments:
    def test_open_text_lies_over_the_file(self, tmp_path: Path) -> None:
        path = tmp_path / "a.py"
        path.write_bytes(b"\xef\xbb\xbfa\r\n")
        space = workspace(tmp_path)
        documents = Documents(space, BUILT_IN)
        closed = documents.present(path.as_uri())
        assert closed is not None
        assert (closed.text, closed.version, closed.hidden) == ("\ufeffa\r\n", None, 1)
        opened(space, path.as_uri(), "b")
        document, present = documents.document(path.as_uri())
        assert (document.text, document.version, document.path) == ("b", 1, path)
        assert present.hidden == 0

    def test_what_is_not_there_or_not_ours_is_refused_by_name(self, tmp_path: Path) -> None:
        documents = Documents(workspace(tmp_path), BUILT_IN)
        with pytest.raises(BadRequest, match="uri: there is no open document"):
            documents.document((tmp_path / "no.py").as_uri())
        (tmp_path / "a.txt").write_text("x")
        with pytest.raises(BadRequest, match="language: unknown"):
            documents.document((tmp_path / "a.txt").as_uri())
        assert documents.document((tmp_path / "a.txt").as_uri(), lang.PYTHON)[0].language is lang.PYTHON
        (tmp_path / "b.py").write_bytes(b"\xff\xfe")
        with pytest.raises(BadRequest, match="not UTF-8"):
            documents.document((tmp_path / "b.py").as_uri())

    @pytest.mark.parametrize(
        ("uri", "language_id", "words"),
        [
            ("file:///w/App.vue", "vue", ".vue files hold TypeScript or JavaScript beside something else"),
            ("file:///w/App.svelte", "svelte", "write it in a .ts or .js file, and import that"),
            ("file:///w/a.ipynb", "json", ".ipynb files hold Python beside something else"),
            ("vscode-notebook-cell:/w/a.ipynb#W0sZmlsZQ%3D%3D", "python", ".ipynb files hold Python"),
        ],
    )
    def test_code_beside_something_else_is_refused_with_the_reason(
        self, uri: str, language_id: str, words: str
    ) -> None:
        space = workspace(Path("/w"))
        documents = Documents(space, BUILT_IN)
        opened(space, uri, "x", language_id)
        with pytest.raises(BadRequest, match=re.escape(words)):
            documents.document(uri)
        capabilities = lsp.CodeActionClientCapabilities(disabled_support=True)
        (action,) = never(documents.why_not_written(uri), capabilities)
        assert isinstance(action, lsp.CodeAction)
        assert action.disabled is not None
        assert words in action.disabled.reason
        assert never(documents.why_not_written(uri), None) == []
        assert never(documents.why_not_written("file:///w/a.py"), capabilities) == []

    def test_a_file_without_an_end_is_refused_by_name(self, tmp_path: Path) -> None:
        with (tmp_path / "a.py").open("wb") as file:
            file.truncate(1 << 40)
        documents = Documents(workspace(tmp_path), BUILT_IN)
        with pytest.raises(BadRequest, match=r"a\.py cannot be read: it is larger"):
            documents.document((tmp_path / "a.py").as_uri())

    def test_open_buffers_are_what_they_are_now_and_the_same_objects_while_nothing_touches_them(
        self, tmp_path: Path
    ) -> None:
        space = workspace(tmp_path)
        uris = [(tmp_path / name).as_uri() for name in ("a.py", "b.py", "c.py", "d.txt")]
        opened(space, uris[0], "1")
        documents = Documents(space, BUILT_IN)
        for uri in uris[1:]:
            opened(space, uri, "1", "plaintext" if uri.endswith("txt") else "python")
        opened(space, "file:///elsewhere/e.py", "1")
        before = documents.buffers(uris[0], tmp_path)
        assert [(buffer.uri, buffer.text) for buffer in before] == [(uris[1], "1"), (uris[2], "1")]
        assert [one is other for one, other in zip(before, documents.buffers(uris[0], tmp_path), strict=True)] == [
            True
        ] * 2
        named = lsp.VersionedTextDocumentIdentifier(uri=uris[1], version=2)
        space.update_text_document(named, lsp.TextDocumentContentChangeWholeDocument(text="2"))
        space.remove_text_document(uris[2])
        (after,) = documents.buffers(uris[0], tmp_path)
        assert (after.text, after.version) == ("2", 2)
        assert [buffer.uri for buffer in documents.buffers(uris[1], tmp_path)] == [uris[0]]
        assert documents.buffers(uris[0], None) == ()
        inner = tmp_path / "inner"
        opened(space, (inner / "f.py").as_uri(), "1")
        assert len(documents.buffers(uris[0], tmp_path)) == 2
        space.add_folder(lsp.WorkspaceFolder(uri=inner.as_uri(), name="inner"))
        assert [buffer.uri for buffer in documents.buffers(uris[0], tmp_path)] == [uris[1]]
        assert [buffer.path for buffer in documents.buffers(uris[0], inner)] == [inner / "f.py"]

    def test_the_longest_folder_owns_a_document(self, tmp_path: Path) -> None:
        inner = tmp_path / "inner"
        documents = Documents(workspace(tmp_path, inner), BUILT_IN)
        assert documents.folder_of((inner / "a.py").as_uri()) == inner
        assert documents.folder_of((tmp_path / "a.py").as_uri()) == tmp_path
        assert documents.folder_of("file:///elsewhere/a.py") is None
        assert documents.folder_of("untitled:a") is None
        assert Documents(workspace(inner), BUILT_IN).folder_of("untitled:a") == inner

    @pytest.mark.parametrize(
        ("word", "uri", "language"),
        [
            ("typescriptreact", "untitled:a", lang.TYPESCRIPT),
            ("c-sharp", "untitled:a", lang.CSHARP),
            (None, "file:///a%20b.cs", lang.CSHARP),
            ("markdown", "file:///a.md", None),
        ],
    )
    def test_languages(self, word: str | None, uri: str, language: Language | None) -> None:
        documents = Documents(workspace(Path("/")), BUILT_IN)
        assert documents.language_of(word, uri) is language
