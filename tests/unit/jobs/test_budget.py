from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forge_lsp.core.errors import BudgetExceeded, ConsentRefused, SpendingRefused
from forge_lsp.core.ports import ConsentQuestion, ModelInfo, Usage
from forge_lsp.jobs.attendance import Attendance
from forge_lsp.jobs.budget import Budget, JobSpending, public_address
from forge_lsp.jobs.consent import Consents
from forge_lsp.jobs.ledger import Ledger
from forge_lsp.jobs.money import to_nano
from forge_lsp.jobs.pricing import Price, Prices
from forge_lsp.lsp.consent import question
from tests.unit.jobs.support import HeldClock, paid

LOCAL = ModelInfo(key="phi4", name="phi4:14b", server="gpu0", provider="ollama", context=8192)
LAN = ModelInfo(key="qwen", name="qwen", server="lan", provider="ollama", context=8192, off_machine=True)
PRICES = Prices(overrides={"sonnet": Price(input=1.0, output=1.0, cache_write=1.0)})  # 1 USD a million, either way


class User:
    """Someone who answers questions, or does not."""

    def __init__(self, answer: bool | Exception = True) -> None:
        self.answer = answer
        self.asked: list[ConsentQuestion] = []
        self.at_once = 0
        self.most_at_once = 0

    async def __call__(self, question: ConsentQuestion) -> bool:
        self.asked.append(question)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0.01)
        self.at_once -= 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
async def ledger() -> AsyncIterator[Ledger]:
    ledger = Ledger(None, clock=HeldClock())
    yield ledger
    await ledger.aclose()


def purse(ledger: Ledger, job_id: str = "job", **changes: Any) -> JobSpending:
    values: dict[str, Any] = {
        "job_id": job_id,
        "workspace": Path("/w"),
        "ledger": ledger,
        "consents": Consents(ledger),
        "prices": PRICES,
        "budget": Budget(job=1.0, day=5.0, month=50.0),
        "ask": User(),
        "clock": HeldClock(),
        "granted": frozenset({"claude"}),
        "addresses": {"claude": "https://api.anthropic.com", "lan": "http://10.0.0.7:11434"},
    }
    return JobSpending(**(values | changes))


async def test_local_unpaid_models_pass_untouched(ledger: Ledger) -> None:
    user = User(answer=AssertionError())
    spending = purse(ledger, granted=frozenset(), ask=user)
    assert await spending.admit(LOCAL, input_tokens=10**9, output_tokens=10**9) == 0.0
    assert spending.settle(LOCAL, 0.0, Usage(input_tokens=10**9)) == 0.0
    assert (spending.spent, user.asked) == (0.0, [])


async def test_a_call_is_reserved_at_its_most_and_settled_at_what_it_cost(ledger: Ledger) -> None:
    spending = purse(ledger)
    reserved = await spending.admit(paid(), input_tokens=200_000, output_tokens=300_000)
    assert reserved == pytest.approx(0.5)
    assert await ledger.spent("2026-01-31") == to_nano(0.5)
    assert spending.spent == pytest.approx(0.2)  # what is sent is gone
    cost = spending.settle(paid(), reserved, Usage(input_tokens=200_000, output_tokens=50_000))
    assert cost == pytest.approx(0.25)
    assert spending.spent == pytest.approx(0.25)
    assert await ledger.spent("2026-01") == to_nano(0.25)


async def test_a_call_without_usage_keeps_what_was_sent(ledger: Ledger) -> None:
    spending = purse(ledger)
    reserved = await spending.admit(paid(), input_tokens=200_000, output_tokens=300_000)
    assert spending.settle(paid(), reserved, None) == pytest.approx(0.2)
    assert await ledger.spent("2026-01-31") == to_nano(0.2)


async def test_a_call_that_was_never_sent_leaves_nothing(ledger: Ledger) -> None:
    spending = purse(ledger)
    reserved = await spending.admit(paid(), input_tokens=200_000, output_tokens=300_000)
    assert spending.settle(paid(), reserved, Usage()) == 0.0
    assert await ledger.spent("2026-01-31") == 0


