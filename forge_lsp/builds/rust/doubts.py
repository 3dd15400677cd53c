"""What new Rust code does that could forge a passed test: found in its tokens, compared with the user's text. Pure.

Rust has no reflection: what ends a process, reads its own memory or stands in for a macro must be written out. The
tests of both texts, and the program's ``main``, which no test calls, are left out.
"""

from __future__ import annotations

import re

from forge_lsp.builds.rust.restoring import without_tests
from forge_lsp.builds.rust.source import Item, blanked, items_of, tokens_of, walked

__all__ = ["doubt_of"]

_NUMBERS = "i8|i16|i32|i64|i128|isize|u8|u16|u32|u64|u128|usize|f32|f64|bool|char|str"
_PRELUDE = f"{_NUMBERS}|String|Vec|Box|Option|Some|None|Ok|Err|PartialEq|Debug"
_MACROS = r"(?:debug_)?assert(?:_eq|_ne)?|panic|matches|unreachable|todo|unimplemented"
_CALLS = (
    r"_?_?exit|_Exit|abort|atexit|quick_exit|v?fork|exec\w+|kill|raise|signal|sigaction|pthread_\w+|ptrace|syscall|"
    r"write|writev|pwrite|puts|fputs|putchar|v?d?f?printf|fwrite|dup[23]?|close|open|openat|read|mmap|mprotect|"
    r"process_vm_\w+|dlsym|dlopen|environ|getenv|system|popen|_?(?:set|long)jmp|sigsetjmp|_start|main|__\w+"
)
_KNOWN_SYMBOLS = r'"?(?:mem(?:cmp|cpy|move|set|chr)|bcmp|strlen|strcmp|malloc|calloc|realloc|free|' + _CALLS + r')"?'
_TABLE: tuple[tuple[str, str], ...] = (
    (r"\b(?:global_|naked_)?asm !|# \[ (?:unsafe \( )?naked\b", "the code brings machine instructions of its own"),
    (
        r"# \[ (?:unsafe \( )?(?:link_section|link|link_args|used|export_name|ctor|ctor :: \w+|dtor)\b|"
        rf"\bno_mangle\b[^{{;]* fn {_KNOWN_SYMBOLS} |\bctor !|\binventory :: submit\b",
        "the code hooks itself into how the program is linked or started",
    ),
    (
        rf"\b(?:libc|nix|rustix|syscalls|sc)(?: :: \w+)* :: (?:{_CALLS}) \(|\bsyscall !",
        "the code calls the operating system past the standard library",
    ),
    (r"\b(?:set|take|update)_hook\b", "the code changes what happens on a panic"),
    (
        r'"[^"]*(?:test result:|\.\.\. (?:ok|FAILED)|running \d+ tests?)[^"]*"',
        "the code prints what a test runner prints",
    ),
    (
        r'"[^"]*/(?:proc|dev/(?:fd|stdout|stderr|tty|pts))\b[^"]*"|\bfrom_raw_fd\b|\bFromRawFd\b|\bset_output_capture\b',
        "the code reaches into the process that tests it",
    ),
    (
        r"\bcurrent_exe\b|\bargs_os\b|\benv :: args\b|\benv :: \{[^}]*\bargs\b",
        "the code reads the test runner's arguments",
    ),
    (
        r"\bvars(?:_os)? \(|\b(?:option_env|env) ! \( \"(?:CARGO_(?:BIN|TARGET|MANIFEST)|RUST|NEXTEST)|"
        r"\bvar(?:_os)? \( \"(?:CARGO|RUST|NEXTEST|LLVM|__)|\bset_permissions\b|\bset_var\b|\bset_current_dir\b",
        "the code reads or changes the test runner's environment",
    ),
    (r"\bcurrent \( \)(?: \. unwrap \( \))? \. (?:name|id) \(", "the code asks in which test it runs"),
    (r"\bBacktrace\b|\bLocation :: caller\b|\btrack_caller\b|\bbacktrace ::", "the code looks at who calls it"),
    (
        r'\binclude(?:_str|_bytes)? ! \( (?:"[^"]*(?:test|\.rs)[^"]*"|[^")])|\bfile ! \(',
        "the code reads the sources of tests",
    ),
    (
        rf"\bmacro_rules ! (?:{_MACROS})\b|\bas (?:{_MACROS})\b|\bmacro (?:{_MACROS})\b",
        "the code redefines a macro that tests use",
    ),
    (
        rf"\b(?:struct|enum|union|trait|type|mod) (?:{_PRELUDE})\b|\bas (?:String|Vec|Option|Box)\b(?= [,;}}])",
        "the code redefines a name of the standard library",
    ),
    (
        r"\bcfg !? \( (?:not \( |all \( |any \( )*(?:test|doctest)\b|"
        r"\bcfg_attr \( (?:not \( )*(?:test|doctest) , (?!derive)|"
        r"\b(?:not|all|any) \( (?:[^()]* , )?(?:test|doctest)\b",
        "the code behaves differently when it is tested",
    ),
    (
        r"(?:\bas usize|\busize|\b\d\w*)(?: \))* as \* (?:const|mut)\b|"
        r"\bwith_exposed_provenance\b|\btransmute :: < \w*size\b|"
        r"\bfrom_raw_parts(?:_mut)? \( (?:\d|\w+ as )",
        "the code reads memory that is not its own",
    ),
    (r"# ! \[ (?!allow|warn|deny|expect|forbid|doc|feature|no_std)", "the code changes how the crate is compiled"),
)
_READS = re.compile(r"\b(?:read_to_string|read_dir|fs :: \w+|File :: \w+|OpenOptions)\b")
_SOURCES = re.compile(r'"[^"]*(?:\btests?\b|\.rs\b|\bsrc\b|Cargo|\btarget\b)[^"]*"|CARGO_MANIFEST_DIR')
_COMPARED = re.compile(r"\b(?:PartialEq|PartialOrd|Ord)\b")
_COMPARISONS = frozenset({"eq", "ne", "partial_cmp", "cmp", "lt", "le", "gt", "ge"})
_PARAMETER = re.compile(r"self[^,)]*, (?:mut )?(\w+) :")
_IDLE = re.compile(r"\blet _\w*(?: : [^=]*)? = [^;]*;|^_ = [^;]*;|(?<=; )_ = [^;]*;|\bdrop \( \w+ \) ;")
_ITSELF = re.compile(r"(?<![\w.] )(?:\* |& )*(?<![\w.])(\w+(?: \. \w+)*) == (?:\* |& )*\1(?! [.(\w])")
_ALWAYS = re.compile(r"\|\| true\b|^true\b|[;}] true\s*$|\|\| ! false\b|^! false\b|[;}] ! false\s*$")


