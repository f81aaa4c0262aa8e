# pragma version ~=0.4.3
# pragma nonreentrancy on
"""
@title Deposits: the OPEN that payers' vouchers draw on, and how payers take it back
@license AGPL-3.0-only
"""

from ..interfaces import IInferencePayments
from ethereum.ercs import IERC20

struct Account:
    balance_wei: uint256
    pending_wei: uint256
    ready_at: uint256


MAX_WITHDRAWAL_DELAY_SECONDS: constant(uint256) = 30 * 86_400
# 10^27 wei of OPEN exist, fewer than 2^90
_WORD_96: constant(uint256) = 2**96 - 1

OPEN_TOKEN: public(immutable(address))
WITHDRAWAL_DELAY_SECONDS: public(immutable(uint256))

# ready_at (64 bits) | pending_wei (96) | balance_wei (96)
_accounts: HashMap[address, uint256]


@deploy
def __init__(open_token: address, withdrawal_delay_seconds: uint256):
    """
    @dev Operators have the delay, at most 30 days, to redeem what was due before a payer leaves.
    """
    assert open_token != empty(address), "payments: token is the zero address"
    assert withdrawal_delay_seconds <= MAX_WITHDRAWAL_DELAY_SECONDS, "payments: delay too long"
    OPEN_TOKEN = open_token
    WITHDRAWAL_DELAY_SECONDS = withdrawal_delay_seconds


# payers
@external
def deposit(payer: address, amount_wei: uint256):
    """
    @notice Adds your OPEN to the balance that `payer`'s vouchers draw on; approve this contract first.
    @dev The payer alone can withdraw it. Credited before the transfer; if that fails, everything is undone.
    @param payer Whose balance grows: yourself, or an account you pay for.
    @param amount_wei Wei of OPEN, more than 0.
    """
    assert payer != empty(address), "payments: payer is the zero address"
    assert amount_wei > 0, "payments: amount is zero"
    account: Account = self._load(payer)
    account.balance_wei += amount_wei
    self._store(payer, account)
    log IInferencePayments.Deposited(payer=payer, sender=msg.sender, amount_wei=amount_wei)
    assert extcall IERC20(OPEN_TOKEN).transferFrom(msg.sender, self, amount_wei), "payments: deposit not received"


@external
def request_withdrawal(amount_wei: uint256):
    """
    @notice Asks to take out part of your balance after the delay. Replaces an earlier request; 0 cancels it.
    @dev The amount still backs vouchers until it is taken, so that nobody can be served and leave without paying.
    @param amount_wei Wei of OPEN, at most your balance.
    """
    account: Account = self._load(msg.sender)
    assert amount_wei <= account.balance_wei, "payments: amount above balance"
    account.pending_wei = amount_wei
    account.ready_at = block.timestamp + WITHDRAWAL_DELAY_SECONDS if amount_wei > 0 else 0
    self._store(msg.sender, account)
    log IInferencePayments.WithdrawalRequested(
        payer=msg.sender, amount_wei=amount_wei, ready_at=account.ready_at
    )


@external
def withdraw() -> uint256:
    """
    @notice Pays what you asked to withdraw, once the delay is over, or what vouchers have left of it.
    @dev The request is cleared and the balance lowered before the transfer.
    @return Wei of OPEN paid.
    """
    account: Account = self._load(msg.sender)
    assert account.pending_wei > 0, "payments: no withdrawal requested"
    assert block.timestamp >= account.ready_at, "payments: withdrawal not ready"
    amount_wei: uint256 = min(account.pending_wei, account.balance_wei)
    self._store(msg.sender, Account(balance_wei=account.balance_wei - amount_wei, pending_wei=0, ready_at=0))
    log IInferencePayments.Withdrawn(payer=msg.sender, amount_wei=amount_wei)
    assert extcall IERC20(OPEN_TOKEN).transfer(msg.sender, amount_wei), "payments: withdrawal not paid"
    return amount_wei


# anyone
@view
@external
def balance_of(payer: address) -> uint256:
    """
    @notice Everything that a payer's vouchers can draw on.
    @param payer The payer.
    @return Wei of OPEN, a pending withdrawal included.
    """
    return self._load(payer).balance_wei


@view
@external
def withdrawal_of(payer: address) -> (uint256, uint256):
    """
    @notice A payer's pending withdrawal.
    @param payer The payer.
    @return Wei of OPEN asked for, and the block time from which it can be taken; zeros without a request.
    """
    account: Account = self._load(payer)
    return account.pending_wei, account.ready_at


@view
@external
def available(payer: address) -> uint256:
    """
    @notice What an operator can count on: the balance without the pending withdrawal.
    @param payer The payer.
    @return Wei of OPEN.
    """
    account: Account = self._load(payer)
    return account.balance_wei - min(account.pending_wei, account.balance_wei)


@internal
def _charge(payer: address, amount_wei: uint256):
    """
    @dev Lowers a payer's balance, pending withdrawal or not. The caller has checked that the payer owes it.
    """
    word: uint256 = self._accounts[payer]
    assert amount_wei <= word & _WORD_96, "payments: due above deposit"
    # the balance is the lowest field, and what is taken from it is no more: nothing is borrowed from the next field
    self._accounts[payer] = unsafe_sub(word, amount_wei)


@internal
@view
def _load(payer: address) -> Account:
    """
    @dev A payer's row, unpacked.
    """
    word: uint256 = self._accounts[payer]
    return Account(balance_wei=word & _WORD_96, pending_wei=(word >> 96) & _WORD_96, ready_at=word >> 192)


@internal
def _store(payer: address, account: Account):
    """
    @dev Packs a payer's row into one slot; the pending amount was at most the balance when it was asked for.
    """
    assert account.balance_wei <= _WORD_96, "payments: balance too large"
    self._accounts[payer] = account.ready_at << 192 | account.pending_wei << 96 | account.balance_wei
