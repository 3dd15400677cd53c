"""One job's budget: consent before anything leaves the machine, a reservation before anything is spent.

The estimate of a call is the most it can cost. It is set aside in the ledger, in one transaction with the look at
what is spent: neither parallel calls nor other processes can together pass a budget. What the call really cost then
takes the estimate's place.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from forge_lsp.core.errors import BudgetExceeded, ConsentRefused, EnvironmentFault, SpendingRefused
from forge_lsp.core.ports import Ask, Clock, ConsentQuestion, ModelInfo, Usage
from forge_lsp.jobs.consent import Consents
from forge_lsp.jobs.database import DatabaseBusy
from forge_lsp.jobs.ledger import BudgetLimits, Ledger, OverBudget, Reservation
from forge_lsp.jobs.money import to_nano, to_usd
from forge_lsp.jobs.pricing import Prices

__all__ = ["Budget", "JobSpending", "public_address"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Hard stops in USD: one job, all jobs of a UTC day, all jobs of a calendar month."""

    job: float = 1.0
    day: float = 5.0
    month: float = 50.0


@dataclass(slots=True)
class _Purse:
    """Nano-USD of the calls that are over, and the calls that are not."""

    settled: int = 0
    open: list[tuple[str, float, Reservation]] = field(default_factory=list[tuple[str, float, Reservation]])


