# pragma version ~=0.4.3
# pragma nonreentrancy on
"""
@title Claims: the last final root, what was paid from it, and to whom an account's pay goes
@license AGPL-3.0-only
"""

from ..interfaces import IRewardDistributor

struct Final:
    epoch: uint256
    leaf_count: uint256
    total_wei: uint256
    unclaimed_wei: uint256


_WORD_32: constant(uint256) = 2**32 - 1
_WORD_96: constant(uint256) = 2**96 - 1

_root: bytes32
# epoch (32 bits) | leaf_count - 1 (32) | total_wei (96) | unclaimed_wei (96): one slot for a claim to read and write
_final: uint256
# recovery address (160 bits) | claimed wei (96): as one word, a recovery address costs a claim nothing
_accounts: HashMap[address, uint256]


# contributors
@external
def set_recovery(recipient: address):
    """
    @notice Names the account that your claims are paid to from now on: set one in time, and rewards outlive a lost key.
    @dev Only the account itself, for itself; who claims has no say in it.
    @param recipient The recovery address; zero has claims paid to you again.
    """
    word: uint256 = self._accounts[msg.sender]
    self._accounts[msg.sender] = convert(recipient, uint256) << 96 | word & _WORD_96
    log IRewardDistributor.RecoverySet(account=msg.sender, recipient=recipient)


@view
@external
def claimed(account: address) -> uint256:
    """
    @notice What an account was paid so far.
    @param account The account.
    @return Wei of OPEN, cumulative.
    """
    return self._accounts[account] & _WORD_96


@view
@external
def recovery(account: address) -> address:
    """
    @notice The account that another's claims are paid to.
    @param account The account.
    @return Zero where it named none: then its claims are paid to itself.
    """
    return self._recovery(self._accounts[account])


@internal
@view
def _unclaimed() -> uint256:
    """
    @dev What the last final root gives and nobody has claimed.
    """
    return self._final & _WORD_96


@internal
@view
def _load() -> Final:
    """
    @dev The last final root, unpacked.
    """
    word: uint256 = self._final
    return Final(
        epoch=word >> 224,
        leaf_count=((word >> 192) & _WORD_32) + 1,
        total_wei=(word >> 96) & _WORD_96,
        unclaimed_wei=word & _WORD_96,
    )


@internal
def _store(final: Final):
    """
    @dev Packs the last final root into one slot.
    """
    self._final = final.epoch << 224 | (final.leaf_count - 1) << 192 | final.total_wei << 96 | final.unclaimed_wei


@internal
def _take(account: address, cumulative_wei: uint256) -> (uint256, address):
    """
    @dev Records a claim whose leaf the caller has verified, and returns what to pay to whom; nothing where the account
         has had it all. Claims together never pass the root's total, even if a false root moved amounts from accounts
         that have claimed to others.
    """
    word: uint256 = self._accounts[account]
    claimed_wei: uint256 = word & _WORD_96
    recipient: address = self._recovery(word)
    if recipient == empty(address):
        recipient = account
    if cumulative_wei <= claimed_wei:
        return 0, recipient
    amount_wei: uint256 = unsafe_sub(cumulative_wei, claimed_wei)
    final: uint256 = self._final
    assert amount_wei <= final & _WORD_96, "distributor: claims above total"
    # neither line reaches the fields above its own: a leaf's amount is below 2^96, and what is unclaimed is enough
    self._accounts[account] = unsafe_add(word, amount_wei)
    self._final = unsafe_sub(final, amount_wei)
    return amount_wei, recipient


@internal
@pure
def _recovery(word: uint256) -> address:
    """
    @dev The recovery address in an account's word.
    """
    return convert(word >> 96, address)
