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
"""

SCALE: constant(uint256) = 10**18
MINIMUM_STAKED: constant(uint256) = 10**18
MAX_STAKE: constant(uint256) = 2**96 - 1
# one account is owed at most all OPEN: 1e27 wei * SCALE < 2**150
_OWED_MASK: constant(uint256) = 2**160 - 1

# stake (96 bits) | owed, scaled (160 bits)
_accounts: HashMap[address, uint256]
# the index up to which the account's owed amount is settled
_settled_index: HashMap[address, uint256]
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
    return (word & _OWED_MASK) + (word >> 160) * (self._index - self._settled_index[account])


@internal
def _set_stake(account: address, amount_wei: uint256):
    """
    @dev Settles what the old stake earned, then replaces the stake.
    """
    assert amount_wei <= MAX_STAKE, "stakes: stake too large"
    owed: uint256 = self._owed_scaled(account)
    assert owed <= _OWED_MASK, "stakes: owed too large"
    self._accounts[account] = amount_wei << 160 | owed
    self._settled_index[account] = self._index


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
    @dev Settles the account and returns the whole wei it is owed; the fraction stays owed.
    """
    owed: uint256 = self._owed_scaled(account)
    self._accounts[account] = self._stake_of(account) << 160 | owed % SCALE
    self._settled_index[account] = self._index
    return owed // SCALE
