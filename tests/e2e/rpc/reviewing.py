"""Reviews: validators take seats, committees are drawn by lot, vote in secret, reveal, and are paid or fined."""

from collections.abc import Callable
from hashlib import sha256
from typing import Any

from eth_abi import encode
from eth_utils.crypto import keccak

from tests.e2e.rpc.contributing import ACCEPTED, BUDGET_WEI, COMMITTEE_SIZE, FEE_WEI, REWARD_WEI, TEXT
from tests.e2e.rpc.node import Receipt
from tests.e2e.rpc.stage import Stage

SEATS_EACH = 3
OPENED, VOTING, TALLIED, PROVISIONAL, SETTLED = 1, 2, 4, 8, 16
REJECTED = 4
LOSS_FACTOR = 5
SCORE = 80
LOW_QUALITY, SPAM = 5, 8
# a batch of votes in one call
MAX_VOTES = 32

Vote = tuple[bool, int, int]  # is accepted, score, reason
ACCEPT: Vote = (True, SCORE, 0)


def join_as_validators(stage: Stage) -> None:
    """Validators stake for seats."""
    pool = stage["ValidatorPool"]
    stake_wei = SEATS_EACH * pool.read("SEAT_WEI")
    for validator in stage.validators:
        stage.approve(validator, "ValidatorPool", stake_wei)
        receipt = pool.send(validator, "join", TEXT, SEATS_EACH)
        assert pool.event("Joined", receipt)["amount_wei"] == stake_wei
        assert pool.read("stake_of", validator.address) == stake_wei
    assert pool.read("seat_count", TEXT) == SEATS_EACH * len(stage.validators)


def open_rounds(stage: Stage) -> None:
    """Anyone opens the reviews, which reserves what their committees may earn."""
    court = stage["ReviewCourt"]
    receipt = court.send(stage.auditor, "open_rounds", _ids(stage))
    assert len(court.events("RoundOpened", receipt)) == len(_ids(stage))
    reserved_wei = len(_ids(stage)) * COMMITTEE_SIZE * (FEE_WEI + REWARD_WEI)
    assert court.read("budget", stage.datanet_id) == BUDGET_WEI - reserved_wei


def draw_committees(stage: Stage) -> None:
    """The hash of a block that was fixed before draws them."""
    court = stage["ReviewCourt"]
    for drawn in _draw(stage, _ids(stage)):
        assert (drawn["level"], len(drawn["seats"])) == (0, COMMITTEE_SIZE)
        assert set(drawn["validators"]) <= {each.address.lower() for each in stage.validators}
        assert court.read("committee", drawn["contribution_id"], 0) == (drawn["seats"], drawn["validators"])


def commit_and_reveal_votes(stage: Stage) -> None:
    """The first committees vote; all of them mistake one good file for a poor one."""
    court = stage["ReviewCourt"]
    votes = _opinions(stage) | {_id(stage, "misjudged"): (False, 0, LOW_QUALITY)}
    _vote(stage, votes)
    for contribution_id in _ids(stage):
        row = court.read("round", contribution_id)
        assert row["committed"] == row["revealed"] == row["size"] == COMMITTEE_SIZE


def tally(stage: Stage) -> None:
    """Anyone counts."""
    tallied = _tally(stage, _ids(stage))
    assert {row["contribution_id"]: row["is_accepted"] for row in tallied} == {
        each.contribution_id: role in ("good", "late") for role, each in stage.contributions.items()
    }


def appeal(stage: Stage) -> None:
    """The contributor of the file that was misjudged asks a larger committee, for a bond and its fees."""
    court, contribution = stage["ReviewCourt"], stage.contributions["misjudged"]
    cost = bond_wei, fees_wei = court.read("appeal_cost", contribution.contribution_id)
    assert fees_wei == 3 * COMMITTEE_SIZE * (FEE_WEI + REWARD_WEI)
    before_wei = stage.balance(contribution.contributor)
    stage.approve(contribution.contributor, "ReviewCourt", sum(cost))
    reason = sha256(b"nobody has read the second line").digest()
    receipt = court.send(contribution.contributor, "appeal", contribution.contribution_id, reason)
    appealed = court.event("Appealed", receipt)
    assert (appealed["level"], appealed["bond_wei"], appealed["fees_wei"]) == (1, bond_wei, fees_wei)
    assert stage.balance(contribution.contributor) == before_wei - bond_wei - fees_wei


def decide_again(stage: Stage) -> None:
    """The larger committee votes on the appeal, and others on what the lot has chosen for an audit."""
    court = stage["ReviewCourt"]
    open_ids = set(_ids(stage))
    while open_ids:
        phases = {each: court.read("round", each)["phase"] for each in sorted(open_ids)}
        if opened := [each for each, phase in phases.items() if phase == OPENED]:
            _draw(stage, opened)
            opinions = _opinions(stage)
            _vote(stage, {each: opinions[each] for each in opened})
            _tally(stage, opened)
        if tallied := [each for each, phase in phases.items() if phase == TALLIED]:
            stage.node.mine()
            receipt = court.send(stage.auditor, "audit", tallied)
            assert len(court.events("AuditDecided", receipt)) == len(tallied)
        open_ids -= {each for each, phase in phases.items() if phase == PROVISIONAL}
    row = court.read("round", _id(stage, "misjudged"))
    assert (row["level"], row["size"], row["is_accepted"], row["score"]) == (1, 3 * COMMITTEE_SIZE, True, SCORE)


