# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Validators: OPEN staked for seats, from which committees are drawn by lot
@license AGPL-3.0-only
@notice A seat costs SEAT_WEI, is of one modality, and is drawn with the same chance as any other, so weight is stake.
        Seats that are given up are off the list at once; their stake comes back after a cooldown that outlasts the
        longest review.
@dev Powers: the owner (the timelock) names the court; the court takes stake, to itself, as penalties. Nobody else can
     move a validator's OPEN but he. Solvency: `OPEN balance >= stakes + what is leaving`. Amounts are counted, never
     read from the balance. The token is OPEN, which moves exactly the amount asked for and calls nobody back.
@custom:halt The owner names another court. Reviews that are under way at the old one then cannot be settled.
"""

from ethereum.ercs import IERC20
from snekmate.auth import ownable
from .interfaces import IValidatorPool
from .modules import seats
from .modules import validator_stakes

implements: IValidatorPool
initializes: ownable
initializes: seats
initializes: validator_stakes

# Left out on purpose: `renounce_ownership`; a court that turns out wrong must be replaceable.
exports: (ownable.owner, ownable.transfer_ownership)

MAX_SEATS_PER_CALL: constant(uint256) = 32
MAX_COOLDOWN_SECONDS: public(constant(uint256)) = 365 * 86_400

OPEN_TOKEN: public(immutable(address))
SEAT_WEI: public(immutable(uint256))
LEAVE_COOLDOWN_SECONDS: public(immutable(uint256))

court: public(address)


@deploy
def __init__(open_token: address, seat_wei: uint256, leave_cooldown_seconds: uint256, owner: address):
    """
    @notice Binds the pool to its token, the price of a seat and the cooldown for ever.
    @dev The court checks, when it is deployed, that the cooldown outlasts its longest review.
    @param open_token The OPEN token.
    @param seat_wei Wei of OPEN that back one seat, more than 0.
    @param leave_cooldown_seconds From giving up a seat until its stake can be withdrawn, 1 second to 365 days.
    @param owner Who names the court: the timelock, after the deployment.
    """
    assert empty(address) not in [open_token, owner], "validator_pool: zero address"
    assert seat_wei > 0, "validator_pool: seat costs nothing"
    assert leave_cooldown_seconds > 0, "validator_pool: cooldown is zero"
    assert leave_cooldown_seconds <= MAX_COOLDOWN_SECONDS, "validator_pool: cooldown too long"
    OPEN_TOKEN = open_token
    SEAT_WEI = seat_wei
    LEAVE_COOLDOWN_SECONDS = leave_cooldown_seconds
    ownable.__init__()
    ownable._transfer_ownership(owner)


# the owner
@external
def set_court(court: address):
    """
    @notice Names the contract that may take penalties from stakes.
    @dev The timelock's delay shows validators a new court before it rules, though their stake leaves more slowly.
    @param court The court, not the zero address.
    """
    ownable._check_owner()
    assert court != empty(address), "validator_pool: court is the zero address"
    self.court = court
    log IValidatorPool.CourtSet(court=court)


# validators
@external
def join(modality: uint256, seat_count: uint256) -> uint256:
    """
    @notice Takes seats for your OPEN, SEAT_WEI each; approve this contract first.
    @dev A committee is drawn from those who joined before its draw block, so nobody joins for a known draw.
    @param modality 1 text, 2 image, 4 audio.
    @param seat_count 1 to 32.
    @return The id of the first seat; the others follow.
    """
    assert modality in [1, 2, 4], "validator_pool: unknown modality"
    assert seat_count > 0, "validator_pool: no seat"
    assert seat_count <= MAX_SEATS_PER_CALL, "validator_pool: too many seats in one call"
    amount_wei: uint256 = seat_count * SEAT_WEI
    first_seat_id: uint256 = seats._add(msg.sender, modality, seat_count)
    validator_stakes._add(msg.sender, seat_count, amount_wei)
    log IValidatorPool.Joined(
        validator=msg.sender,
        modality=modality,
        first_seat_id=first_seat_id,
        seat_count=seat_count,
        amount_wei=amount_wei,
    )
    self._pull(amount_wei)
    return first_seat_id


@external
def leave(seat_ids: DynArray[uint256, MAX_SEATS_PER_CALL]):
    """
    @notice Gives up seats for good. They are drawn no more; the stake that your other seats do not need can be
         withdrawn after the cooldown, which starts anew for all that is leaving.
    @dev Votes that were drawn before still have to be given: penalties reach stake that is leaving, too.
    @param seat_ids Your seats, 1 to 32 of them.
    """
    assert len(seat_ids) > 0, "validator_pool: no seat named"
    for seat_id: uint256 in seat_ids:
        assert seats._validator_of(seat_id) == msg.sender, "validator_pool: not your seat"
        seats._remove(seat_id)
    amount_wei: uint256 = 0
    ready_at: uint256 = 0
    amount_wei, ready_at = validator_stakes._give_up(msg.sender, len(seat_ids), SEAT_WEI, LEAVE_COOLDOWN_SECONDS)
    log IValidatorPool.Left(validator=msg.sender, seat_ids=seat_ids, amount_wei=amount_wei, ready_at=ready_at)


@external
def withdraw() -> uint256:
    """
    @notice Pays the stake of seats that you gave up, once the cooldown is over.
    @dev Forgotten before the transfer.
    @return Wei of OPEN paid.
    """
    amount_wei: uint256 = validator_stakes._take_leaving(msg.sender)
    log IValidatorPool.StakeWithdrawn(validator=msg.sender, amount_wei=amount_wei)
    self._pay(msg.sender, amount_wei)
    return amount_wei


@external
def top_up(amount_wei: uint256):
    """
    @notice Adds to your stake what penalties took, so that nobody evicts you; approve this contract first.
    @dev Gives no seat, and comes back only with a seat that you give up.
    @param amount_wei Wei of OPEN, more than 0.
    """
    assert amount_wei > 0, "validator_pool: amount is zero"
    assert validator_stakes._load(msg.sender).seats > 0, "validator_pool: sender has no seat"
    validator_stakes._add(msg.sender, 0, amount_wei)
    log IValidatorPool.StakeAdded(validator=msg.sender, amount_wei=amount_wei)
    self._pull(amount_wei)


# the court
@external
def penalize(validator: address, amount_wei: uint256) -> uint256:
    """
    @notice Moves a penalty from a validator's stake to the court, as much of it as there is.
    @dev Only the court. Reaches what is leaving, so that nobody outruns a penalty within the cooldown.
    @param validator Who pays.
    @param amount_wei Wei of OPEN.
    @return Wei of OPEN that were there to take.
    """
    assert msg.sender == self.court, "validator_pool: sender is not the court"
    taken_wei: uint256 = validator_stakes._take(validator, amount_wei)
    if taken_wei > 0:
        log IValidatorPool.StakePenalized(validator=validator, amount_wei=taken_wei)
        self._pay(msg.sender, taken_wei)
    return taken_wei


# anyone
@external
def evict(seat_id: uint256):
    """
    @notice Takes a seat off the list whose validator's stake covers less than half of his seats.
    @dev One seat a call, and only as many as bring him back to half; his stake stays his and leaves as if he left.
    @param seat_id A seat of that validator.
    """
    validator: address = seats._validator_of(seat_id)
    account: validator_stakes.Account = validator_stakes._load(validator)
    assert 2 * account.stake_wei < account.seats * SEAT_WEI, "validator_pool: stake covers the seats"
    seats._remove(seat_id)
    amount_wei: uint256 = 0
    ready_at: uint256 = 0
    amount_wei, ready_at = validator_stakes._give_up(validator, 1, SEAT_WEI, LEAVE_COOLDOWN_SECONDS)
    log IValidatorPool.Evicted(validator=validator, seat_id=seat_id, amount_wei=amount_wei, ready_at=ready_at)


@external
@view
def draw(
    modality: uint256, seed: bytes32, count: uint256, joined_before: uint256
) -> DynArray[uint256, seats.MAX_DRAWN]:
    """
    @notice Draws seats by lot, with replacement: every seat that joined before the given block is equally likely.
    @dev Depends on nothing but the arguments and the list; the seats module says what leaving and joining can move.
    @param modality 1 text, 2 image, 4 audio.
    @param seed What nobody could know when the draw was fixed.
    @param count Seats to draw, at most 41.
    @param joined_before Block number; seats that joined in it or later are passed over.
    @return Seat ids; 0 where the lot found no seat that is old enough.
    """
    assert count <= seats.MAX_DRAWN, "validator_pool: committee too large"
    return seats._draw(modality, seed, count, joined_before)


@external
@view
def validator_of(seat_id: uint256) -> address:
    """
    @notice Who has or had a seat.
    @dev Seats never change hands.
    @param seat_id The seat.
    @return The validator, zero for an id that was never given.
    """
    return seats._validator_of(seat_id)


@external
@view
def validators_of(seat_ids: DynArray[uint256, seats.MAX_DRAWN]) -> DynArray[address, seats.MAX_DRAWN]:
    """
    @notice Who has or had each of some seats.
    @dev One call for a whole committee.
    @param seat_ids At most 41 seats; 0 for none.
    @return A validator for each, zero for an id that was never given.
    """
    validators: DynArray[address, seats.MAX_DRAWN] = []
    for seat_id: uint256 in seat_ids:
        validators.append(seats._validator_of(seat_id))
    return validators


@external
@view
def is_seated(seat_id: uint256) -> bool:
    """
    @notice Whether a seat can be drawn.
    @dev False for good once it was given up or evicted.
    @param seat_id The seat.
    @return True while it is on its modality's list.
    """
    return seats._is_seated(seat_id)


@external
@view
def seat_count(modality: uint256) -> uint256:
    """
    @notice How many seats of a modality can be drawn.
    @dev 0 for a modality that does not exist.
    @param modality 1 text, 2 image, 4 audio.
    @return Seats.
    """
    return seats._counts[modality]


@external
@view
def seats_of(validator: address) -> uint256:
    """
    @notice How many seats a validator has, of all modalities.
    @dev Which ones stands in the events.
    @param validator The validator.
    @return Seats.
    """
    return validator_stakes._load(validator).seats


@external
@view
def stake_of(validator: address) -> uint256:
    """
    @notice What backs a validator's seats.
    @dev Without what is leaving.
    @param validator The validator.
    @return Wei of OPEN.
    """
    return validator_stakes._load(validator).stake_wei


@external
@view
def leaving_of(validator: address) -> (uint256, uint256):
    """
    @notice What a validator has let go, and when he can withdraw it.
    @dev Penalties can still take from it.
    @param validator The validator.
    @return Wei of OPEN, and Unix time in seconds; 0 wei where nothing is leaving.
    """
    account: validator_stakes.Account = validator_stakes._load(validator)
    return account.leaving_wei, account.ready_at


@internal
def _pull(amount_wei: uint256):
    """
    @dev Takes OPEN from the sender, last thing in every caller.
    """
    assert extcall IERC20(OPEN_TOKEN).transferFrom(msg.sender, self, amount_wei), "validator_pool: pull failed"


@internal
def _pay(account: address, amount_wei: uint256):
    """
    @dev Pays OPEN, last thing in every caller.
    """
    assert extcall IERC20(OPEN_TOKEN).transfer(account, amount_wei), "validator_pool: payment failed"
