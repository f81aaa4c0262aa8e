"""A market in which everything happens that a projection reads: reviews, rewards, votes, stakes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from chain.merkle import keccak
from tests.indexer.market import AUDIO, DAY, HOLDER_STAKE_WEI, OPEN, WAV, Market

OPENED, VOTING = 1, 2
_SALT = bytes(32)


@dataclass(frozen=True)
class Vote:
    """What every seat says of one contribution."""

    is_accepted: bool
    score: int = 0

    @property
    def values(self) -> tuple[bool, int, int, bytes]:
        return self.is_accepted, self.score, 0 if self.is_accepted else 5, bytes(32)


REJECT = Vote(False)


def accept(score: int) -> Vote:
    return Vote(True, score)


def join(market: Market, account: Any, *, modality: int = 1, seats: int = 1) -> None:
    """Take seats of the pool."""
    market.give(account, "ValidatorPool", seats * market.call("ValidatorPool", "SEAT_WEI"))
    market.send(account, "ValidatorPool", "join", modality, seats)


def open_reviews(market: Market, ids: Iterable[int]) -> None:
    """Open rounds and draw their committees."""
    market.send(market.outsider, "ReviewCourt", "open_rounds", list(ids))
    draw(market, ids)


def draw(market: Market, ids: Iterable[int]) -> None:
    """Draw the committees of opened rounds."""
    market.mine(2)
    market.send(market.outsider, "ReviewCourt", "draw_committees", list(ids))


def vote(market: Market, votes: Mapping[int, Vote]) -> None:
    """Every seat commits and reveals, and the votes are tallied; audits by lot are voted on in the same way."""
    seats = [seat for number in votes for seat in _seats(market, number)]
    accounts = {account.address: account for account in market.validators}
    for address, account in accounts.items():
        mine = [(number, level, position) for number, level, position, who in seats if who == address]
        commits = [
            (number, position, _commitment(market, address, number, level, position, votes[number]))
            for number, level, position in mine
        ]
        for start in range(0, len(commits), 32):
            market.send(account, "ReviewCourt", "commit_votes", commits[start : start + 32])
    for address, account in accounts.items():
        shown = [(number, at, *votes[number].values, _SALT) for number, _, at, who in seats if who == address]
        for start in range(0, len(shown), 32):
            market.send(account, "ReviewCourt", "reveal_votes", shown[start : start + 32])
    market.send(market.outsider, "ReviewCourt", "tally", list(votes))
    market.mine(2)
    market.send(market.outsider, "ReviewCourt", "audit", list(votes))
    audited = [number for number in votes if market.call("ReviewCourt", "round", number).phase == OPENED]
    if audited:
        draw(market, audited)
        vote(market, {number: votes[number] for number in audited})


def settle(market: Market, ids: Iterable[int]) -> None:
    """After the days for an appeal."""
    market.pass_time(market.seconds("ReviewCourt", "APPEAL_SECONDS"))
    hashes = [market.contents[number] for number in ids]
    market.send(market.outsider, "ReviewCourt", "settle", list(ids), hashes)


def review(market: Market, votes: Mapping[int, Vote]) -> None:
    """The whole review of some contributions."""
    open_reviews(market, votes)
    vote(market, votes)
    settle(market, votes)


def use_reviews(market: Market) -> None:
    """Five contributions, one of each fate; a committee that sleeps; then everything that the owner may do."""
    first, second = market.contributors
    ids = [market.contribute(account) for account in (first, first, second, second)]
    votes = {ids[0]: accept(80), ids[1]: REJECT, ids[2]: accept(80), ids[3]: accept(10)}
    open_reviews(market, votes)
    vote(market, votes)
    _appeal(market, first, ids[1])
    settle(market, votes)
    market.send(market.outsider, "ReviewCourt", "withdraw_earnings", market.validators[0].address)
    market.send(second, "DatanetRegistry", "withdraw_contribution", ids[3], market.contents[ids[3]])
    market.contribute(second)
    _sleep(market)
    owner, registry = market.owner, "DatanetRegistry"
    market.send(owner, registry, "set_curator", 1, market.builder.address, True)
    market.send(owner, registry, "set_curator", 1, market.sleeper.address, True)
    market.send(owner, registry, "set_curator", 1, market.sleeper.address, False)
    market.send(owner, registry, "set_limits", 1, (9_216_000, 9_216_000, 50, 4_096_000))
    market.send(owner, registry, "set_open", 1, False)
    market.send(owner, registry, "transfer_datanet", 1, market.outsider.address)


def use_governance(market: Market) -> None:
    """Two proposals decide challenges; a third reaches its quorum late, and the guardian cancels it."""
    market.give(market.holder, "StakedOpen", HOLDER_STAKE_WEI)
    market.send(market.holder, "StakedOpen", "stake", HOLDER_STAKE_WEI)
    market.send(market.holder, "StakedOpen", "delegate", market.holder.address)
    market.pass_time(DAY)


def decide_challenge(market: Market, *, is_void: bool) -> None:
    """A proposal about the challenge of epoch 1, voted for, queued and executed."""
    data = market.client.contract("RewardDistributor").encode_abi("resolve_challenge", [1, is_void])
    calls = ([market.deployment.address("RewardDistributor")], [0], [bytes.fromhex(data[2:])])
    number = _propose(market, calls, f"void: {is_void}")
    market.pass_time(market.seconds("OpenGovernor", "votingDelay") + 1)
    market.send(market.holder, "OpenGovernor", "castVoteWithReason", number, 1, "the evidence says so")
    market.pass_time(market.seconds("OpenGovernor", "votingPeriod") + 1)
    arguments = (*calls, keccak(f"void: {is_void}".encode()))
    market.send(market.outsider, "OpenGovernor", "queue", *arguments)
    market.pass_time(market.seconds("Timelock", "getMinDelay"))
    market.send(market.outsider, "OpenGovernor", "execute", *arguments)


def propose_and_cancel(market: Market) -> None:
    """A vote in its last hour, which extends it; the guardian ends it."""
    calls = ([market.deployment.address("OpenToken")], [0], [b""])
    number = _propose(market, calls, "a call that does nothing")
    market.pass_time(market.seconds("OpenGovernor", "votingDelay") + 1)
    market.pass_time(market.seconds("OpenGovernor", "votingPeriod") - 3_600)
    market.send(market.holder, "OpenGovernor", "castVoteWithReasonAndParams", number, 2, "unsure", b"\x01")
    arguments = (*calls, keccak(b"a call that does nothing"))
    market.send(market.guardian, "OpenGovernor", "cancel", *arguments)


def use_rewards(market: Market) -> None:
    """Epoch 1: a root that is challenged and voided, a second whose challenge is rejected; final, claimed."""
    window = market.seconds("RewardDistributor", "CHALLENGE_WINDOW_SECONDS")
    market.pass_time(2 * market.seconds("RewardDistributor", "EPOCH_SECONDS"))
    market.post_root(attempt=0)
    market.challenge()
    decide_challenge(market, is_void=True)
    market.send(market.outsider, "RewardDistributor", "withdraw_bond")
    market.post_root(attempt=1)
    market.challenge()
    decide_challenge(market, is_void=False)
    market.pass_time(window)
    market.send(market.outsider, "RewardDistributor", "finalize", 1)
    market.claim(market.contributors[0])
    market.send(market.contributors[0], "RewardDistributor", "set_recovery", market.outsider.address)


def use_everything(market: Market) -> None:
    """All of it; the fees are redeemed and paid out before the reviews, so that they are of reward epoch 1."""
    market.open_datanet()
    for account in market.validators:
        join(market, account, seats=2)
    market.send(market.owner, "DatanetRegistry", "record_snapshot", 1, keccak(b"dataset"), keccak(b"lines"), 2)
    market.use_models()
    market.use_payments()
    use_governance(market)
    use_rewards(market)
    propose_and_cancel(market)
    use_reviews(market)
    market.use_stake()
    market.finalize_all()


def _appeal(market: Market, account: Any, number: int) -> None:
    """The contributor of a rejected contribution appeals, and loses."""
    bond_wei, fees_wei = market.call("ReviewCourt", "appeal_cost", number)
    market.give(account, "ReviewCourt", bond_wei + fees_wei)
    market.send(account, "ReviewCourt", "appeal", number, keccak(b"but it is good"))
    draw(market, [number])
    vote(market, {number: REJECT})


def _sleep(market: Market) -> None:
    """A validator with one seat, alone in a Datanet's committees, never votes, until he can be evicted."""
    datanet_id = market.open_datanet(modality=AUDIO, formats=1 << WAV, committee_size=15, reward_wei=2 * OPEN)
    join(market, market.sleeper, modality=AUDIO, seats=2)
    number = market.contribute(market.contributors[0], datanet_id=datanet_id, file_format=WAV)
    open_reviews(market, [number])
    days = market.seconds("ReviewCourt", "COMMIT_SECONDS") + market.seconds("ReviewCourt", "REVEAL_SECONDS")
    while 2 * market.call("ValidatorPool", "stake_of", market.sleeper.address) >= 2_000 * OPEN:
        market.pass_time(days)
        market.send(market.outsider, "ReviewCourt", "tally", [number])
        draw(market, [number])
    (seat, *_), _ = market.call("ReviewCourt", "committee", number, 0)
    market.send(market.outsider, "ValidatorPool", "evict", seat)
    market.give(market.sleeper, "ValidatorPool", 100 * OPEN)
    market.send(market.sleeper, "ValidatorPool", "top_up", 100 * OPEN)
    last = next(each for each in (5, 6) if market.call("ValidatorPool", "is_seated", each))
    market.send(market.sleeper, "ValidatorPool", "leave", [last])
    market.pass_time(market.seconds("ValidatorPool", "LEAVE_COOLDOWN_SECONDS"))
    market.send(market.sleeper, "ValidatorPool", "withdraw")


def _propose(market: Market, calls: Any, description: str) -> int:
    market.send(market.holder, "OpenGovernor", "propose", *calls, description)
    logs = market.client.events("OpenGovernor", "ProposalCreated", from_block=0)
    return int(logs[-1]["args"]["proposalId"])


def _seats(market: Market, number: int) -> list[tuple[int, int, int, str]]:
    level = market.call("ReviewCourt", "round", number).level
    _, validators = market.call("ReviewCourt", "committee", number, level)
    return [(number, level, position, who) for position, who in enumerate(validators)]


def _commitment(market: Market, address: str, number: int, level: int, position: int, said: Vote) -> bytes:
    made: bytes = market.call("ReviewCourt", "vote_commitment", address, number, level, position, *said.values, _SALT)
    return made
