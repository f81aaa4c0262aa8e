# pragma version ~=0.4.3
"""
@title Fee split: what part of a fee goes to whom
@license AGPL-3.0-only
@notice Every part but the treasury's is rounded down, and the treasury gets what remains, so the parts add up to the
        fee to the wei.
"""

from ..interfaces import IInferencePayments

BPS: constant(uint256) = 10_000
# whoever pays himself loses at least this share of the fee, so that invented demand never pays
MIN_LEAK_BPS: constant(uint256) = 500
MIN_CONTRIBUTORS_BPS: constant(uint256) = 1_000
_WORD_16: constant(uint256) = 2**16 - 1

# of one fee or of many; the treasury's is what remains
struct Parts:
    amount_wei: uint256
    owner_wei: uint256
    contributors_wei: uint256
    stakers_wei: uint256
    burn_wei: uint256


@internal
@pure
def _check(split: IInferencePayments.Split):
    """
    @dev Each part is bounded first, so that the sum cannot overflow and each fits its 16 bits.
    """
    sum_bps: uint256 = 0
    for part_bps: uint256 in [
        split.owner_bps, split.contributors_bps, split.stakers_bps, split.treasury_bps, split.burn_bps
    ]:
        assert part_bps <= BPS, "payments: split above 10000"
        sum_bps += part_bps
    assert sum_bps == BPS, "payments: split is not 10000"
    leak_bps: uint256 = split.treasury_bps + split.burn_bps
    assert leak_bps >= MIN_LEAK_BPS, "payments: treasury and burn below 500"
    assert split.contributors_bps >= MIN_CONTRIBUTORS_BPS, "payments: contributors below 1000"


@internal
@pure
def _pack(split: IInferencePayments.Split) -> uint256:
    """
    @dev owner | contributors | stakers | treasury | burn, 16 bits each.
    """
    return (
        split.owner_bps << 64
        | split.contributors_bps << 48
        | split.stakers_bps << 32
        | split.treasury_bps << 16
        | split.burn_bps
    )


@internal
@pure
def _unpack(word: uint256) -> IInferencePayments.Split:
    """
    @dev The reverse of `_pack`.
    """
    return IInferencePayments.Split(
        owner_bps=word >> 64,
        contributors_bps=(word >> 48) & _WORD_16,
        stakers_bps=(word >> 32) & _WORD_16,
        treasury_bps=(word >> 16) & _WORD_16,
        burn_bps=word & _WORD_16,
    )


@internal
@pure
def _part(amount_wei: uint256, share_bps: uint256) -> uint256:
    """
    @dev A share of one fee, rounded down. Both are bounded: a fee by a deposit's 96 bits, a share by BPS.
    """
    return unsafe_div(unsafe_mul(amount_wei, share_bps), BPS)


@internal
@pure
def _treasury_wei(parts: Parts) -> uint256:
    """
    @dev What remains: the treasury's share, and what rounding left of every other.
    """
    return parts.amount_wei - parts.owner_wei - parts.contributors_wei - parts.stakers_wei - parts.burn_wei
