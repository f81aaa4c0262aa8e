# pragma version ~=0.4.3
"""
@title Prices: what an adapter's answers cost
@license AGPL-3.0-only
@notice A price is for 1,000 tokens, one for those of the prompt and one for those of the answer.
"""

from ..interfaces import IModelRegistry

# bounds a quote: 2**96 wei is more than all OPEN
MAX_PRICE_WEI: constant(uint256) = 2**96 - 1
TOKENS_PER_PRICE: constant(uint256) = 1_000
_MASK_128: constant(uint256) = 2**128 - 1

# output price (128 bits) | input price (128)
_prices: HashMap[uint256, uint256]


@internal
def _set(adapter_id: uint256, input_price_wei_per_1k: uint256, output_price_wei_per_1k: uint256):
    """
    @dev Replaces both prices of an adapter.
    """
    assert input_price_wei_per_1k <= MAX_PRICE_WEI, "prices: input price too large"
    assert output_price_wei_per_1k <= MAX_PRICE_WEI, "prices: output price too large"
    self._prices[adapter_id] = output_price_wei_per_1k << 128 | input_price_wei_per_1k
    log IModelRegistry.PriceSet(
        adapter_id=adapter_id,
        input_price_wei_per_1k=input_price_wei_per_1k,
        output_price_wei_per_1k=output_price_wei_per_1k,
    )


@internal
@view
def _of(adapter_id: uint256) -> (uint256, uint256):
    """
    @dev Input and output price, in wei for 1,000 tokens.
    """
    prices: uint256 = self._prices[adapter_id]
    return prices & _MASK_128, prices >> 128


@internal
@view
def _quote(adapter_id: uint256, input_tokens: uint256, output_tokens: uint256) -> uint256:
    """
    @dev What an answer costs in wei; each part rounds up, so that no answer is free by rounding.
    """
    input_price: uint256 = 0
    output_price: uint256 = 0
    input_price, output_price = self._of(adapter_id)
    return self._part(input_tokens, input_price) + self._part(output_tokens, output_price)


@internal
@pure
def _part(tokens: uint256, price_wei_per_1k: uint256) -> uint256:
    """
    @dev tokens * price / 1,000, rounded up.
    """
    return (tokens * price_wei_per_1k + TOKENS_PER_PRICE - 1) // TOKENS_PER_PRICE
