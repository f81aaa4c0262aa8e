# pragma version ~=0.4.3
"""
@title Challenges: who has a bond on which root, and what became of it
@license AGPL-3.0-only
@notice Any number of challengers may stand against one root. Each attempt at a root has rounds: a rejected challenge
        ends its round and loses every bond in it; a void root gives back the bonds of its last round. What became of a
        bond is read from the root when its owner comes for it, so that no loop runs over challengers and none can be
        crowded out.
"""

from . import reward_roots
from ..interfaces import IRewardDistributor

uses: reward_roots

MAX_BONDS: constant(uint256) = 16
_WORD_64: constant(uint256) = 2**64 - 1

# reward epoch => attempt => round (128 bits) | challengers in it (128 bits)
_rounds: HashMap[uint256, HashMap[uint256, uint256]]
# reward epoch (64 bits) | attempt (64) | round (64), one for each bond
_bonds: HashMap[address, DynArray[uint256, MAX_BONDS]]


@internal
def _add(challenger: address, epoch: uint256, attempt: uint256):
    """
    @dev Records one bond in the present round of this attempt.
    """
    word: uint256 = self._rounds[epoch][attempt]
    bond: uint256 = epoch << 128 | attempt << 64 | word >> 128
    bonds: DynArray[uint256, MAX_BONDS] = self._bonds[challenger]
    for held: uint256 in bonds:
        assert held != bond, "distributor: already challenged"
    assert len(bonds) < MAX_BONDS, "distributor: too many bonds, withdraw first"
    self._bonds[challenger].append(bond)
    self._rounds[epoch][attempt] = word + 1


@internal
def _end_round(epoch: uint256, attempt: uint256) -> uint256:
    """
    @dev Starts the next round; the bonds of this one are lost. Returns how many there were.
    """
    word: uint256 = self._rounds[epoch][attempt]
    self._rounds[epoch][attempt] = ((word >> 128) + 1) << 128
    return word & (2**128 - 1)


@internal
@view
def _is_lost(bond: uint256) -> bool:
    """
    @dev Whether the bond's round was rejected.
    """
    return bond & _WORD_64 < self._rounds[bond >> 128][(bond >> 64) & _WORD_64] >> 128


@internal
@view
def _is_won(bond: uint256) -> bool:
    """
    @dev Whether the root that the bond stood against became void, in the bond's round. A later attempt is only ever
         posted after that.
    """
    row: reward_roots.Row = reward_roots._row(bond >> 128)
    is_void: bool = row.attempt > (bond >> 64) & _WORD_64 or row.status == IRewardDistributor.RootStatus.VOID
    return is_void and not self._is_lost(bond)


@internal
def _take_won(challenger: address) -> uint256:
    """
    @dev Forgets the challenger's won and lost bonds, keeps the undecided ones. Returns how many were won.
    """
    won: uint256 = 0
    open: DynArray[uint256, MAX_BONDS] = []
    for bond: uint256 in self._bonds[challenger]:
        if self._is_won(bond):
            won += 1
        elif not self._is_lost(bond):
            open.append(bond)
    self._bonds[challenger] = open
    return won
