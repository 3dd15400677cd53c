"""The ladder that ``auto`` makes on thirty rigs. Write the golden again with ``TESTS_GOLDEN=write`` and read the
difference."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from forge_lsp.app.reading import schedule_of
from forge_lsp.config import Settings
from forge_lsp.config.profiles.fitness import traits, why_unfit
from forge_lsp.config.profiles.fitting import USUAL, fits
from forge_lsp.config.profiles.ladder import ModelLadder, ladder_of
from forge_lsp.placement.plan import GIB
from tests.unit.config.profiles.rigs import RIGS, Rig

GOLDEN = Path(__file__).parent / "golden" / "rigs.txt"
PAID = ("sonnet", "opus")
each = pytest.mark.parametrize("rig", RIGS, ids=lambda rig: rig.name)


def made(rig: Rig) -> ModelLadder:
    return ladder_of(rig.offers, rig.places, PAID if rig.paid else ())


def settings(rig: Rig) -> Settings:
    servers: dict[str, Any] = {key: {"kind": "ollama"} for key in rig.servers}
    values = dict(made(rig).values)
    if rig.paid:
        servers["claude"] = {"kind": "anthropic"}
        values["models"] = {**values["models"], **{key: {"server": "claude", "name": key} for key in PAID}}  # type: ignore[dict-item]
    return Settings.model_validate({"servers": servers, **values})


@each
def test_the_ladder_is_valid(rig: Rig) -> None:
    tree = settings(rig)
    assert not tree.references()
    assert not schedule_of(tree).validate()
    assert tree.attempts == 10
    local = [row for row in tree.schedule if row.generator.model not in PAID]
    assert [row.generator.model for row in tree.schedule[len(local) :]] == (list(PAID) if rig.paid else [])
    sizes = [len(row.panel.members) for row in tree.schedule]
    assert sizes == sorted(sizes)


@each
def test_the_ladder_is_within_the_memory_of_the_gpus(rig: Rig) -> None:
    ladder = made(rig)
    plan = ladder.plan
    if plan is None:
        return
    assert {entry.model.name for entry in ladder.entries} <= set(plan.placement)
    free = {device.uuid: device.free for device in plan.devices}
    for scene in plan.scenes:
        for uuid, resident in scene.resident.items():
            assert sum(plan.need(key).footprint.bytes for key in resident) <= free[uuid]
    devices = {place.server: place.devices for place in rig.places}
    for entry in ladder.entries:
        assert entry.device in {device.uuid for device in devices[entry.server]}
        assert next(one for one in rig.offers if one.model == entry.model and entry.server in one.servers)


@each
def test_writers_are_of_two_families_where_two_are_installed(rig: Rig) -> None:
    known = [device for place in rig.places for device in place.known]
    able = [one.model for one in rig.offers if why_unfit(one.model) is None and fits(one.model, USUAL, known)]
    makers = {traits(model).maker for model in able if traits(model).total >= 1}
    tree, models = settings(rig), {entry.key: entry.model for entry in made(rig).entries}
    writers = {key for row in tree.schedule for key in (row.generator.model, *row.generator.beside)} - set(PAID)
    assert len({traits(models[key]).maker for key in writers}) >= min(2, len(makers))


@each
def test_whoever_has_no_part_has_a_reason(rig: Rig) -> None:
    ladder = made(rig)
    told = {name for name, _ in ladder.left_out} | {entry.model.name for entry in ladder.entries}
    assert told == {one.model.name for one in rig.offers}
    for entry in ladder.entries:
        assert why_unfit(entry.model) is None


def test_the_ladders_are_those_of_the_golden() -> None:
    assert len(RIGS) == 30
    found = "\n".join(_written(rig) for rig in RIGS)
    if os.environ.get("TESTS_GOLDEN") == "write":
        GOLDEN.write_text(found, encoding="utf-8")
    assert found == GOLDEN.read_text(encoding="utf-8")


def _written(rig: Rig) -> str:
    ladder = made(rig)
    tree = settings(rig)
    lines = [f"# {rig.name}", ""]
    for row in tree.schedule:
        numbers = "-".join(str(number) for number in (row.attempts[0], row.attempts[-1]))
        writers = " + ".join((row.generator.model, *row.generator.beside))
        thinkers = ", ".join(row.thinking.models)
        lines.append(
            f"{numbers:5} {row.thinking.strategy}({thinkers}) -> {writers} -> {row.panel.kind}: "
            f"{', '.join(row.panel.members)}"
        )
    for entry in ladder.entries:
        where = f"{entry.server} {entry.device}" if entry.device else entry.server
        aspect = tree.reviewers[entry.key].aspect if entry.key in tree.reviewers else "-"
        lines.append(
            f"  {entry.key} [{traits(entry.model).size}] on {where}, context {entry.context}, {aspect}: {entry.why}"
        )
    lines += [f"  no part: {name}: {reason}" for name, reason in ladder.left_out]
    if ladder.plan is not None:
        plan = ladder.plan
        lines.append(
            f"  {plan.loads} loads, {plan.evictions} evictions, {plan.cost:.0f} s, "
            f"{plan.headroom / GIB:.1f} GiB to spare"
        )
    return "\n".join(lines) + "\n"
