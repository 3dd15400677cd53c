"""What is compiled with a Kotlin document: its module, what its build names, and the options of the compiler."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from forge_lsp.checking.jvm.jdk import Jdk
from forge_lsp.checking.jvm.maven import BUILD_FILES, Build, Repositories, build_of
from forge_lsp.checking.programs import as_argument
from forge_lsp.checking.project import Place
from forge_lsp.languages.kotlin.compiler import Kotlinc
from forge_lsp.languages.kotlin.names import own_names
from forge_lsp.languages.kotlin.texts import declared, words_of

__all__ = ["MATTERS", "Module", "arguments_of", "built_before", "is_test", "module_of", "version_of"]

MATTERS = (".kt", ".kts", ".java", ".jar", ".toml", *BUILD_FILES)
_MOST_READ = 4_000
_WHOLE_MODULE = 400
_MOST_MENTIONS = 60
_VERSION = re.compile(
    r"\borg\.jetbrains\.kotlin[.\w]*[\"']?\)?\s+version\s*\(?\s*[\"'](?P<a>\d[\w.-]*)|"
    r"\bkotlin\(\s*[\"']\w+[\"']\s*\)\s+version\s*\(?\s*[\"'](?P<b>\d[\w.-]*)|"
    r"\bkotlin(?:[._-]?[vV]ersion)?[\"']?\s*[=:]\s*[\"'](?P<c>\d[\w.-]*)|"
    r"\bkotlin-gradle-plugin:(?P<d>\d[\w.-]*)|<kotlin\.version>\s*(?P<e>\d[\w.-]*)"
)
_SHORT = re.compile(
    r"\b(?:api|implementation|compileOnly|runtimeOnly|testImplementation|testApi|testRuntimeOnly)\s*+\(?\s*+"
    r"(?:platform\s*+\(\s*+)?kotlin\(\s*+[\"']([\w-]++)[\"']\s*+(?:,\s*+[\"'](\d[\w.-]*+)[\"']\s*+)?\)"
)
_PROJECTS = re.compile(r"\bproject\s*\(\s*(?:path\s*[=:]\s*)?[\"'](:[\w:.-]+)[\"']|\bprojects((?:\.\w{1,100}){1,20})")
_FLAGS = re.compile(
    r"[\"'](-(?:opt-in=[\w.,]+|Xcontext-(?:receivers|parameters)|Xjvm-default=[\w-]+|Xwhen-guards))[\"']"
)
_OPT_IN = re.compile(r"\boptIn\.add\(\s*[\"']([\w.]+)[\"']|\blanguageSettings\.optIn\(\s*[\"']([\w.]+)[\"']")
_TEST_FOLDER = re.compile(r"tests?|\w+Test|test[A-Z]\w*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """``files`` are compiled, Kotlin's and Java's, the document first; ``text`` is the build file's."""

    build: Build
    files: tuple[PurePosixPath, ...]
    text: str = ""

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders of its jars that lie outside of the tree."""
        return tuple(dict.fromkeys(jar.parent for jar in self.build.jars if jar.is_absolute()))

    def of(self, suffix: str) -> tuple[PurePosixPath, ...]:
        """Those of its files with an ending."""
        return tuple(file for file in self.files if file.suffix == suffix)


def module_of(place: Place, text: str, repositories: Repositories) -> Module:
    """The document's module: all of it where it is small, else what it seems to need and what mentions it; of others
    what its build names, and what mentions it."""
    build = build_of(place, repositories, _short_names(place))
    document = place.document
    found = place.text(build.file) or "" if build.file is not None else ""
    names = [*map(PurePosixPath, place.files((".kt", ".java")))]
    names += [path for path in place.overlay if path.suffix in (".kt", ".java")]
    others = [path for path in dict.fromkeys(names) if path != document and path.name != "module-info.java"]
    folders = [build.folder, *_needed(place, build)]
    nested = frozenset(PurePosixPath(name).parent for name in place.files(BUILD_FILES))

    def home(path: PurePosixPath) -> PurePosixPath:
        return next((folder for folder in path.parents if folder in nested), PurePosixPath("."))

    own = [path for path in others if home(path) == build.folder or place.source is None]
    near = [path for path in others if path not in own and home(path) in folders and not is_test(path)]
    if len(own) > _WHOLE_MODULE:
        own = list(_related(place, text, own))
    chosen = [*own, *near[:_WHOLE_MODULE]]
    seen = set(chosen)
    mine = {document.stem} | own_names(text)
    rest = [path for path in others if path not in seen][:_MOST_READ]
    chosen += [path for path in rest if mine & words_of(place.text(path) or "")][:_MOST_MENTIONS]
    return Module(build=build, files=(document, *sorted(chosen)), text=found)


def is_test(path: PurePosixPath) -> bool:
    """Whether a file lies among tests."""
    return any(_TEST_FOLDER.fullmatch(part) for part in path.parts[:-1])


def _related(place: Place, text: str, files: Iterable[PurePosixPath]) -> Iterator[PurePosixPath]:
    """Of a large module what the document's words lead to, two steps down, and what names something of it."""
    texts = {path: place.text(path) or "" for path in list(files)[:_MOST_READ]}
    words = {path: words_of(content) for path, content in texts.items()}
    names = {path: declared(content) | {path.stem} for path, content in texts.items()}
    wanted, seen = set(words_of(text)), set[PurePosixPath]()
    for _ in range(2):
        step = [path for path in texts if path not in seen and names[path] & wanted]
        seen.update(step[: _WHOLE_MODULE - len(seen)])
        wanted = {word for path in step for word in words[path]}
    mine = own_names(text) | {place.document.stem}
    yield from seen
    yield from [path for path in texts if path not in seen and words[path] & mine][:_MOST_MENTIONS]


