"""The document and the files of its module compiled to classes, in the sandbox, by Kotlin's compiler and javac."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath

from forge_lsp.checking.jvm.compiling import Compilation
from forge_lsp.checking.jvm.frameworks import resources_of
from forge_lsp.checking.jvm.jdk import answer_of
from forge_lsp.checking.jvm.running import FOLDER, Setting
from forge_lsp.checking.project import Place
from forge_lsp.checking.runs import tail
from forge_lsp.core.errors import EnvironmentFault
from forge_lsp.core.ports import Box, ProcessResult, Sandbox
from forge_lsp.languages.kotlin.compiler import Kotlinc, command_of, problems_of
from forge_lsp.languages.kotlin.sources import Module, arguments_of, built_before, is_test

__all__ = ["classes_of", "paths_of"]

_ARGUMENTS = FOLDER / "arguments"
_REQUEST = FOLDER / "request"
_CHECKER = FOLDER / "Check.class"
_CLASSES = FOLDER / "kotlin.jar"
_JAVA, _ARCHIVE = FOLDER / "classes", FOLDER / "classes.zip"


def paths_of(
    place: Place, module: Module, compiler: Kotlinc, jars: Iterable[Path] = ()
) -> tuple[tuple[str, ...], tuple[Path, ...]]:
    """Return the class path of a document, with more ``jars``, and the folders of it outside of the tree."""
    build = module.build
    known = any(jar.name.startswith("kotlin-stdlib-") for jar in build.jars)
    libraries = (*build.jars, *jars, *(() if known else compiler.standard))
    path = (*resources_of(place, build), *built_before(place, module), *map(str, libraries))
    return tuple(dict.fromkeys(path)), tuple(dict.fromkeys(jar.parent for jar in libraries if jar.is_absolute()))


async def classes_of(
    sandbox: Sandbox,
    setting: Setting,
    module: Module,
    compiler: Kotlinc,
    checker: bytes,
    text: str,
    names: Sequence[PurePosixPath],
    texts: Mapping[PurePosixPath, bytes],
    own: Mapping[PurePosixPath, bytes],
) -> Compilation:
    """Compile the document's ``text`` with the Kotlin files named, some of them with another content (``texts``), then,
    with what came of them, the Java files of the module and ``own`` ones. ``checker`` is our compiled driver of javac.
    Raises EnvironmentFault."""
    place = setting.place
    java = [file for file in module.of(".java") if not is_test(file)]
    sources = [place.document, *names, *java]
    extra: dict[PurePosixPath, bytes | None] = {**own, **texts, _CHECKER: checker}
    extra[_ARGUMENTS] = arguments_of(module, compiler, setting.jdk, setting.path, sources, str(_CLASSES))
    options = ["-proc:none", "-nowarn", "-d", str(_JAVA), "-encoding", "UTF-8"]
    options += ["-classpath", ":".join((str(_CLASSES), *setting.path))]
    extra[_REQUEST] = "\n".join([*options, "", *map(str, (*java, *own))]).encode("utf-8", "surrogateescape")
    readable = (*setting.readable, *compiler.readable)
    known = {path: content.decode("utf-8", "replace") for path, content in texts.items()}
    async with sandbox.open(place.tree(text, extra)) as box:
        root = str(box.root)
        result = await _tool(box, setting, command_of(compiler, setting.jdk, f"@{_ARGUMENTS}"), readable)
        output = (result.stdout + b"\n" + result.stderr).decode("utf-8", "replace")
        problems, other = problems_of(
            output, root, lambda path: text if path == place.document else known.get(path) or place.text(path)
        )
        classes = box.read(_CLASSES)
        if result.code != 0 or classes is None or problems:
            return Compilation(problems=problems, words=f"kotlinc failed: {tail(other or output)}")
        if not java and not own:
            return Compilation(archive=classes)
        command = (str(setting.jdk.java), "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-Xmx1g")
        command = (*command, "-cp", str(FOLDER), "Check", str(_REQUEST), str(_JAVA), str(_ARCHIVE))
        result = await _tool(box, setting, command, readable)
        archive = box.read(_ARCHIVE)
    answer = answer_of(result.stdout.decode("utf-8", "replace"), root, place.text)
    if archive is None or answer.fault is not None or answer.problems:
        first = next((f"{one.file}:{one.line}: {one.message}" for one in answer.problems), "")
        return Compilation(
            words=f"javac failed: {answer.fault or first or tail(result.stderr.decode(errors='replace'))}"
        )
    return Compilation(archive=_joined(classes, archive))


async def _tool(box: Box, setting: Setting, command: Sequence[str], readable: Sequence[Path]) -> ProcessResult:
    result = await box.run(command, timeout=setting.timeout, readable=readable)
    if result.timed_out:
        reason = f"the tests did not compile in {setting.timeout:g} s"
        raise EnvironmentFault(reason, remedy="raise check.timeout")
    return result


def _joined(*archives: bytes) -> bytes:
    """One archive of the classes in several."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as target:
        for archive in archives:
            with zipfile.ZipFile(io.BytesIO(archive)) as source:
                for entry in source.namelist():
                    if entry.endswith(".class"):
                        target.writestr(entry, source.read(entry))
    return made.getvalue()
