# pragma version 0.4.3
"""
@title snekmate's ERC-20 as it comes: what OPEN is measured against
@license Apache-2.0
"""

from snekmate.auth import ownable
from snekmate.tokens import erc20

initializes: ownable
initializes: erc20[ownable := ownable]
exports: erc20.__interface__


@deploy
def __init__(holder: address, supply: uint256):
    ownable.__init__()
    erc20.__init__("OpenLedger", "OPEN", 18, "OpenLedger", "1")
    erc20._mint(holder, supply)
