"""What an answer costs (pure): docs/formats.md "Vouchers and receipts", the same as ModelRegistry.quote.

fee = ceil(input_tokens * input_price / 1000) + ceil(output_tokens * output_price / 1000)
"""

from dataclasses import dataclass

TOKENS_PER_PRICE = 1_000


@dataclass(frozen=True, slots=True)
class Prices:
    """What 1,000 tokens of prompt and of answer cost, in wei."""

    input_wei_per_1k: int
    output_wei_per_1k: int


def fee_wei(prices: Prices, *, input_tokens: int, output_tokens: int) -> int:
    """The fee of one answer in wei; each part rounds up, so that no answer is free by rounding."""
    return _part(input_tokens, prices.input_wei_per_1k) + _part(output_tokens, prices.output_wei_per_1k)


def _part(tokens: int, price_wei_per_1k: int) -> int:
    return -(-tokens * price_wei_per_1k // TOKENS_PER_PRICE)
