# pragma version ~=0.4.3
"""
@title Signatures: which account signed a digest
@license AGPL-3.0-only
"""

# every (r, s) has a twin with the other half of s; only the lower one is taken, so that no signature exists twice
_HALF_ORDER: constant(uint256) = (
    57896044618658097711785492504343953926418782139537452191302581570759080747168
)
_MASK_255: constant(uint256) = 2**255 - 1


@internal
@pure
def _recover(digest: bytes32, signature: Bytes[65]) -> address:
    """
    @dev The signer of `r | s | v`, or the zero address for any malformed signature: the caller must refuse that one.
    """
    if len(signature) != 65:
        return empty(address)
    r: uint256 = extract32(signature, 0, output_type=uint256)
    s: uint256 = extract32(signature, 32, output_type=uint256)
    v: uint256 = convert(slice(signature, 64, 1), uint256)
    if s > _HALF_ORDER or (v != 27 and v != 28):
        return empty(address)
    return ecrecover(digest, v, r, s)


@internal
@pure
def _recover_compact(digest: bytes32, r: bytes32, vs: bytes32) -> address:
    """
    @dev The signer of EIP-2098's compact form, in which the highest bit of `vs` is v - 27 and the rest is s; or the
         zero address for any malformed signature: the caller must refuse that one.
    """
    word: uint256 = convert(vs, uint256)
    s: uint256 = word & _MASK_255
    if s > _HALF_ORDER:
        return empty(address)
    return ecrecover(digest, 27 + (word >> 255), convert(r, uint256), s)