@pytest.mark.parametrize("period", ["job", "day", "month"])
async def test_each_budget_is_a_hard_stop_that_names_its_setting(ledger: Ledger, period: str) -> None:
    limits = {"job": 9.0, "day": 9.0, "month": 9.0} | {period: 0.5}
    spending = purse(ledger, budget=Budget(**limits))
    reserved = await spending.admit(paid(), input_tokens=400_000, output_tokens=0)
    spending.settle(paid(), reserved, Usage(input_tokens=400_000))
    with pytest.raises(BudgetExceeded, match=rf"\$0.50 for the {period} \$0.4000 is spent") as caught:
        await spending.admit(paid(), input_tokens=100_001, output_tokens=0)
    assert caught.value.remedy == f"raise budget.{period} in forge.toml"
    assert await spending.admit(paid(), input_tokens=100_000, output_tokens=0) == pytest.approx(0.1)  # to the cent


async def test_days_and_months_begin_anew_and_jobs_share_them(ledger: Ledger) -> None:
    clock = HeldClock()  # noon of January 31
    budget = Budget(job=1.0, day=1.0, month=1.5)

    async def spend(job: str, tokens: int) -> None:
        spending = purse(ledger, job, budget=budget, clock=clock)
        spending.settle(
            paid(), await spending.admit(paid(), input_tokens=tokens, output_tokens=0), Usage(input_tokens=tokens)
        )

    await spend("a", 900_000)
    with pytest.raises(BudgetExceeded, match="for the day"):
        await spend("b", 200_000)
    clock.advance(86_400)  # February 1
    await spend("c", 900_000)
    clock.advance(86_400)
    with pytest.raises(BudgetExceeded, match="for the month"):
        await spend("d", 900_000)


async def test_over_budget_nobody_is_asked(ledger: Ledger) -> None:
    user = User()
    spending = purse(ledger, granted=frozenset(), ask=user, budget=Budget(job=0.0))
    with pytest.raises(BudgetExceeded):
        await spending.admit(paid(), input_tokens=1, output_tokens=1)
    assert user.asked == []


async def test_the_question_names_server_provider_address_and_price(ledger: Ledger) -> None:
    user = User()
    spending = purse(
        ledger, granted=frozenset(), ask=user, addresses={"claude": "https://u:sk-key@proxy.example/v1?key=sk"}
    )
    await spending.admit(paid(), input_tokens=100_000, output_tokens=100_000)
    (question,) = user.asked
    assert (question.server, question.provider, question.paid) == ("claude", "anthropic", True)
    assert question.address == "https://proxy.example/v1"
    assert question.estimate_usd == pytest.approx(0.2)


async def test_a_yes_is_kept_for_the_workspace_and_the_server_at_its_address(ledger: Ledger) -> None:
    user = User()

    async def use(**changes: Any) -> int:
        spending = purse(ledger, granted=frozenset(), ask=user, **changes)
        await spending.admit(LAN, input_tokens=1, output_tokens=1)
        return len(user.asked)

    assert await use() == 1
    assert await use(job_id="another") == 1
    assert await use(workspace=Path("/other")) == 2
    assert await use(addresses={"lan": "http://elsewhere:11434"}) == 3
    assert await use(workspace=None) == 4
    assert await use(workspace=None) == 4


async def test_a_no_or_no_answer_holds_for_the_job_and_a_never_for_good(ledger: Ledger) -> None:
    nobody = User(answer=False)
    spending = purse(ledger, granted=frozenset(), ask=nobody)
    for _ in range(3):
        with pytest.raises(ConsentRefused, match=r"lan \(http://10.0.0.7:11434\) is not on this machine") as caught:
            await spending.admit(LAN, input_tokens=1, output_tokens=1)
    assert caught.value.remedy is not None and "--allow lan" in caught.value.remedy
    assert len(nobody.asked) == 1
    never = User(answer=ConsentRefused("never"))
    for job in ("b", "c"):
        with pytest.raises(ConsentRefused):
            await purse(ledger, job, granted=frozenset(), ask=never).admit(LAN, input_tokens=1, output_tokens=1)
    assert len(never.asked) == 1  # absence was not kept, this is


async def test_parallel_calls_and_jobs_ask_one_question(ledger: Ledger) -> None:
    user = User()
    consents = Consents(ledger)
    purses = [purse(ledger, f"job{i}", granted=frozenset(), ask=user, consents=consents) for i in range(3)]
    calls = [spending.admit(LAN, input_tokens=1, output_tokens=1) for spending in purses for _ in range(4)]
    await asyncio.gather(*calls)
    assert (len(user.asked), user.most_at_once) == (1, 1)


async def test_parallel_calls_of_a_job_that_is_refused_ask_once(ledger: Ledger) -> None:
    user = User(answer=False)
    spending = purse(ledger, granted=frozenset(), ask=user)
    calls = [spending.admit(LAN, input_tokens=1, output_tokens=1) for _ in range(5)]
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(answer) for answer in answers] == [ConsentRefused] * 5
    assert len(user.asked) == 1


