# pragma version ~=0.4.3
# pragma nonreentrancy on
"""
@title Votes: delegation and past voting power (ERC-5805) on the clock `mode=timestamp` (ERC-6372)
@license AGPL-3.0-only
@notice A stake votes only once its holder names a delegate, who may be the holder. Each delegate's power, and the
        total stake, have a history of checkpoints.
"""

from ..interfaces import IStakedOpen
from . import checkpoints
from . import stakes
from snekmate.utils import ecdsa
from snekmate.utils import eip712_domain_separator

initializes: checkpoints
uses: stakes
uses: eip712_domain_separator

_DELEGATION_TYPEHASH: constant(bytes32) = keccak256("Delegation(address delegatee,uint256 nonce,uint256 expiry)")
# traces are keyed by the account as a number; no account reaches the total's key
_TOTAL: constant(uint256) = 2**160

nonces: public(HashMap[address, uint256])
delegates: public(HashMap[address, address])


@external
def delegate(delegatee: address):
    """
    @notice Gives the votes of your stake, present and future, to `delegatee`; the zero address takes them back from
         all.
    @dev Moves your own votes only.
    @param delegatee Who votes for you; yourself to vote directly.
    """
    self._delegate(msg.sender, delegatee)


@external
def delegateBySig(delegatee: address, nonce: uint256, expiry: uint256, v: uint8, r: bytes32, s: bytes32):
    """
    @notice Delegates for the signer of an EIP-712 `Delegation`; anyone may send it.
    @dev The nonce is used once, the domain binds chain and contract, and ecdsa refuses malleable signatures.
    @param delegatee Who votes for the signer.
    @param nonce The signer's present nonce.
    @param expiry The last second, in Unix time, in which the signature counts.
    @param v The signature's recovery id, 27 or 28.
    @param r The signature's r.
    @param s The signature's s, in the lower half.
    """
    assert block.timestamp <= expiry, "votes: signature expired"
    struct_hash: bytes32 = keccak256(abi_encode(_DELEGATION_TYPEHASH, delegatee, nonce, expiry))
    digest: bytes32 = eip712_domain_separator._hash_typed_data_v4(struct_hash)
    signer: address = ecdsa._recover_vrs(
        digest, convert(v, uint256), convert(r, uint256), convert(s, uint256)
    )
    assert nonce == self.nonces[signer], "votes: nonce is not the next"
    self.nonces[signer] = nonce + 1
    self._delegate(signer, delegatee)


@external
@view
def getVotes(account: address) -> uint256:
    """
    @notice The votes of `account` now.
    @dev Not for counting votes: a stake made in this transaction already shows. Governance reads `getPastVotes`.
    @param account The delegate.
    @return Votes in wei of gOPEN.
    """
    return self._votes_of(account)


@external
@view
def getPastVotes(account: address, timepoint: uint256) -> uint256:
    """
    @notice The votes of `account` at the end of the second `timepoint`.
    @dev Reverts for the present and the future, so an answer never changes.
    @param account The delegate.
    @param timepoint Unix time in seconds, before now.
    @return Votes in wei of gOPEN.
    """
    return checkpoints._at(convert(account, uint256), timepoint)


@external
@view
def getPastTotalSupply(timepoint: uint256) -> uint256:
    """
    @notice All gOPEN, delegated or not, at the end of the second `timepoint`.
    @dev Reverts for the present and the future, so an answer never changes.
    @param timepoint Unix time in seconds, before now.
    @return Wei of gOPEN.
    """
    return checkpoints._at(_TOTAL, timepoint)


@external
@view
def clock() -> uint48:
    """
    @notice The time that votes are counted by (ERC-6372).
    @dev Block time, because block numbers run at different speeds on L2s.
    @return Unix time in seconds.
    """
    return convert(block.timestamp, uint48)


@external
@pure
def CLOCK_MODE() -> String[14]:
    """
    @notice What `clock` counts, for machines (ERC-6372).
    @dev A constant.
    @return `mode=timestamp`.
    """
    return "mode=timestamp"


@internal
@view
def _total() -> uint256:
    """
    @dev All gOPEN now, in wei.
    """
    return checkpoints._latest(_TOTAL)


@internal
@view
def _votes_of(account: address) -> uint256:
    """
    @dev The delegate's votes now, in wei.
    """
    return checkpoints._latest(convert(account, uint256))


@internal
def _mint(account: address, amount_wei: uint256):
    """
    @dev Adds fresh gOPEN to the total and to the votes of the account's delegate.
    """
    checkpoints._push(_TOTAL, self._total() + amount_wei)
    self._move(empty(address), self.delegates[account], amount_wei)


@internal
def _burn(account: address, amount_wei: uint256):
    """
    @dev Takes gOPEN from the total and from the votes of the account's delegate.
    """
    checkpoints._push(_TOTAL, self._total() - amount_wei)
    self._move(self.delegates[account], empty(address), amount_wei)


@internal
def _delegate(account: address, delegatee: address):
    """
    @dev Moves the votes of the account's whole stake.
    """
    previous: address = self.delegates[account]
    self.delegates[account] = delegatee
    log IStakedOpen.DelegateChanged(delegator=account, fromDelegate=previous, toDelegate=delegatee)
    self._move(previous, delegatee, stakes._stake_of(account))


@internal
def _move(source: address, destination: address, amount_wei: uint256):
    """
    @dev The zero address stands for "nobody": votes from it are new, votes to it vanish.
    """
    if source == destination or amount_wei == 0:
        return
    if source != empty(address):
        self._set_votes(source, self._votes_of(source) - amount_wei)
    if destination != empty(address):
        self._set_votes(destination, self._votes_of(destination) + amount_wei)


@internal
def _set_votes(account: address, votes_wei: uint256):
    """
    @dev Records the new voting power of a delegate.
    """
    previous: uint256 = self._votes_of(account)
    checkpoints._push(convert(account, uint256), votes_wei)
    log IStakedOpen.DelegateVotesChanged(delegate=account, previousVotes=previous, newVotes=votes_wei)
