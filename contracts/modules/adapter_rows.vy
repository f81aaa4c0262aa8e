# pragma version ~=0.4.3
"""
@title Adapter rows: what the registry of models keeps of an adapter in one word
@license AGPL-3.0-only
@notice depth (8 bits) | is_active (8) | royalty bps (16) | parent (32) | base (32) | owner (160). A row is never 0: its
        owner is not. The writer has checked that depth, royalty and ids fit.
"""

_MASK_8: constant(uint256) = 2**8 - 1
_MASK_16: constant(uint256) = 2**16 - 1
_MASK_32: constant(uint256) = 2**32 - 1
_MASK_160: constant(uint256) = 2**160 - 1


@internal
@pure
def _pack(depth: uint256, royalty_bps: uint256, parent_id: uint256, base_id: uint256, owner: address) -> uint256:
    """
    @dev The row of a new adapter, which is active.
    """
    return (
        depth << 248 | 1 << 240 | royalty_bps << 224 | parent_id << 192 | base_id << 160 | convert(owner, uint256)
    )


@internal
@pure
def _with_active(row: uint256, is_active: bool) -> uint256:
    """
    @dev The row with another activity.
    """
    return row & ~(_MASK_8 << 240) | convert(is_active, uint256) << 240


@internal
@pure
def _with_owner(row: uint256, owner: address) -> uint256:
    """
    @dev The row with another owner.
    """
    return row & ~_MASK_160 | convert(owner, uint256)


@internal
@pure
def _owner(row: uint256) -> address:
    """
    @dev Its owner.
    """
    return convert(row & _MASK_160, address)


@internal
@pure
def _base(row: uint256) -> uint256:
    """
    @dev The base that it runs on.
    """
    return (row >> 160) & _MASK_32


@internal
@pure
def _parent(row: uint256) -> uint256:
    """
    @dev The adapter that it was trained from, 0 for none.
    """
    return (row >> 192) & _MASK_32


@internal
@pure
def _royalty(row: uint256) -> uint256:
    """
    @dev What reaches its payees of a child's owner part, in basis points.
    """
    return (row >> 224) & _MASK_16


@internal
@pure
def _is_active(row: uint256) -> bool:
    """
    @dev Whether its answers are sold.
    """
    return (row >> 240) & _MASK_8 != 0


@internal
@pure
def _depth(row: uint256) -> uint256:
    """
    @dev The length of its lineage, itself counted.
    """
    return row >> 248
