"""The logs bloom of a header: three bits of 2,048 for each address and topic (Yellow Paper, eq. 29-31)."""

from chain.merkle import keccak

_BITS = 2048


def bloom_bits(value: bytes) -> int:
    """The bits that `value` (an address or a topic) sets, as a number to compare with a header's bloom."""
    digest = keccak(value)
    bits = 0
    for start in (0, 2, 4):
        bits |= 1 << (int.from_bytes(digest[start : start + 2], "big") % _BITS)
    return bits


def may_hold(bloom: int, bits: int) -> bool:
    """Whether a block with this bloom may hold a log with these bits; False is certain, True is a hint."""
    return bloom & bits == bits