@dataclass(eq=False, repr=False, kw_only=True)
class JobSpending:
    """The :class:`~forge_lsp.core.ports.Spending` of one job.

    ``granted`` names servers that need no question (``consent.servers`` and ``--allow``), ``addresses`` the URL of
    each server, for the question. ``workspace`` None: a lone file; its consent is kept apart. While ``attended`` says
    False, nobody is there who asked for the job, and no paid call is begun: it waits for ``returned``, or is refused
    where that is None. ``before`` (USD) is what the job had cost when it was interrupted; it counts for its budget.
    """

    job_id: str
    workspace: Path | None
    ledger: Ledger
    consents: Consents
    prices: Prices
    budget: Budget
    ask: Ask
    clock: Clock
    attended: Callable[[], bool] = lambda: True
    returned: Callable[[], Awaitable[None]] | None = None
    before: float = 0.0
    granted: frozenset[str] = frozenset()
    addresses: Mapping[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        self._workspace = str(self.workspace) if self.workspace else ""
        job = max(0, to_nano(self.budget.job) - to_nano(self.before))
        self._ceiling = BudgetLimits(job=job, day=to_nano(self.budget.day), month=to_nano(self.budget.month))
        self._granted: set[str] = set()
        self._refused: set[str] = set()
        self.addresses = {server: public_address(url) for server, url in self.addresses.items()}  # as people may see it
        self._asking: dict[str, asyncio.Lock] = {}
        self._closed = False
        self._purse = _Purse()

    @property
    def spent(self) -> float:
        """USD of all calls so far; a call under way counts with what it sends."""
        return to_usd(self._purse.settled + sum(entry.sent for _, _, entry in self._purse.open))

    async def admit(
        self, model: ModelInfo, *, input_tokens: int, output_tokens: int, files: tuple[str, ...] = ()
    ) -> float:
        """See :meth:`forge_lsp.core.ports.Spending.admit`. Raises SpendingRefused too: the price is not known."""
        if self._closed:  # a stray of a cancelled job: nothing more leaves the machine for it
            raise SpendingRefused(f"{model.key} is not called: the job has ended")
        if not model.paid:
            if model.off_machine:
                await self._consent(model, 0, files)
            return 0.0
        if not self.attended() and self.returned is not None:
            await self.returned()
            if self._closed:
                raise SpendingRefused(f"{model.key} is not called: the job has ended")
        elif not self.attended():
            raise ConsentRefused(
                f"{model.key} is not called: it costs money, and the client that asked for the job has gone",
                remedy="start the job again when the client is back",
            )
        # In a thread: the price list takes 0.2 s to import, the first time.
        estimate = await asyncio.to_thread(
            self.prices.estimate, model, input_tokens=input_tokens, output_tokens=output_tokens
        )
        if estimate.nano > self._ceiling.job - self._purse.settled:
            # Known without looking at the ledger, and before the user is bothered with a question.
            raise self._over(model, estimate.nano, "job", self._purse.settled)
        await self._consent(model, estimate.nano, files)
        reservation = Reservation(
            id=uuid.uuid4().hex,
            job_id=self.job_id,
            day=self.clock.now().date().isoformat(),
            model=model.key,
            server=model.server,
            nano=estimate.nano,
            sent=estimate.sent,
        )
        try:
            await self.ledger.reserve(reservation, self._ceiling)
        except asyncio.CancelledError:
            self.ledger.withdraw(reservation)  # it may have been made, and nobody would ever settle it
            raise
        except OverBudget as over:
            raise self._over(model, estimate.nano, over.period, over.spent) from None
        except EnvironmentFault as silent:
            self.ledger.withdraw(reservation)
            raise BudgetExceeded(
                f"{model.key} is not called: {silent}, so the budget cannot be checked", remedy=silent.remedy
            ) from None
        except DatabaseBusy as busy:
            raise BudgetExceeded(
                f"{model.key} is not called: {busy}, so the budget cannot be checked",
                remedy="close the program that keeps the ledger locked, or wait until it ends",
            ) from None
        usd = to_usd(estimate.nano)
        self._purse.open.append((model.key, usd, reservation))
        return usd

    def settle(self, model: ModelInfo, reserved: float, usage: Usage | None) -> float:
        """See :meth:`forge_lsp.core.ports.Spending.settle`."""
        if not model.paid:
            return 0.0
        entry = next((entry for entry in self._purse.open if entry[:2] == (model.key, reserved)), None)
        if entry is None:
            level = logging.INFO if self._closed else logging.ERROR
            logger.log(level, "job %s: a call to %s was settled that was not open", self.job_id, model.key)
            return 0.0
        self._purse.open.remove(entry)
        reservation = entry[2]
        nano = reservation.sent if usage is None else self._measured(model, reservation, usage)
        return to_usd(self._book(reservation, nano))

    def close(self) -> float:
        """The job has ended: calls that nobody settled keep what they had sent. Answers :attr:`spent`.

        A stray that settles later finds nothing left to settle.
        """
        self._closed = True
        while self._purse.open:
            _, _, reservation = self._purse.open.pop()
            self._book(reservation, reservation.sent)
        return self.spent

    def _book(self, reservation: Reservation, nano: int) -> int:
        self._purse.settled += nano
        if nano:
            self.ledger.settle(reservation, nano)
        else:
            self.ledger.withdraw(reservation)
        return nano

    def _measured(self, model: ModelInfo, reservation: Reservation, usage: Usage) -> int:
        try:
            return self.prices.nano(model, usage)
        except (SpendingRefused, ValueError, ArithmeticError):
            # The estimate had a price, so only a server's absurd numbers lead here: the most it can have cost.
            logger.warning("job %s: the usage of %s makes no sense: %r", self.job_id, model.key, usage)
            return reservation.nano

    async def _consent(self, model: ModelInfo, nano: int, files: tuple[str, ...]) -> None:
        server = model.server
        address = self.addresses.get(server, "") if model.place is None else model.place
        # A server may answer by itself and send the calls of other models on: these are two questions.
        whither = server if model.place is None else f"{server} to {address}"
        async with self._asking.setdefault(whither, asyncio.Lock()):
            if server in self.granted or whither in self._granted:
                return
            if whither not in self._refused:
                question = ConsentQuestion(
                    server=server,
                    provider=model.provider,
                    address=address,
                    paid=model.paid,
                    estimate_usd=to_usd(nano),
                    price_known=model.paid or model.place is None,
                    sent_on=model.place is not None,
                    most_usd=min(self.budget.job, self.budget.day, self.budget.month),
                    files=files,
                )
                if await self.consents.given(self._workspace, question, self.ask):
                    self._granted.add(whither)
                    return
                self._refused.add(whither)  # the job's other calls do not ask again
        where = f"{server} ({address})" if address else server
        why = "costs money" if model.paid else "is not on this machine"
        if model.place is not None and not model.paid:
            where, why = f"{server}, which sends it on to {address},", "is not on this machine, its price is not known"
        raise ConsentRefused(
            f"{model.key} is not called: {where} {why}, and its use was not allowed",
            remedy=f'answer the question with yes, use --allow {server}, or set [consent] servers = ["{server}"]',
        )

    def _over(self, model: ModelInfo, nano: int, period: str, spent: int) -> BudgetExceeded:
        limit: float = getattr(self.budget, period)
        return BudgetExceeded(
            f"{model.key} is not called: it may cost up to ${to_usd(nano):.4f}, and of the budget of"
            f" ${limit:.2f} for the {period} ${to_usd(spent):.4f} is spent or set aside",
            remedy=f"raise budget.{period} in forge.toml",
        )


def public_address(url: str) -> str:
    """A server's URL as people may see it: without user, password and query, which may hold keys."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
