# pragma version ~=0.4.3
"""
@title Stakes: who staked how much, and what each staker earned
@license AGPL-3.0-only
@notice Rewards are shared by stake through an index, the reward per staked wei since the start. Everything is kept in
        units of `1 / SCALE` wei and divided only when it is paid, so that nothing is lost: `sum(owed) + held ==
        (added - paid) * SCALE` holds exactly, and splitting a stake over accounts gains nothing. Rewards that cannot
        be shared yet, because less than `MINIMUM_STAKED` is staked, are held, as is the remainder of each division;
        the next reward that finds enough stake shares them too. Nobody can take what is held with borrowed money, for
        a stake comes back only after the exit cooldown, and nobody can take it for a dust stake: whoever has staked
        when it is shared gets it by stake.
@dev An account is one word: its stake, and the debt `stake * index - owed`, which changes only with the stake and with
     a payment. The debt is kept modulo 2**160. That loses nothing: what is owed, `stake * index - debt` in the same
     modulus, is at most all OPEN, 1e27 wei * SCALE < 2**150. A second word for the index at the last change would cost
     2,100 gas at each stake and 20,000 at the first.
"""

SCALE: constant(uint256) = 10**18
MINIMUM_STAKED: constant(uint256) = 10**18
MAX_STAKE: constant(uint256) = 2**96 - 1
_DEBT_MASK: constant(uint256) = 2**160 - 1

# stake (96 bits) | debt, scaled (160 bits); in the modulus of the debt the stake above it vanishes
_accounts: HashMap[address, uint256]
_index: uint256
_held_scaled: uint256


@internal
@view
def _stake_of(account: address) -> uint256:
    """
    @dev The account's stake in wei.
    """
    return self._accounts[account] >> 160


@internal
@view
def _owed_scaled(account: address) -> uint256:
    """
    @dev What the account earned and was not paid, in 1 / SCALE wei.
    """
    word: uint256 = self._accounts[account]
    return unsafe_sub(unsafe_mul(word >> 160, self._index), word) & _DEBT_MASK


@internal
def _change_stake(account: address, added_wei: uint256, removed_wei: uint256):
    """
    @dev Raises the stake by `added_wei` and lowers it by `removed_wei`, and leaves what is owed as it is.
    """
    word: uint256 = self._accounts[account]
    stake_wei: uint256 = (word >> 160) + added_wei - removed_wei
    assert stake_wei <= MAX_STAKE, "stakes: stake too large"
    debt: uint256 = unsafe_add(word, unsafe_mul(unsafe_sub(added_wei, removed_wei), self._index)) & _DEBT_MASK
    self._accounts[account] = stake_wei << 160 | debt


@internal
def _add_reward(amount_wei: uint256, staked_wei: uint256):
    """
    @dev Shares the amount, and what was held, over `staked_wei`; the remainder of the division is held.
    """
    pool: uint256 = self._held_scaled + amount_wei * SCALE
    if staked_wei >= MINIMUM_STAKED:
        self._index += pool // staked_wei
        pool %= staked_wei
    self._held_scaled = pool


@internal
def _take_reward(account: address) -> uint256:
    """
    @dev Returns the whole wei that the account is owed, and counts them as paid; the fraction stays owed.
    """
    paid_wei: uint256 = self._owed_scaled(account) // SCALE
    word: uint256 = self._accounts[account]
    self._accounts[account] = (word >> 160) << 160 | (unsafe_add(word, paid_wei * SCALE) & _DEBT_MASK)
    return paid_wei
