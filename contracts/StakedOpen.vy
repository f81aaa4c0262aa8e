# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title gOPEN: OPEN staked one to one, with votes, an exit queue and a share of the fees
@license AGPL-3.0-only
@notice Stake OPEN to govern and to earn the stakers' share of every fee. gOPEN cannot be transferred. Leaving takes
        the exit cooldown: votes and earnings end at once, the OPEN comes back after it. The cooldown outlasts a vote,
        so that nobody votes and is gone before the outcome, and no flash loan can stake.
@dev Powers: nobody has any. No owner, no upgrade, no function that moves one account's OPEN to another. Solvency:
     `OPEN balance >= stakes + exits + rewards owed + rewards held`. Amounts are counted, never read from the balance,
     so OPEN sent here by a plain transfer changes nothing and is lost to its sender. The token is OPEN, which moves
     exactly the amount asked for and calls nobody back.
@custom:halt Nothing can be halted: to stop earning and voting, exit; to stop new rewards, governance changes the fee
     split.
"""

from ethereum.ercs import IERC165
from ethereum.ercs import IERC20
from .interfaces import IStakedOpen
from .modules import stakes
from .modules import votes
from snekmate.utils import eip712_domain_separator
from snekmate.utils.interfaces import IERC5267

implements: IERC165
implements: IERC5267
implements: IStakedOpen
initializes: eip712_domain_separator
initializes: stakes
initializes: votes[stakes := stakes, eip712_domain_separator := eip712_domain_separator]

exports: eip712_domain_separator.eip712Domain
exports: (
    votes.delegate,
    votes.delegateBySig,
    votes.delegates,
    votes.nonces,
    votes.getVotes,
    votes.getPastVotes,
    votes.getPastTotalSupply,
    votes.numCheckpoints,
    votes.checkpoints,
    votes.clock,
    votes.CLOCK_MODE,
)

name: public(constant(String[11])) = "Staked OPEN"
symbol: public(constant(String[5])) = "gOPEN"
decimals: public(constant(uint8)) = 18
MAX_COOLDOWN_SECONDS: public(constant(uint256)) = 365 * 86_400
_AMOUNT_MASK: constant(uint256) = 2**208 - 1
_PERMIT: constant(String[66]) = "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)"
_INTERFACE_IDS: constant(bytes4[4]) = [
    0x01ffc9a7,  # ERC-165
    0xe90fb3f6,  # ERC-5805's votes (OpenZeppelin's IVotes)
    0xda287a1d,  # ERC-6372
    0x84b0196e,  # EIP-5267
]

OPEN_TOKEN: public(immutable(address))
EXIT_COOLDOWN_SECONDS: public(immutable(uint256))

# ready_at (48 bits) | amount in wei (208 bits)
_exits: HashMap[address, uint256]


@deploy
def __init__(open_token: address, exit_cooldown_seconds: uint256):
    """
    @notice Binds gOPEN to its token for ever.
    @dev A cooldown of zero would let a flash loan stake, and one without a bound would keep the OPEN for ever.
    @param open_token The OPEN token.
    @param exit_cooldown_seconds From a request to leave until the OPEN can be taken, 1 second to 365 days.
    """
    assert open_token != empty(address), "staked_open: token is the zero address"
    assert 0 < exit_cooldown_seconds, "staked_open: cooldown is zero"
    assert exit_cooldown_seconds <= MAX_COOLDOWN_SECONDS, "staked_open: cooldown too long"
    OPEN_TOKEN = open_token
    EXIT_COOLDOWN_SECONDS = exit_cooldown_seconds
    eip712_domain_separator.__init__("OpenLedger StakedOpen", "1")


# stakers
@external
def stake(amount_wei: uint256):
    """
    @notice Stakes your OPEN and mints as much gOPEN; approve this contract first.
    @dev Effects before the transfer; if the transfer fails, everything is undone.
    @param amount_wei Wei of OPEN, more than 0.
    """
    self._stake(amount_wei)
    self._pull(amount_wei)


@external
def stake_with_permit(amount_wei: uint256, deadline: uint256, v: uint8, r: bytes32, s: bytes32):
    """
    @notice Stakes your OPEN as `stake` does, with a permit (EIP-2612) of `amount_wei` to this contract in place of an
         earlier approval.
    @dev Anyone who sees the permit can send it to the token first, and it counts only once: so its failure is no
         failure here. What counts is the allowance, which the transfer that follows needs.
    @param amount_wei Wei of OPEN, more than 0: the permit's value.
    @param deadline The permit's deadline, Unix time in seconds.
    @param v The permit's recovery id, 27 or 28.
    @param r The permit's r.
    @param s The permit's s, in the lower half.
    """
    self._stake(amount_wei)
    permit: Bytes[228] = abi_encode(
        msg.sender, self, amount_wei, deadline, v, r, s, method_id=method_id(_PERMIT)
    )
    _: bool = raw_call(OPEN_TOKEN, permit, revert_on_failure=False)
    self._pull(amount_wei)


@external
def request_exit(amount_wei: uint256):
    """
    @notice Burns your gOPEN, which ends its votes and earnings now, and queues the OPEN to be withdrawn after the
         cooldown.
    @dev A further request adds up with the first and starts the clock anew for both.
    @param amount_wei Wei of gOPEN, more than 0 and at most your stake.
    """
    assert amount_wei > 0, "staked_open: amount is zero"
    assert amount_wei <= stakes._stake_of(msg.sender), "staked_open: amount above stake"
    ready_at: uint256 = block.timestamp + EXIT_COOLDOWN_SECONDS
    queued_wei: uint256 = self._exits[msg.sender] & _AMOUNT_MASK
    self._exits[msg.sender] = ready_at << 208 | (queued_wei + amount_wei)
    self._burn(msg.sender, amount_wei)
    log IStakedOpen.ExitRequested(account=msg.sender, amount_wei=amount_wei, ready_at=ready_at)


@external
def cancel_exit():
    """
    @notice Stakes again all that you have queued to leave.
    @dev Earns from now on only; what was shared in between went to the others.
    """
    amount_wei: uint256 = self._take_exit()
    self._mint(msg.sender, amount_wei)
    log IStakedOpen.ExitCancelled(account=msg.sender, amount_wei=amount_wei)


@external
def withdraw() -> uint256:
    """
    @notice Pays your queued OPEN once its cooldown is over.
    @dev The queue is emptied before the transfer.
    @return Wei of OPEN paid.
    """
    assert block.timestamp >= self._exits[msg.sender] >> 208, "staked_open: cooldown not over"
    amount_wei: uint256 = self._take_exit()
    log IStakedOpen.Withdrawn(account=msg.sender, amount_wei=amount_wei)
    self._pay(amount_wei)
    return amount_wei


@external
def claim_reward() -> uint256:
    """
    @notice Pays the rewards you have earned; leaves your stake as it is. Pays nothing where nothing is earned.
    @dev Rounds down to whole wei; the fraction stays yours until the next claim.
    @return Wei of OPEN paid.
    """
    amount_wei: uint256 = stakes._take_reward(msg.sender)
    if amount_wei > 0:
        log IStakedOpen.RewardPaid(account=msg.sender, amount_wei=amount_wei)
        self._pay(amount_wei)
    return amount_wei


# anyone
@external
def add_reward(amount_wei: uint256):
    """
    @notice Shares your OPEN among all stakers by stake; approve this contract first.
    @dev Held while less than 1 OPEN is staked, and shared with the next reward that finds 1 OPEN or more; 0 is
         allowed and only shares what is held. See the stakes module for why that cannot be gamed.
    @param amount_wei Wei of OPEN.
    """
    stakes._add_reward(amount_wei, votes._total())
    log IStakedOpen.RewardAdded(payer=msg.sender, amount_wei=amount_wei)
    self._pull(amount_wei)


@external
@view
def earned(account: address) -> uint256:
    """
    @notice What `claim_reward` would pay now.
    @dev Never falls but by a claim.
    @param account The staker.
    @return Wei of OPEN, rounded down.
    """
    return stakes._owed_scaled(account) // stakes.SCALE


@external
@view
def held_reward() -> uint256:
    """
    @notice Rewards that wait for the next `add_reward`, because too little was staked or a division left them over.
    @dev Belongs to no account yet.
    @return Wei of OPEN, rounded down.
    """
    return stakes._held_scaled // stakes.SCALE


@external
@view
def exit_of(account: address) -> (uint256, uint256):
    """
    @notice What `account` has queued to leave, and when it can be withdrawn.
    @dev Both 0 where nothing is queued.
    @param account The staker.
    @return Wei of OPEN, and Unix time in seconds.
    """
    word: uint256 = self._exits[account]
    return word & _AMOUNT_MASK, word >> 208


@external
@view
def balanceOf(account: address) -> uint256:
    """
    @notice The gOPEN of `account`: its stake, without what is queued to leave.
    @dev ERC-20 name, for wallets; there is no transfer.
    @param account The staker.
    @return Wei of gOPEN.
    """
    return stakes._stake_of(account)


@external
@view
def totalSupply() -> uint256:
    """
    @notice All gOPEN: everything that is staked now.
    @dev ERC-20 name, for wallets.
    @return Wei of gOPEN.
    """
    return votes._total()


@external
@view
@reentrant
def supportsInterface(interface_id: bytes4) -> bool:
    """
    @notice Whether this contract has an interface (ERC-165).
    @dev A constant answer. Not ERC-20's, for gOPEN cannot be transferred.
    @param interface_id The interface's id: its selectors, each a term of an exclusive or.
    @return True for ERC-165, OpenZeppelin's IVotes, ERC-6372 and EIP-5267.
    """
    return interface_id in _INTERFACE_IDS


@internal
def _stake(amount_wei: uint256):
    """
    @dev The effects of a stake; the caller then pulls the OPEN.
    """
    assert amount_wei > 0, "staked_open: amount is zero"
    self._mint(msg.sender, amount_wei)
    log IStakedOpen.Staked(account=msg.sender, amount_wei=amount_wei)


@internal
def _mint(account: address, amount_wei: uint256):
    """
    @dev Settles the account's earnings, then raises stake and votes.
    """
    stakes._change_stake(account, amount_wei, 0)
    votes._mint(account, amount_wei)
    log IStakedOpen.Transfer(sender=empty(address), receiver=account, amount=amount_wei)


@internal
def _burn(account: address, amount_wei: uint256):
    """
    @dev Settles the account's earnings, then lowers stake and votes.
    """
    stakes._change_stake(account, 0, amount_wei)
    votes._burn(account, amount_wei)
    log IStakedOpen.Transfer(sender=account, receiver=empty(address), amount=amount_wei)


@internal
def _take_exit() -> uint256:
    """
    @dev Empties the sender's place in the exit queue and returns its amount in wei.
    """
    amount_wei: uint256 = self._exits[msg.sender] & _AMOUNT_MASK
    assert amount_wei > 0, "staked_open: no exit queued"
    self._exits[msg.sender] = 0
    return amount_wei


@internal
def _pull(amount_wei: uint256):
    """
    @dev Takes OPEN from the sender, last thing in every caller.
    """
    assert extcall IERC20(OPEN_TOKEN).transferFrom(msg.sender, self, amount_wei), "staked_open: transfer failed"


@internal
def _pay(amount_wei: uint256):
    """
    @dev Pays OPEN to the sender, last thing in every caller.
    """
    assert extcall IERC20(OPEN_TOKEN).transfer(msg.sender, amount_wei), "staked_open: transfer failed"
