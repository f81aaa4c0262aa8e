# pragma version ~=0.4.3
"""
@title Fee split: what part of a fee goes to whom
@license AGPL-3.0-only
@notice Every part but the treasury's is rounded down, and the treasury gets what remains, so the parts add up to the fee to
        the wei.
"""

from ..interfaces import IInferencePayments

BPS: constant(uint256) = 10_000
# whoever pays himself loses at least this share of the fee, so that invented demand never pays
MIN_LEAK_BPS: constant(uint256) = 500
MIN_CONTRIBUTORS_BPS: constant(uint256) = 1_000
_WORD_16: constant(uint256) = 2**16 - 1

struct Parts:
    owner_wei: uint256
    contributors_wei: uint256
    stakers_wei: uint256
    treasury_wei: uint256
    burn_wei: uint256


@internal
@pure
def _check(split: IInferencePayments.Split):
    """
    @dev Each field is bounded first, so that the sum cannot overflow and each fits its 16 bits.
    """
    assert max(max(split.owner_bps, split.contributors_bps), split.stakers_bps) <= BPS, "payments: split above 10000"
    assert max(split.treasury_bps, split.burn_bps) <= BPS, "payments: split above 10000"
    leak_bps: uint256 = split.treasury_bps + split.burn_bps
    assert split.owner_bps + split.contributors_bps + split.stakers_bps + leak_bps == BPS, "payments: split is not 10000"
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
def _parts(amount_wei: uint256, split: IInferencePayments.Split) -> Parts:
    """
    @dev The parts of one fee, which sum to it exactly.
    """
    parts: Parts = Parts(
        owner_wei=amount_wei * split.owner_bps // BPS,
        contributors_wei=amount_wei * split.contributors_bps // BPS,
        stakers_wei=amount_wei * split.stakers_bps // BPS,
        treasury_wei=0,
        burn_wei=amount_wei * split.burn_bps // BPS,
    )
    parts.treasury_wei = amount_wei - parts.owner_wei - parts.contributors_wei - parts.stakers_wei - parts.burn_wei
    return parts


@internal
@pure
def _sum(left: Parts, right: Parts) -> Parts:
    """
    @dev Adds part by part.
    """
    return Parts(
        owner_wei=left.owner_wei + right.owner_wei,
        contributors_wei=left.contributors_wei + right.contributors_wei,
        stakers_wei=left.stakers_wei + right.stakers_wei,
        treasury_wei=left.treasury_wei + right.treasury_wei,
        burn_wei=left.burn_wei + right.burn_wei,
    )