def settle(stage: Stage) -> None:
    """When nobody can appeal any more, seats are paid and fined, and the registry is told."""
    court, registry, pool = stage["ReviewCourt"], stage["DatanetRegistry"], stage["ValidatorPool"]
    ids = _ids(stage)
    stakes_wei = sum(pool.read("stake_of", each.address) for each in stage.validators)
    treasury_wei = stage.balance(stage["Timelock"])
    stage.node.wait(court.read("APPEAL_SECONDS"))
    hashes = [each.canonical_hash for each in stage.contributions.values()]
    receipt = court.send(stage.auditor, "settle", ids, hashes)
    assert len(court.events("Settled", receipt)) == len(ids)
    for role, each in stage.contributions.items():
        row = registry.read("contribution", each.contribution_id)
        wanted = (REJECTED, 0) if role == "spam" else (ACCEPTED, SCORE)
        assert (row["status"], row["score"]) == wanted
    _check_pay(stage, receipt)
    assert sum(pool.read("stake_of", each.address) for each in stage.validators) < stakes_wei
    lost = registry.event("DepositLost", receipt)
    assert lost["contribution_id"] == _id(stage, "spam")
    # of the deposit half is burned; what wrong votes cost is burned or goes back to the budget
    assert stage.balance(stage["Timelock"]) - treasury_wei == lost["amount_wei"] - lost["amount_wei"] // 2


def pay_the_court_s_debts(stage: Stage) -> None:
    """Whoever was right in the end gets bond, fees and pay."""
    court = stage["ReviewCourt"]
    appellant = stage.contributions["misjudged"].contributor
    for account in (appellant, *stage.validators):
        owed_wei, before_wei = court.read("earnings", account.address), stage.balance(account)
        if owed_wei > 0:
            court.send(stage.auditor, "withdraw_earnings", account.address)
        assert stage.balance(account) == before_wei + owed_wei
        assert court.read("earnings", account.address) == 0
    assert stage.balance(court) == court.read("budget", stage.datanet_id)


def _check_pay(stage: Stage, receipt: Receipt) -> None:
    """Of the misjudged file's first committee everyone is fined, and the appellant gets everything back."""
    court, contribution_id = stage["ReviewCourt"], _id(stage, "misjudged")
    scored = [row for row in court.events("SeatScored", receipt) if row["contribution_id"] == contribution_id]
    fined = [row["amount_wei"] for row in scored if row["level"] == 0]
    assert fined == [FEE_WEI - LOSS_FACTOR * REWARD_WEI] * COMMITTEE_SIZE
    assert len(scored) == 4 * COMMITTEE_SIZE
    resolved = court.event("AppealResolved", receipt)
    bond_wei = court.read("APPEAL_BOND_WEI")
    assert resolved["is_upheld"]
    assert resolved["paid_wei"] == bond_wei + 3 * COMMITTEE_SIZE * (FEE_WEI + REWARD_WEI)
    appellant = stage.contributions["misjudged"].contributor
    assert court.read("earnings", appellant.address) == resolved["paid_wei"]


def _opinions(stage: Stage) -> dict[int, Vote]:
    """What a fair reader thinks of each file."""
    return {_id(stage, role): (False, 0, SPAM) if role == "spam" else ACCEPT for role in stage.contributions}


def _draw(stage: Stage, ids: list[int]) -> list[dict[str, Any]]:
    stage.node.mine()
    receipt = stage["ReviewCourt"].send(stage.auditor, "draw_committees", ids)
    drawn = stage["ReviewCourt"].events("CommitteeDrawn", receipt)
    assert [row["contribution_id"] for row in drawn] == ids
    return drawn


def _vote(stage: Stage, votes: dict[int, Vote]) -> None:
    """Every seat commits to its vote, then reveals it."""
    court = stage["ReviewCourt"]
    level = {each: court.read("round", each)["level"] for each in votes}
    seats = {each: court.read("committee", each, level[each])[1] for each in votes}
    for function in ("commit_votes", "reveal_votes"):
        for validator in stage.validators:
            batch = []
            for contribution_id, vote in votes.items():
                for position, seated in enumerate(seats[contribution_id]):
                    if seated == validator.address.lower():
                        salt = keccak(encode(["uint256"] * 3, [contribution_id, level[contribution_id], position]))
                        cast = (*vote, bytes(32), salt)
                        place = (contribution_id, level[contribution_id], position)
                        commitment = _commitment(validator.address, place, cast)
                        secret = (contribution_id, position, commitment)
                        shown = (contribution_id, position, *cast)
                        batch.append(secret if function == "commit_votes" else shown)
            for at in range(0, len(batch), MAX_VOTES):
                court.send(validator, function, batch[at : at + MAX_VOTES])


def _commitment(validator: str, place: tuple[int, int, int], cast: tuple[bool, int, int, bytes, bytes]) -> bytes:
    """What `vote_commitment` says, computed where nobody can listen."""
    types = ["address", "uint256", "uint256", "uint256", "bool", "uint256", "uint256", "bytes32", "bytes32"]
    return keccak(encode(types, [validator, *place, *cast]))


def _tally(stage: Stage, ids: list[int]) -> list[dict[str, Any]]:
    receipt = stage["ReviewCourt"].send(stage.auditor, "tally", ids)
    tallied = stage["ReviewCourt"].events("Tallied", receipt)
    assert all(row["is_decided"] for row in tallied)
    return tallied


def _ids(stage: Stage) -> list[int]:
    return [each.contribution_id for each in stage.contributions.values()]


def _id(stage: Stage, role: str) -> int:
    return stage.contributions[role].contribution_id


STEPS: tuple[Callable[[Stage], None], ...] = (
    join_as_validators,
    open_rounds,
    draw_committees,
    commit_and_reveal_votes,
    tally,
    appeal,
    decide_again,
    settle,
    pay_the_court_s_debts,
)
