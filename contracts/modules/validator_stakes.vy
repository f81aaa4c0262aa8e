# pragma version ~=0.4.3
"""
@title Validator stakes: what backs each validator's seats, and what waits for its cooldown
@license AGPL-3.0-only
@notice Stake backs seats. What exceeds the seats that a validator keeps when he gives some up starts to leave, and can
        be withdrawn after the cooldown. Penalties take from both, so that nobody escapes one by leaving.
"""

struct Account:
    stake_wei: uint256
    leaving_wei: uint256
    ready_at: uint256
    seats: uint256


_MASK_24: constant(uint256) = 2**24 - 1
_MASK_40: constant(uint256) = 2**40 - 1
# 10^27 wei of OPEN exist, fewer than 2^90
_MASK_96: constant(uint256) = 2**96 - 1

# seats (24 bits) | ready_at (40) | leaving, wei (96) | stake, wei (96)
_accounts: HashMap[address, uint256]


@internal
@view
def _load(validator: address) -> Account:
    """
    @dev A validator's row, unpacked.
    """
    word: uint256 = self._accounts[validator]
    return Account(
        stake_wei=word & _MASK_96,
        leaving_wei=(word >> 96) & _MASK_96,
        ready_at=(word >> 192) & _MASK_40,
        seats=word >> 232,
    )


@internal
def _store(validator: address, account: Account):
    """
    @dev Packs a validator's row into one slot.
    """
    assert account.stake_wei + account.leaving_wei <= _MASK_96, "validator_stakes: stake too large"
    assert account.seats <= _MASK_24, "validator_stakes: too many seats"
    self._accounts[validator] = (
        account.seats << 232 | account.ready_at << 192 | account.leaving_wei << 96 | account.stake_wei
    )


@internal
def _add(validator: address, seats: uint256, amount_wei: uint256):
    """
    @dev Adds seats and the stake that comes with them.
    """
    account: Account = self._load(validator)
    account.seats += seats
    account.stake_wei += amount_wei
    self._store(validator, account)


@internal
def _give_up(validator: address, seats: uint256, seat_wei: uint256, cooldown_seconds: uint256) -> (uint256, uint256):
    """
    @dev Takes seats off, and lets go of the stake above what the others need; the cooldown starts anew for all that
         leaves. Returns what this lets go, and when it is ready.
    """
    account: Account = self._load(validator)
    account.seats -= seats
    freed_wei: uint256 = account.stake_wei - min(account.stake_wei, account.seats * seat_wei)
    if freed_wei > 0:
        account.stake_wei -= freed_wei
        account.leaving_wei += freed_wei
        account.ready_at = block.timestamp + cooldown_seconds
    self._store(validator, account)
    return freed_wei, account.ready_at


@internal
def _take_leaving(validator: address) -> uint256:
    """
    @dev Empties what has left, once the cooldown is over. Returns it in wei.
    """
    account: Account = self._load(validator)
    assert account.leaving_wei > 0, "validator_stakes: nothing is leaving"
    assert block.timestamp >= account.ready_at, "validator_stakes: cooldown not over"
    amount_wei: uint256 = account.leaving_wei
    account.leaving_wei = 0
    account.ready_at = 0
    self._store(validator, account)
    return amount_wei


@internal
def _take(validator: address, amount_wei: uint256) -> uint256:
    """
    @dev Takes up to `amount_wei`, from the stake first, then from what is leaving. Returns what was there to take.
    """
    account: Account = self._load(validator)
    from_stake_wei: uint256 = min(amount_wei, account.stake_wei)
    from_leaving_wei: uint256 = min(amount_wei - from_stake_wei, account.leaving_wei)
    account.stake_wei -= from_stake_wei
    account.leaving_wei -= from_leaving_wei
    self._store(validator, account)
    return from_stake_wei + from_leaving_wei