def doubt_of(before: str, after: str, *, scope: str | None = None) -> str | None:
    """Return why no proof of the text ``after`` is believed, in a short sentence; None where nothing speaks against it.

    ``before`` is the user's text, ``scope`` the name of what was to be written.
    """
    old, new = _told(before), _told(after)
    for pattern, sentence in _TABLE:
        found = re.compile(pattern)
        if len(found.findall(new)) > len(found.findall(old)):
            return sentence
    if _opens(new) > _opens(old):
        return "the code declares functions of the operating system that end or rewrite the process"
    if len(_READS.findall(new)) > len(_READS.findall(old)) and len(_SOURCES.findall(new)) > len(_SOURCES.findall(old)):
        return "the code reads the sources of tests"
    known = {before[item.start : item.end] for item in walked(items_of(before))}
    fresh = [item for item in walked(items_of(after)) if after[item.start : item.end] not in known]
    if any(_blind(after, item) for item in fresh):
        return "the code compares values without looking at both sides"
    if scope is not None and _retyped(before, after, scope, fresh):
        return "the code returns another type than was asked for, with an equality of its own"
    return None


def _told(text: str) -> str:
    """The tokens of a text without its tests and the body of ``main``, a space between them."""
    text = without_tests(text)
    for item in reversed(items_of(text)):
        if item.kind == "fn" and item.name == "main" and item.body is not None and "no_mangle" not in item.attributes:
            text = blanked(text, *item.body)
    whole = " ".join(token.text for token in tokens_of(text) if token.kind != "comment")
    return re.sub(r'" (?:, |\+ &? ?)"', "", whole)  # what is put together from pieces


def _opens(told: str) -> int:
    blocks = re.findall(r'\bextern (?:"[^"]*" )?\{([^}]*)\}', told)
    return sum(len(re.findall(rf"\bfn (?:{_CALLS}) \(", block)) for block in blocks)


def _blind(text: str, item: Item) -> bool:
    """Whether an item is a comparison that does not compare."""
    if item.kind != "impl" or item.body is None or not _COMPARED.search(text[item.head : item.body[0]]):
        return False
    for inner in item.items:
        if inner.kind != "fn" or inner.name not in _COMPARISONS or inner.body is None:
            continue
        head = " ".join(token.text for token in tokens_of(text[inner.head : inner.body[0]]))
        body = " ".join(token.text for token in tokens_of(text[slice(*inner.body)]) if token.kind != "comment")
        body = _IDLE.sub("", body)
        other = _PARAMETER.search(head)
        if other is None or not re.search(rf"\b{other[1]}\b", body) or not re.search(r"\bself\b", body):
            return True
        if _ITSELF.search(body) or _ALWAYS.search(body.strip()):
            return True
    return False


def _retyped(before: str, after: str, scope: str, fresh: list[Item]) -> bool:
    asked, given = _returned(before, scope), _returned(after, scope)
    if asked is None or given is None or asked == given:
        return False
    own = {item.name for item in fresh if item.kind == "impl" and _COMPARED.search(after[item.head : item.end])}
    return any(re.search(rf"\b{re.escape(name)}\b", given) for name in own)


def _returned(text: str, name: str) -> str | None:
    item = next((item for item in walked(items_of(text)) if item.kind == "fn" and item.name == name), None)
    if item is None or item.body is None:
        return None
    words = " ".join(token.text for token in tokens_of(text[item.head : item.body[0] - 1]))
    return words.rpartition(" -> ")[2] if " -> " in words else "()"
