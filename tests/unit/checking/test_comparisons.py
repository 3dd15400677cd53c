"""Comparisons that cannot say no, in three languages, and honest ones that look odd."""

from __future__ import annotations

import pytest

from forge_lsp.languages.go.forging import doubt_of as doubt_of_go
from forge_lsp.languages.java.forging import doubt_of as doubt_of_java
from forge_lsp.languages.rust.forging import doubt_of as doubt_of_rust

GO = "package shapes\n\ntype Size struct {\n\tValue int\n}\n\nfunc (s Size) Equal(other Size) bool {\n%s\n}\n%s"
RUST = (
    "pub struct Size {\n    value: i64,\n}\n\n"
    "impl PartialEq for Size {\n    fn eq(&self, other: &Self) -> bool {\n        %s\n    }\n}\n%s"
)
JAVA = (
    "class Size {\n    int value;\n\n    @Override\n    public boolean equals(Object other) {\n        %s\n    }\n%s}\n"
)
ALWAYS_GO = "\nfunc same(a, b Size) bool { return true }\n\nvar kept = func(a, b Size) bool { return true }\n"
ALWAYS_RUST = "fn same(_a: &Size, _b: &Size) -> bool {\n    true\n}\n"
ALWAYS_JAVA = (
    "\n    static boolean same(Size a, Size b) {\n        return true;\n    }\n"
    "    static final java.util.function.BiPredicate<Size, Size> KEPT = (a, b) -> true;\n"
    "    int compareWith(Size other) {\n        return 0;\n    }\n"
)
CAST = "Size that = (Size) other; "
BLIND_GO = (
    "return true",
    "_ = other\n\treturn true",
    "return s.Value == s.Value",
    "return other == other",
    "return s.Value == other.Value || s.Value != other.Value",
    "return s.Value <= other.Value || s.Value > other.Value",
    "return s.Value == other.Value || s.Value >= 0",
    "s = other\n\treturn s == other",
    "s.Value = other.Value\n\treturn s.Value == other.Value",
    "d := s.Value - other.Value\n\treturn d < 100 && d > -100",
    'return fmt.Sprintf("%%T", s) == fmt.Sprintf("%%T", other)',
    "return reflect.TypeOf(s) == reflect.TypeOf(other)",
    "return same(s, other)",
    "return kept(s, other)",
    "if other.Value >= 0 {\n\t\treturn true\n\t}\n\treturn s.Value == other.Value",
    "ok := s.Value == other.Value\n\tok = true\n\treturn ok",
)
HONEST_GO = (
    "return s.Value == other.Value",
    "if s == other {\n\t\treturn true\n\t}\n\treturn s.Value == other.Value",
    "if s.Value != other.Value {\n\t\treturn false\n\t}\n\treturn true",
    "for i := range s.Items {\n\t\tif s.Items[i] != other.Items[i] {\n\t\t\treturn false\n\t\t}\n\t}\n\treturn true",
    "d := s.Value - other.Value\n\treturn d < 1 && d > -1",
    "return reflect.DeepEqual(s, other)",
    "ok := true\n\tif s.Value != other.Value {\n\t\tok = false\n\t}\n\treturn ok",
    "if s.Next == nil || other.Next == nil {\n\t\treturn s.Next == other.Next\n\t}\n\treturn s.Next.Equal(*other.Next)",
    "a, b := s.Value, other.Value\n\treturn a == b",
    "return !(s.Value < other.Value || other.Value < s.Value)",
)
BLIND_RUST = (
    "let _ = other;\n        true",
    "other.value == other.value",
    "self.value == other.value || self.value != other.value",
    "let other = self;\n        self.value == other.value",
    "(self.value - other.value).abs() < 100",
    "same(self, other)",
    "std::mem::size_of_val(self) == std::mem::size_of_val(other)",
    "if other.value >= 0 {\n            return true;\n        }\n        self.value == other.value",
    "if other.value >= 0 { true } else { self.value == other.value }",
    "self.value.set(other.value);\n        self.value == other.value",
    "self.value == other.value || self.value >= i64::MIN",
)
HONEST_RUST = (
    "self.value == other.value",
    "self.cmp(other).is_eq()",
    "let Size { value: a } = self;\n        let Size { value: b } = other;\n        a == b",
    "((self.value - other.value) as f64).abs() < 1e-9",
    "if self.value != other.value {\n            return false;\n        }\n        true",
    "for (a, b) in self.items.iter().zip(&other.items) {\n if a != b { return false; }\n }\n true",
    "if self.ptr_eq(other) { true } else { self.value == other.value }",
    "match (self.value, other.value) {\n            (0, 0) => true,\n            (a, b) => a == b,\n        }",
    "std::ptr::eq(self, other) || self.value == other.value",
    "self.value.to_bits() == other.value.to_bits() || (self.value.is_nan() && other.value.is_nan())",
)
BLIND_JAVA = (
    "return true;",
    "return other instanceof Size;",
    "return this.value == this.value;",
    CAST + "return that.value == that.value;",
    CAST + "return value == that.value || value != that.value;",
    CAST + "value = that.value; return value == that.value;",
    "return Math.abs(value - ((Size) other).value) < 100;",
    "return same(this, (Size) other);",
    "return KEPT.test(this, (Size) other);",
    "return compareWith((Size) other) == 0;",
    "return java.util.Objects.equals(this.value, this.value);",
    "if (((Size) other).value >= 0) return true; return value == ((Size) other).value;",
    "return hashCode() == other.hashCode();",
    "return other != null && getClass() == other.getClass();",
    "return super.equals(other) || true;",
)
HONEST_JAVA = (
    "return other instanceof Size && ((Size) other).value == value;",
    "return other instanceof Size that && that.value == value;",
    "return other instanceof Map.Entry<?, ?> that && value.equals(that.getValue());",
    "if (this == other) return true; if (other == null || getClass() != other.getClass()) return false; "
    + CAST
    + "return java.util.Objects.equals(value, that.value);",
    "if (!(other instanceof Size)) { return false; } "
    + CAST
    + "if (next == null) { if (that.next != null) { return false; } } "
    "else if (!next.equals(that.next)) { return false; } return true;",
    CAST + "int c; if ((c = Integer.compare(value, that.value)) != 0) return false; return true;",
    CAST
    + "boolean same = true; for (int i = 0; i < n; i++) { same &= at(i) == that.at(i); } return same && n == that.n;",
    "return super.equals(other);",
    "return Math.abs(value - ((Size) other).value) < EPSILON;",
)


