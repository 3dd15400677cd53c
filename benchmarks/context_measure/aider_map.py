"""Answer aider's repository map, as often as asked: run by the Python of an environment that holds ``aider-chat``.

    python aider_map.py ROOT SUFFIX...

Reads one JSON document a line: ``chat``, the file that is worked at (its name in ROOT), its ``text``, which replaces
what lies on the disk for the time, ``idents``, the names that the task's words mention, and ``tokens``. Answers one a
line: ``map``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path


class Silent:
    """aider's face to its user, of which the map needs this much."""

    def read_text(self, name: str, silent: bool = False) -> str | None:
        """The text of a file; None where it cannot be read."""
        del silent
        try:
            return Path(name).read_text("utf-8", "replace")
        except OSError:
            return None

    def tool_output(self, *words: object, **more: object) -> None:
        """Say nothing: what is printed here is the answer."""

    tool_warning = tool_error = tool_output


class Estimate:
    """Tokens as the benchmark counts them, so that both have the same room."""

    def token_count(self, text: str) -> float:
        """Tokens of ``text``."""
        return len(text) / 3.2


def main() -> None:
    """Answer until the input ends."""
    from aider.repomap import RepoMap

    root, suffixes = Path(sys.argv[1]).resolve(), tuple(sys.argv[2:])
    files = sorted(
        str(path)
        for path in root.rglob("*")
        if path.is_file() and path.name.endswith(suffixes) and not any(part.startswith(".") for part in path.parts)
    )
    answers, sys.stdout = sys.stdout, sys.stderr
    known = RepoMap(root=str(root), main_model=Estimate(), io=Silent())
    for line in sys.stdin:
        wanted = json.loads(line)
        chat = root / wanted["chat"]
        before = chat.read_bytes()
        chat.write_text(wanted["text"], encoding="utf-8")
        known.max_map_tokens = wanted["tokens"]
        try:
            found = known.get_repo_map(
                [str(chat)], [name for name in files if name != str(chat)], mentioned_idents=set(wanted["idents"])
            )
        finally:
            chat.write_bytes(before)
        print(json.dumps({"map": found or ""}), file=answers, flush=True)


if __name__ == "__main__":
    main()
