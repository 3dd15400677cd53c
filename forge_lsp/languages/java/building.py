"""The document and some other files compiled to classes, in the sandbox, by the JDK's own compiler."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from forge_lsp.checking.jvm.compiling import Compilation
from forge_lsp.checking.jvm.jdk import answer_of
from forge_lsp.checking.jvm.running import FOLDER, Setting
from forge_lsp.checking.runs import tail
from forge_lsp.core.errors import EnvironmentFault
from forge_lsp.core.ports import Sandbox
from forge_lsp.languages.java.sources import Sources, options_of
from forge_lsp.languages.java.surroundings import modules_of

__all__ = ["classes_of"]

_REQUEST = FOLDER / "request"
_CHECKER = FOLDER / "Check.class"
_OUT = str(FOLDER / "classes")
_ARCHIVE = FOLDER / "classes.zip"


async def classes_of(
    sandbox: Sandbox,
    setting: Setting,
    sources: Sources,
    checker: bytes,
    text: str,
    names: Sequence[PurePosixPath],
    texts: Mapping[PurePosixPath, bytes],
) -> Compilation:
    """Compile the document's ``text`` with the files named, some of them with another content (``texts``). ``checker``
    is our compiled driver of the compiler. Raises EnvironmentFault."""
    place, jdk = setting.place, setting.jdk
    # Of the JDK's own release: tests may be written for a newer one than the code, whose own the build gate asks.
    options = [option for option in options_of(replace(setting.build, release=None)) if option != "-implicit:none"]
    options += [] if setting.build.processors else ["-proc:none"]
    options += [
        "-Xprefer:source",
        "-d",
        _OUT,
        "-encoding",
        "UTF-8",
        "-classpath",
        ":".join(setting.path) or str(FOLDER),
    ]
    options += ["-sourcepath", ":".join(str(folder) for folder in sources.roots)]
    request = "\n".join([*options, "", str(place.document), *map(str, names)])
    extra: dict[PurePosixPath, bytes | None] = dict.fromkeys(modules_of(place))
    extra |= {_CHECKER: checker, _REQUEST: request.encode("utf-8", "surrogateescape"), **texts}
    async with sandbox.open(place.tree(text, extra)) as box:
        result = await box.run(
            (
                *(str(jdk.java), "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-Xmx1g"),
                *("-cp", str(FOLDER), "Check", str(_REQUEST), _OUT, str(_ARCHIVE)),
            ),
            timeout=setting.timeout,
            readable=setting.readable,
        )
        archive = box.read(_ARCHIVE)
        root = str(box.root)
    if result.timed_out:
        reason = f"the tests did not compile in {setting.timeout:g} s"
        raise EnvironmentFault(reason, remedy="raise check.timeout")
    output = (result.stdout + b"\n" + result.stderr).decode("utf-8", "replace")
    known = {path: content.decode("utf-8", "replace") for path, content in texts.items()}
    answer = answer_of(
        output, root, lambda path: text if path == place.document else known.get(path) or place.text(path)
    )
    failed = answer.fault is not None or not answer.done
    words = f"javac failed: {answer.fault or tail(output)}" if failed else tail(output)
    return Compilation(problems=answer.problems, archive=None if failed or answer.problems else archive, words=words)