@pytest.mark.parametrize("body", BLIND_GO)
def test_blind_in_go(body: str) -> None:
    before = GO % ('\tpanic("not implemented")', "")
    assert doubt_of_go(before, GO % (f"\t{body.replace('%%', '%')}", ALWAYS_GO), hidden=True)


@pytest.mark.parametrize("body", HONEST_GO)
def test_honest_in_go(body: str) -> None:
    assert doubt_of_go(GO % ("", ""), GO % (f"\t{body}", ""), hidden=True) is None


@pytest.mark.parametrize("body", BLIND_RUST)
def test_blind_in_rust(body: str) -> None:
    assert doubt_of_rust(RUST % ("todo!()", ""), RUST % (body, ALWAYS_RUST))


@pytest.mark.parametrize("body", HONEST_RUST)
def test_honest_in_rust(body: str) -> None:
    assert doubt_of_rust(RUST % ("todo!()", ""), RUST % (body, "")) is None


@pytest.mark.parametrize("body", BLIND_JAVA)
def test_blind_in_java(body: str) -> None:
    assert doubt_of_java("class Size {}", JAVA % (body, ALWAYS_JAVA))


@pytest.mark.parametrize("body", HONEST_JAVA)
def test_honest_in_java(body: str) -> None:
    assert doubt_of_java("class Size {}", JAVA % (body, "")) is None


def test_what_a_macro_writes_in_rust() -> None:
    macro = "macro_rules! alike { ($t:ty) => { impl PartialEq for $t { fn eq(&self, _: &Self) -> bool { true } } } }"
    assert doubt_of_rust("struct Size;", f"struct Size;\n{macro}\nalike!(Size);")
