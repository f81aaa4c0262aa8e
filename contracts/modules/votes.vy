# pragma version ~=0.4.3
# pragma nonreentrancy on
"""
@title Votes: delegation and past voting power (ERC-5805) on the clock `mode=timestamp` (ERC-6372)
@license AGPL-3.0-only
@notice A stake votes only once its holder names a delegate, who may be the holder. Each delegate's power, and the
        total stake, have a history of checkpoints.
"""

from ..interfaces import IStakedOpen
from . import checkpoints as traces
from . import stakes
from snekmate.utils import ecdsa
from snekmate.utils import eip712_domain_separator

initializes: traces
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
    return traces._latest(convert(account, uint256))


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
    return traces._at(convert(account, uint256), timepoint)


@external
@view
def getPastTotalSupply(timepoint: uint256) -> uint256:
    """
    @notice All gOPEN, delegated or not, at the end of the second `timepoint`.
    @dev Reverts for the present and the future, so an answer never changes.
    @param timepoint Unix time in seconds, before now.
    @return Wei of gOPEN.
    """
    return traces._at(_TOTAL, timepoint)


@external
@view
def numCheckpoints(account: address) -> uint32:
    """
    @notice How often the votes of `account` changed, counting each second once.
    @dev At most one a second, so 32 bits last 136 years.
    @param account The delegate.
    @return The number of checkpoints.
    """
    return convert(traces._count(convert(account, uint256)), uint32)


@external
@view
def checkpoints(account: address, pos: uint32) -> IStakedOpen.Checkpoint208:
    """
    @notice One change of the votes of `account`.
    @dev Reverts beyond the newest. The newest may still change within its second; the others never do.
    @param account The delegate.
    @param pos From 0, the oldest.
    @return Unix time in seconds, and the votes from then on in wei of gOPEN.
    """
    timestamp: uint256 = 0
    votes_wei: uint256 = 0
    timestamp, votes_wei = traces._get(convert(account, uint256), convert(pos, uint256))
    return IStakedOpen.Checkpoint208(_key=convert(timestamp, uint48), _value=convert(votes_wei, uint208))


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
    return traces._latest(_TOTAL)


@internal
def _mint(account: address, amount_wei: uint256):
    """
    @dev Adds fresh gOPEN to the total and to the votes of the account's delegate.
    """
    traces._shift(_TOTAL, amount_wei, 0)
    delegatee: address = self.delegates[account]
    if delegatee != empty(address):
        self._change_votes(delegatee, amount_wei, 0)


@internal
def _burn(account: address, amount_wei: uint256):
    """
    @dev Takes gOPEN from the total and from the votes of the account's delegate.
    """
    traces._shift(_TOTAL, 0, amount_wei)
    delegatee: address = self.delegates[account]
    if delegatee != empty(address):
        self._change_votes(delegatee, 0, amount_wei)


@internal
def _delegate(account: address, delegatee: address):
    """
    @dev Moves the votes of the account's whole stake.
    """
    previous: address = self.delegates[account]
    self.delegates[account] = delegatee
    log IStakedOpen.DelegateChanged(delegator=account, fromDelegate=previous, toDelegate=delegatee)
    stake_wei: uint256 = stakes._stake_of(account)
    if previous == delegatee or stake_wei == 0:
        return
    if previous != empty(address):
        self._change_votes(previous, 0, stake_wei)
    if delegatee != empty(address):
        self._change_votes(delegatee, stake_wei, 0)


@internal
def _change_votes(account: address, added_wei: uint256, removed_wei: uint256):
    """
    @dev Records the new voting power of a delegate, never of the zero address, which stands for "nobody".
    """
    previous: uint256 = traces._shift(convert(account, uint256), added_wei, removed_wei)
    log IStakedOpen.DelegateVotesChanged(
        delegate=account, previousVotes=previous, newVotes=unsafe_sub(unsafe_add(previous, added_wei), removed_wei)
    )