async def test_a_question_whose_job_is_cancelled_passes_to_the_next(ledger: Ledger) -> None:
    consents = Consents(ledger)
    waiting = asyncio.Event()

    async def silence(question: ConsentQuestion) -> bool:
        waiting.set()
        await asyncio.Event().wait()
        return True

    user = User()
    first = purse(ledger, "a", granted=frozenset(), ask=silence, consents=consents)
    second = purse(ledger, "b", granted=frozenset(), ask=user, consents=consents)
    one = asyncio.create_task(first.admit(LAN, input_tokens=1, output_tokens=1))
    await waiting.wait()
    two = asyncio.create_task(second.admit(LAN, input_tokens=1, output_tokens=1))
    await asyncio.sleep(0)
    one.cancel()
    assert await two == 0.0
    assert one.cancelled() and len(user.asked) == 1


async def test_an_unknown_price_is_refused_before_anybody_is_asked(ledger: Ledger) -> None:
    user = User()
    spending = purse(ledger, granted=frozenset(), ask=user, prices=Prices())
    with pytest.raises(SpendingRefused, match="price of own") as caught:
        await spending.admit(paid(key="own", name="our-own-model"), input_tokens=1, output_tokens=1)
    assert caught.value.remedy is not None and "[prices.own]" in caught.value.remedy
    assert user.asked == []


async def test_a_cancelled_admit_leaves_no_reservation(ledger: Ledger) -> None:
    for steps in range(6):
        spending = purse(ledger, f"job{steps}")
        task = asyncio.create_task(spending.admit(paid(), input_tokens=100_000, output_tokens=0))
        for _ in range(steps):
            await asyncio.sleep(0.002)
        if task.done():
            spending.settle(paid(), task.result(), Usage())
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert await ledger.spent("2026-01-31") == 0


async def test_the_end_of_a_job_books_what_nobody_settled_and_lets_nothing_through(ledger: Ledger) -> None:
    spending = purse(ledger)
    reserved = await spending.admit(paid(), input_tokens=200_000, output_tokens=300_000)
    assert spending.close() == pytest.approx(0.2)
    assert spending.settle(paid(), reserved, Usage(input_tokens=1)) == 0.0  # a stray, too late
    assert await ledger.spent("2026-01-31") == to_nano(0.2)
    for model in (paid(), LOCAL):
        with pytest.raises(SpendingRefused, match="has ended"):
            await spending.admit(model, input_tokens=1, output_tokens=1)


@settings(max_examples=25, deadline=None)
@given(
    calls=st.lists(
        st.tuples(
            st.integers(0, 3),  # the job
            st.integers(0, 400_000),  # input tokens
            st.integers(0, 400_000),  # output tokens at most
            st.floats(0, 1),  # how much of them it writes; near 0 it fails
        ),
        min_size=1,
        max_size=30,
    ),
    day=st.integers(0, 2_000_000),
)
def test_parallel_calls_of_parallel_jobs_never_pass_a_budget(
    calls: list[tuple[int, int, int, float]], day: int
) -> None:
    limit = Budget(job=0.8, day=day / 1e6, month=50.0)

    async def main() -> None:
        ledger = Ledger(None, clock=HeldClock())
        purses = [purse(ledger, f"job{i}", budget=limit) for i in range(4)]
        spent = [0.0] * 4

        async def call(job: int, input_tokens: int, output_tokens: int, share: float) -> None:
            try:
                reserved = await purses[job].admit(paid(), input_tokens=input_tokens, output_tokens=output_tokens)
            except BudgetExceeded:
                return
            assert await ledger.spent("2026-01-31") <= to_nano(limit.day)
            written = int(output_tokens * share)
            usage = None if share < 0.1 else Usage(input_tokens=input_tokens, output_tokens=written)
            spent[job] += purses[job].settle(paid(), reserved, usage)

        try:
            await asyncio.gather(*(call(*entry) for entry in calls))
            assert sum(spent) <= limit.day + 1e-9
            assert max(spent) <= limit.job + 1e-9
            assert await ledger.spent("2026-01") == pytest.approx(to_nano(sum(spent)), abs=len(calls))
            for job in range(4):
                assert purses[job].spent == pytest.approx(spent[job])
        finally:
            await ledger.aclose()

    asyncio.run(main())


