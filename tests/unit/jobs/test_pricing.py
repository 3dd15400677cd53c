from __future__ import annotations

import subprocess
import sys

import pytest

from forge_lsp.core.errors import SpendingRefused
from forge_lsp.core.ports import ModelInfo, Usage
from forge_lsp.jobs.money import to_nano, to_usd
from forge_lsp.jobs.pricing import Price, Prices
from tests.unit.jobs.support import paid


def test_the_price_list_knows_claude() -> None:
    usage = Usage(input_tokens=1000, output_tokens=1000, cached_tokens=100, cache_write_tokens=200)
    # 700 x 3 + 100 x 0.30 + 200 x 3.75 + 1000 x 15, in USD a million
    assert to_usd(Prices().nano(paid(), usage)) == pytest.approx(0.01788)


def test_an_estimate_is_never_below_what_the_call_can_cost() -> None:
    estimate = Prices().estimate(paid(), input_tokens=10_000, output_tokens=2_000)
    for usage in (
        Usage(input_tokens=10_000, output_tokens=2_000),
        Usage(input_tokens=10_000, output_tokens=2_000, cache_write_tokens=10_000),
        Usage(input_tokens=10_000, output_tokens=2_000, cached_tokens=9_000, cache_write_tokens=1_000),
    ):
        assert Prices().nano(paid(), usage) <= estimate.nano
    assert to_usd(estimate.sent) == pytest.approx(10_000 * 3.75e-6)


def test_the_settings_win_over_the_list() -> None:
    prices = Prices(overrides={"sonnet": Price(input=2.0, output=8.0)})
    usage = Usage(input_tokens=1_000_000, output_tokens=500_000, cached_tokens=100_000, cache_write_tokens=200_000)
    # 700k and 100k cached at 2, 200k written at 2.5, 500k at 8
    assert to_usd(prices.nano(paid(), usage)) == pytest.approx(1.6 + 0.5 + 4.0)
    told = Prices(overrides={"sonnet": Price(input=2.0, output=8.0, cached_input=0.2, cache_write=4.0)})
    assert to_usd(told.nano(paid(), usage)) == pytest.approx(1.4 + 0.02 + 0.8 + 4.0)


def test_the_address_tells_which_providers_prices_hold() -> None:
    model = ModelInfo(key="k", name="deepseek-chat", server="s", provider="openai", context=1, paid=True)
    with pytest.raises(SpendingRefused):
        Prices().nano(model, Usage(input_tokens=1000))
    known = Prices(addresses={"s": "https://api.deepseek.com/v1"})
    assert known.nano(model, Usage(input_tokens=1_000_000)) > 0


def test_a_proxy_of_a_known_provider_costs_what_the_provider_does() -> None:
    proxied = Prices(addresses={"claude": "http://127.0.0.1:8080"})
    assert proxied.nano(paid(), Usage(input_tokens=1000)) == Prices().nano(paid(), Usage(input_tokens=1000))


def test_money_rounds_up_and_sums_exactly() -> None:
    assert to_nano(0.1) * 10 == to_nano(1.0)
    assert to_nano(0.0000000001) == 1
    assert to_nano(0.3) == 300_000_000


def test_the_price_list_is_not_imported_before_it_is_needed() -> None:
    code = (
        "import sys, forge_lsp.jobs.manager;"
        "sys.exit(any(name in ('genai_prices', 'pydantic', 'httpx') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
