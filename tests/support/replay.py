"""A plan, carried out stage by stage on simulated Ollama servers that know nothing of it."""

from __future__ import annotations

from forge_lsp.placement.plan import Move, Plan
from tests.support.ollama_sim import Scheduler, SimModel

__all__ = ["Replay", "replay"]


class Replay:
    """One server a device. ``faults`` names every stage in which something was not as planned."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.faults: list[str] = []
        models = {
            need.key: SimModel(name=need.key, predicted=need.footprint.predicted, size=need.footprint.bytes)
            for need in plan.needs
        }
        self.servers = {
            device.uuid: Scheduler(models=models, free=device.free, max_loaded=plan.max_loaded[device.uuid])
            for device in plan.devices
        }

    @property
    def loads(self) -> int:
        """Loads on all servers."""
        return sum(server.count("load") for server in self.servers.values())

    def bring(self, device: str, keys: tuple[str, ...], where: str) -> None:
        """Load models one after the other, each kept for ever."""
        for key in keys:
            server = self.servers[device]
            if not server.start(key):
                self.faults.append(f"{where}: {key} waits for a model in use on {device}")
                return
            server.end(key)

    def call(self, device: str, keys: tuple[str, ...], where: str) -> None:
        """All at once: none of them may load or move anything."""
        server = self.servers[device]
        before = len(server.events)
        started = [key for key in keys if server.start(key)]
        if len(server.events) != before or len(started) != len(keys):
            self.faults.append(f"{where}: calling {', '.join(keys)} on {device} moved {server.events[before:]}")
        for key in started:
            server.end(key)

    def move(self, move: Move, where: str, busy: tuple[str, ...] = ()) -> None:
        """Unload, then load, while ``busy`` ones are in use on the device."""
        server = self.servers[move.device]
        held = [key for key in busy if key in server.loaded and server.start(key)]
        for key in move.unload:
            if not server.unload(key):
                self.faults.append(f"{where}: {key} is to go while it is in use on {move.device}")
        self.bring(move.device, move.load, where)
        for key in held:
            server.end(key)


def replay(plan: Plan) -> Replay:
    """Go through all attempts: base, then each stage's moves and calls. A move that is hidden behind the stage before
    is made while that stage's models are in use, as far as they do not have to go."""
    replayed = Replay(plan)
    for device, keys in plan.base.items():
        replayed.bring(device, keys, "base")
    before: dict[str, tuple[str, ...]] = {}
    for scene in plan.scenes:
        where = f"attempt {scene.attempt} {scene.stage}"
        for move in scene.moves:
            if move.before == 0:
                last = before.get(move.device, ())
                replayed.move(move, where, () if set(last) & set(move.unload) else last)
        for device, keys in scene.resident.items():
            there = set(replayed.servers[device].loaded)
            if there != set(keys):
                replayed.faults.append(f"{where}: {device} has {sorted(there)}, planned {sorted(keys)}")
        for device, turns in scene.turns.items():
            for number, turn in enumerate(turns):
                for move in scene.moves:
                    if move.device == device and move.before == number > 0:
                        replayed.move(move, where)
                replayed.call(device, turn, where)
        before = {device: turns[-1] for device, turns in scene.turns.items()}
    for device, server in replayed.servers.items():
        replayed.faults += [f"{device}: {event}" for event in server.events if event.kind in ("evict", "spill")]
        worst = plan.headroom
        if plan.base[device] and server.available < worst:
            replayed.faults.append(f"{device}: {server.available} bytes free, less than the plan's headroom {worst}")
    if replayed.loads != plan.loads:
        replayed.faults.append(f"{replayed.loads} loads, planned {plan.loads}")
    return replayed
