"""The circuit breaker, on a clock of its own."""

from __future__ import annotations

from forge_lsp.core.errors import ServerUnreachable
from forge_lsp.models.breaker import Breaker
from tests.unit.models.fake_wire import FakeClock

ERROR = ServerUnreachable("down")


def test_it_opens_rests_and_tries() -> None:
    clock = FakeClock()
    breaker = Breaker(failures=2, seconds=5, clock=clock)
    breaker.failed(ERROR)
    assert breaker.refusal() is None
    breaker.failed(ERROR)
    assert breaker.refusal() is ERROR
    clock.now += 5
    assert breaker.refusal() is None
    assert breaker.enter()
    assert breaker.refusal() is ERROR, "one trial at a time"
    breaker.failed(ERROR)
    assert breaker.refusal() is ERROR, "a failed trial rests again"
    clock.now += 5
    breaker.enter()
    breaker.succeeded()
    assert breaker.refusal() is None
    breaker.failed(ERROR)
    assert breaker.refusal() is None, "it counts from the start"


def test_a_closed_one_has_no_trial() -> None:
    assert not Breaker(failures=1, seconds=5, clock=FakeClock()).enter()