def _needed(place: Place, build: Build) -> Iterator[PurePosixPath]:
    """The folders of the modules that a Gradle build names, and of those that these name."""
    pending, seen = [build.file], set[PurePosixPath]()
    root = PurePosixPath(".")
    if (settings := place.nearest("settings.gradle.kts", "settings.gradle")) is not None:
        root = settings.parent
    while pending:
        file = pending.pop()
        if file is None or file.name == "pom.xml":
            continue
        for full, short in _PROJECTS.findall(place.text(file) or ""):
            folder = root.joinpath(*(full or short.replace(".", ":")).strip(":").split(":"))
            if folder not in seen and ".." not in folder.parts:
                seen.add(folder)
                yield folder
                builds = (folder / name for name in BUILD_FILES)
                pending.append(next((one for one in builds if place.is_file(one)), None))


def version_of(place: Place, build: Build) -> str | None:
    """The version of Kotlin that a project asks for."""
    jars = (re.fullmatch(r"kotlin-stdlib-(\d[\w.-]*)\.jar", jar.name) for jar in build.jars)
    files = [build.file] if build.file is not None else []
    for names in (("settings.gradle.kts", "settings.gradle"), ("gradle.properties",)):
        if (path := place.nearest(*names)) is not None:
            files.append(path)
    for folder in place.folders():
        files += [folder / name for name in ("build.gradle.kts", "build.gradle", "gradle/libs.versions.toml")]
    for file in dict.fromkeys(files):
        if (found := _VERSION.search(place.text(file) or "")) is not None:
            return next(value for value in found.groups() if value)
    return next((found[1] for found in jars if found is not None), None)


def _short_names(place: Place) -> Callable[[str], list[str]]:
    """What ``kotlin("test")`` and the like stand for."""

    def more(text: str) -> list[str]:
        version = version_of(place, Build(folder=PurePosixPath("."), file=place.nearest(*BUILD_FILES)))
        found: list[str] = []
        for name, own in _SHORT.findall(text):
            names = [f"kotlin-{name}"]
            if name == "test":
                names.append("kotlin-test-junit5" if "useJUnitPlatform" in text else "kotlin-test-junit")
            at = own or version
            found += [f"org.jetbrains.kotlin:{one}" + (f":{at}" if at else "") for one in names]
        return found

    return more


def built_before(place: Place, module: Module) -> list[str]:
    """The folders of classes that a build tool has made, relative to the tree."""
    names = ("target/classes", "build/classes/kotlin/main", "build/classes/java/main")
    folders = [module.build.folder / name for name in names]
    return [str(folder) for folder in folders if place.source is not None and (place.source / folder).is_dir()]


def arguments_of(
    module: Module, compiler: Kotlinc, jdk: Jdk, path: Iterable[str], files: Iterable[PurePosixPath], target: str
) -> bytes:
    """What the compiler reads as its arguments: a quoted one a line."""
    libraries = [*path, *map(str, module.build.jars)]
    if not any(re.match(r"kotlin-stdlib-\d", Path(one).name) for one in libraries):
        libraries += map(str, compiler.standard)
    release = module.build.release
    asked = release if release is not None and release >= 8 else min(jdk.release or 17, 17)
    options = ["-no-stdlib", "-no-reflect", "-nowarn", "-Xrender-internal-diagnostic-names"]
    options += ["-Xdisable-default-scripting-plugin", "-jdk-home", str(jdk.home)]
    options += ["-jvm-target", "1.8" if asked == 8 else str(asked)]
    options += dict.fromkeys(_FLAGS.findall(module.text))
    options += [f"-opt-in={a or b}" for a, b in _OPT_IN.findall(module.text)]
    options += ["-d", target, "-cp", ":".join(dict.fromkeys(libraries))]
    named = [as_argument(str(file)) for file in files]
    return "\n".join(_quoted(one) for one in [*options, *named]).encode("utf-8", "surrogateescape")


def _quoted(argument: str) -> str:
    return '"' + argument.replace("\\", "\\\\").replace('"', '\\"') + '"'
