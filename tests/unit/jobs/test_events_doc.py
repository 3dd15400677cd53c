"""docs/events.md holds a true example of every event."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, get_args

from forge_lsp.core.events import EventBody
from tests.unit.jobs.sample import events

TEXT = (Path(__file__).parents[3] / "docs" / "events.md").read_text(encoding="utf-8")


def test_every_type_has_a_section_whose_example_has_its_keys() -> None:
    examples: dict[str, Any] = {}
    for title, block in re.findall(r"## `([a-z.]+)`.*?```json\n(.*?)```", TEXT, re.DOTALL):
        examples[title] = json.loads(block)
    assert set(examples) == {body.type for body in get_args(EventBody)}
    for event in events("x"):
        example = examples[event.body.type]
        assert list(example) == list(event.to_json())
        assert example["type"] == event.body.type
