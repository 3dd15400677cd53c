"""What a model's tokens cost: from the price list of the ``genai-prices`` package, or as the user set it.

The list ships with the package and is read offline. Prices of the settings win over it. A paid model whose price
nobody knows is not called: a budget that counts it as free would be no budget.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from forge_lsp.core.errors import SpendingRefused
from forge_lsp.core.ports import ModelInfo, Usage
from forge_lsp.jobs.money import to_nano

__all__ = ["Estimate", "Price", "Prices"]

CACHE_WRITE_FACTOR = 1.25
"""Of the input price, where a price was set without one for cache writes: Anthropic's price for entries that live
five minutes, the highest among the providers that bill writes (platform.claude.com, "Pricing", prompt caching)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """USD per million tokens. ``cached_input`` (read from a cache) None: as ``input``; ``cache_write`` None: 1.25
    times ``input``. Both err on the dear side."""

    input: float
    output: float
    cached_input: float | None = None
    cache_write: float | None = None

    def nano(self, usage: Usage) -> int:
        """Return the nano-USD of a call."""
        cached, written = usage.cached_tokens, usage.cache_write_tokens
        plain = max(0, usage.input_tokens - cached - written)
        read_price = self.input if self.cached_input is None else self.cached_input
        write_price = self.input * CACHE_WRITE_FACTOR if self.cache_write is None else self.cache_write
        million = plain * self.input + cached * read_price + written * write_price + usage.output_tokens * self.output
        return to_nano(million / 1e6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """The most a call can cost, in nano-USD. ``sent`` is the input's part, gone once the call is sent."""

    nano: int
    sent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """Prices by model. ``overrides`` is keyed by settings key of the model, ``addresses`` holds the URL of each
    server: among OpenAI-compatible providers, only that tells which one's prices hold.

    The first price from the list imports it (0.2 s): call :meth:`estimate` from a thread.
    """

    overrides: Mapping[str, Price] = field(default_factory=dict[str, Price])
    addresses: Mapping[str, str] = field(default_factory=dict[str, str])

    def estimate(self, model: ModelInfo, *, input_tokens: int, output_tokens: int) -> Estimate:
        """Return the most a call can cost: all input written to a cache, all output written. Raises SpendingRefused
        where the price is not known."""
        plain = Usage(input_tokens=input_tokens)
        written = Usage(input_tokens=input_tokens, cache_write_tokens=input_tokens)
        sent = max(self.nano(model, plain), self.nano(model, written))
        return Estimate(nano=sent + self.nano(model, Usage(output_tokens=output_tokens)), sent=sent)

    def nano(self, model: ModelInfo, usage: Usage) -> int:
        """Return the nano-USD of a call that was measured. Raises SpendingRefused where the price is not known."""
        price = self.overrides.get(model.key)
        if price is not None:
            return price.nano(usage)
        total = _listed(model, usage, self.addresses.get(model.server))
        if total is None:
            raise SpendingRefused(
                f"the price of {model.key} ({model.name} of {model.provider}) is not known, so it is not called",
                remedy=f"set [prices.{model.key}] with input and output (USD per million tokens) in forge.toml",
            )
        return total


def _listed(model: ModelInfo, usage: Usage, address: str | None) -> int | None:
    """Nano-USD by the price list, or None where it does not hold the model."""
    import genai_prices
    from genai_prices.types import PriceCalculation

    tokens = genai_prices.Usage(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=min(usage.cached_tokens, usage.input_tokens),
        cache_write_tokens=min(usage.cache_write_tokens, usage.input_tokens - usage.cached_tokens),
    )

    def total(found: PriceCalculation) -> int:
        return to_nano(float(found.total_price))

    if address is not None:
        try:
            return total(genai_prices.calc_price(tokens, model.name, provider_api_url=address))
        except LookupError:
            pass  # a proxy, or a provider the list does not know by address: by name, then
    try:
        return total(genai_prices.calc_price(tokens, model.name, provider_id=model.provider))
    except LookupError:
        return None