def test_addresses_are_shown_without_what_may_be_a_key() -> None:
    assert public_address("https://user:pw@host:8443/v1?key=1#f") == "https://host:8443/v1"
    assert public_address("http://127.0.0.1:11434") == "http://127.0.0.1:11434"


CLOUD = "https://ollama.com:443"
ON_CLOUD = LOCAL.sent_on(CLOUD)


async def test_a_model_that_its_server_sends_on_is_asked_about_with_the_real_place(ledger: Ledger) -> None:
    user = User()
    spending = purse(ledger, granted=frozenset(), ask=user, addresses={"gpu0": "http://127.0.0.1:11434"})
    assert await spending.admit(LOCAL, input_tokens=1, output_tokens=1) == 0.0
    assert user.asked == []
    for _ in range(2):
        assert await spending.admit(ON_CLOUD, input_tokens=1, output_tokens=1) == 0.0
    (asked,) = user.asked
    assert (asked.server, asked.address, asked.price_known, asked.paid) == ("gpu0", CLOUD, False, False)
    assert "What that costs is not known." in question(asked, Path("/w"))
    assert CLOUD in question(asked, Path("/w"))
    await purse(ledger, granted=frozenset(), ask=user).admit(ON_CLOUD, input_tokens=1, output_tokens=1)
    assert len(user.asked) == 1, "the answer is kept"


async def test_a_no_to_the_cloud_is_no_no_to_the_server_and_the_other_way_round(ledger: Ledger) -> None:
    cloud = LAN.sent_on(CLOUD)
    user = User(answer=False)
    spending = purse(ledger, ask=user)
    with pytest.raises(ConsentRefused, match=r"sends it on to https://ollama\.com:443, .*price is not known"):
        await spending.admit(cloud, input_tokens=1, output_tokens=1)
    user.answer = True
    await spending.admit(LAN, input_tokens=1, output_tokens=1)
    with pytest.raises(ConsentRefused):
        await spending.admit(cloud, input_tokens=1, output_tokens=1)
    assert [asked.address for asked in user.asked] == [CLOUD, "http://10.0.0.7:11434"]
    later = purse(ledger, ask=User(answer=False))
    await later.admit(LAN, input_tokens=1, output_tokens=1)
    with pytest.raises(ConsentRefused):
        await later.admit(cloud, input_tokens=1, output_tokens=1)


async def test_a_price_of_the_users_own_puts_it_under_the_budget(ledger: Ledger) -> None:
    model = replace(LOCAL, key="sonnet", priced=True).sent_on(CLOUD)
    assert model.paid
    user = User()
    spending = purse(ledger, granted=frozenset(), ask=user)
    reserved = await spending.admit(model, input_tokens=200_000, output_tokens=300_000)
    assert reserved == pytest.approx(0.5)
    assert user.asked[0].price_known
    with pytest.raises(BudgetExceeded):
        await spending.admit(model, input_tokens=900_000, output_tokens=0)


async def test_while_nobody_is_there_a_paid_call_waits_and_a_free_one_does_not(ledger: Ledger) -> None:
    attendance = Attendance()
    spending = purse(ledger, attended=attendance, returned=attendance.connected)
    assert await spending.admit(LOCAL, input_tokens=1, output_tokens=1) == 0.0
    waiting = asyncio.create_task(spending.admit(paid(), input_tokens=1000, output_tokens=1000))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    assert await ledger.spent("2026-01-31") == 0
    attendance.connect(lambda question, workspace: asyncio.sleep(0, True))
    assert await asyncio.wait_for(waiting, 10) > 0


async def test_a_paid_call_that_waited_for_an_editor_is_not_made_for_a_job_that_has_ended(ledger: Ledger) -> None:
    attendance = Attendance()
    spending = purse(ledger, attended=attendance, returned=attendance.connected)
    waiting = asyncio.create_task(spending.admit(paid(), input_tokens=1000, output_tokens=1000))
    await asyncio.sleep(0.01)
    spending.close()
    attendance.connect(lambda question, workspace: asyncio.sleep(0, True))
    with pytest.raises(SpendingRefused, match="the job has ended"):
        await asyncio.wait_for(waiting, 10)


async def test_what_an_interrupted_job_had_cost_counts_for_the_one_that_goes_on(ledger: Ledger) -> None:
    spending = purse(ledger, before=0.9)
    with pytest.raises(BudgetExceeded):
        await spending.admit(paid(), input_tokens=100_000, output_tokens=100_000)
    assert await spending.admit(paid(), input_tokens=10_000, output_tokens=10_000) > 0
