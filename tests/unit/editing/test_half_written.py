"""The scope for a cursor in code that does not parse: as its layout has it."""

from __future__ import annotations

import pytest

from forge_lsp.core.languages import Language
from forge_lsp.core.task import ScopeKind, TextRange
from tests.support import lang
from tests.unit.editing.support import SCOPES, document, scope_of

PYTHON = '''\
class Stack:
    def push(self, item):
        self.items.append(item)

    def pop(self):
        """Take it off."""
        if not self.items:
            raise IndexError
        return §

    def peek(self):
        return self.items[-1]
'''
TYPESCRIPT = """\
export class Stack {
  push(item: number): void {
    this.items.push(item);
  }

  pop(): number {
    const last = this.items.length - 1;
    §
  }

  peek(): number {
    return this.items[0];
  }
}
"""
JAVA = """\
class Stack {
    void push(int item) {
        items.add(item);
    }

    /** Take it off. */
    @Override
    int pop(boolean quietly,
            boolean slowly) throws IOException {
        int last = items.size() - 1;
        §
    }

    int peek() {
        return items.get(0);
    }
}
"""
RUST = """\
impl Stack {
    fn push(&mut self, item: u8) {
        self.items.push(item);
    }

    fn pop(
        &mut self,
    ) -> Option<u8> {
        if self.items.is_empty() {
            return None;
        }
        §
    }

    fn peek(&self) -> u8 {
        self.items[0]
    }
}
"""
GO = """\
package stack

func Push(item int) {
\titems = append(items, item)
}

// Pop takes it off.
func Pop() int {
\tlast := len(items) - 1
\t§
}

func Peek() int {
\treturn items[0]
}
"""
C = """\
int push(int item) {
    return items[count++] = item;
}

int pop(void)
{
    int last = count - 1;
    §
}

int peek(void) {
    return items[0];
}
"""
RUBY = """\
class Stack
  def push(item)
    @items << item
  end

  def pop
    last = @items.size - 1
    §
  end

  def peek
    @items[0]
  end
end
"""
TEXTS = {
    lang.PYTHON: PYTHON,
    lang.TYPESCRIPT: TYPESCRIPT,
    lang.JAVA: JAVA,
    lang.RUST: RUST,
    lang.GO: GO,
    lang.C: C,
    lang.RUBY: RUBY,
}
CONTAINERS = {lang.GO: None, lang.C: None, lang.RUST: "impl Stack"}
ENDS = ("1 +", "call(last, ", "(", "if (last ==")


def ends_of(text: str) -> tuple[int, int]:
    """Where the function with the mark begins and ends: blank lines are around it."""
    at = text.index("§")
    end = text.find("\n\n", at)
    return text.rindex("\n\n", 0, at) + 2, end


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("stop", ENDS)
@pytest.mark.parametrize("language", TEXTS, ids=str)
def test_a_statement_that_stops_in_the_middle(language: Language, stop: str, ending: str) -> None:
    text = TEXTS[language]
    start, end = ends_of(text)
    scope, covered = scope_of(text.replace("§", f"{stop}|").replace("\n", ending), language)
    assert scope.kind is ScopeKind.DEFINITION, covered
    assert scope.name in ("pop", "Pop")
    assert scope.container == CONTAINERS.get(language, "Stack")
    assert covered == text[start:end].replace("§", stop).replace("\n", ending)


@pytest.mark.parametrize("language", [one for one in TEXTS if one is not lang.PYTHON], ids=str)
def test_a_block_that_is_not_closed(language: Language) -> None:
    text = TEXTS[language]
    start, end = ends_of(text)
    without = text[: text.rindex("\n", 0, end)] + text[end:]
    at = without.index("return None" if language is lang.RUST else "last ")
    scope, covered = scope_of((without[:at] + "|" + without[at:]).replace("§", ""), language)
    assert (scope.kind, scope.name) == (ScopeKind.DEFINITION, "Pop" if language is lang.GO else "pop"), covered
    assert covered == text[start : text.rindex("\n", 0, end)].replace("§", "").rstrip()


@pytest.mark.parametrize("at", ["def pop", "Take it", "not self"])
def test_a_cursor_elsewhere_in_the_function(at: str) -> None:
    text = PYTHON.replace("§", "1 +")
    start, end = ends_of(PYTHON)
    scope, covered = scope_of(text.replace(at, f"|{at}"))
    assert scope.name == "pop"
    assert covered == PYTHON[start:end].replace("§", "1 +")


def test_a_function_beside_the_one_that_does_not_parse() -> None:
    scope, covered = scope_of(PYTHON.replace("§", "call(").replace("self.items[-1]", "self.|items[-1]"))
    assert (scope.kind, scope.name) == (ScopeKind.DEFINITION, "peek")
    assert covered == "    def peek(self):\n        return self.items[-1]"


def errors_of(text: str, place: int, language: Language) -> tuple[bool, bool]:
    """Whether there are errors in the scope and beside it."""
    scope = SCOPES.scope(document(text, language), TextRange(start=place, end=place))
    return scope.half_written, scope.errors_beside


@pytest.mark.parametrize("stop", ENDS)
@pytest.mark.parametrize("language", TEXTS, ids=str)
def test_whether_the_scope_keeps_a_document_from_parsing(language: Language, stop: str) -> None:
    text = TEXTS[language]
    place = text.index("§")
    assert errors_of(text.replace("§", stop), place, language) == (True, False)
    assert errors_of(text.replace("§", ""), place, language) == (False, False)


def test_a_block_without_a_body() -> None:
    text = PYTHON.replace("return §", "if self.items:")
    assert errors_of(text, PYTHON.index("return §"), lang.PYTHON) == (True, False)


def test_what_is_broken_elsewhere_is_not_the_scopes_fault() -> None:
    text = PYTHON.replace("§", "1 +")
    assert errors_of(text, text.index("self.items.append"), lang.PYTHON) == (False, True)
