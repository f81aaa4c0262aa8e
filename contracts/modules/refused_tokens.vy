# pragma version ~=0.4.3
"""
@title Refused tokens: what asks before it comes is sent back
@license AGPL-3.0-only
"""


@external
def onERC721Received(operator: address, sender: address, tokenId: uint256, data: Bytes[1_024]) -> bytes4:
    """
    @notice Refuses tokens: the timelock holds the treasury.
    @dev Always reverts.
    @param operator Ignored.
    @param sender Ignored.
    @param tokenId Ignored.
    @param data Ignored.
    @return Never.
    """
    return self._refuse()


@external
def onERC1155Received(
    operator: address, sender: address, tokenId: uint256, amount: uint256, data: Bytes[1_024]
) -> bytes4:
    """
    @notice Refuses tokens: the timelock holds the treasury.
    @dev Always reverts.
    @param operator Ignored.
    @param sender Ignored.
    @param tokenId Ignored.
    @param amount Ignored.
    @param data Ignored.
    @return Never.
    """
    return self._refuse()


@external
def onERC1155BatchReceived(
    operator: address,
    sender: address,
    tokenIds: DynArray[uint256, 64],
    amounts: DynArray[uint256, 64],
    data: Bytes[1_024],
) -> bytes4:
    """
    @notice Refuses tokens: the timelock holds the treasury.
    @dev Always reverts.
    @param operator Ignored.
    @param sender Ignored.
    @param tokenIds Ignored.
    @param amounts Ignored.
    @param data Ignored.
    @return Never.
    """
    return self._refuse()


@internal
@pure
def _refuse() -> bytes4:
    """
    @dev Without the function the transfer would fail too, but would not say why.
    """
    raise "governor: takes no tokens"
