"""The quorum: a share of all gOPEN with a floor and a history, and what happens when it is reached late."""

from collections.abc import Callable
from typing import Any

import boa
import pytest

MILLION = 1_000_000 * 10**18
AGAINST, FOR, ABSTAIN = 0, 1, 2
DEFEATED, SUCCEEDED = 3, 4


def now() -> int:
    return int(boa.env.timestamp)


def test_quorum__is_the_share_of_all_gopen(governance: Any, governor: Any) -> None:
    assert governor.quorumNumerator() == 25
    assert governor.quorumDenominator() == 100
    assert governor.quorum(now() - 1) == 15 * MILLION


def test_quorum__rounds_down(governance: Any, governor: Any) -> None:
    governance.staked_open.request_exit(1, sender=governance.accounts["voter"])
    boa.env.time_travel(seconds=1)
    assert governor.quorum(now() - 1) == (60 * MILLION - 1) * 25 // 100 == 15 * MILLION - 1


def test_quorum__is_never_below_the_floor(governance: Any, governor: Any, settings: dict[str, int]) -> None:
    for role, millions in (("voter", 20), ("opponent", 16)):
        governance.staked_open.request_exit(millions * MILLION, sender=governance.accounts[role])
    boa.env.time_travel(seconds=1)
    assert governor.quorum(now() - 1) == governor.QUORUM_FLOOR_WEI() == settings["quorum_floor_wei"] == 10 * MILLION
    # 12 of 24 million are more than a quarter, 9 would be too: only the floor stands against them
    proposal = governance.open_vote()
    governance.vote(proposal, FOR, "small_voter", "proposer")
    governance.close_vote(proposal)
    assert governor.state(proposal.id) == DEFEATED


@pytest.mark.parametrize("missing_wei, state", [(0, SUCCEEDED), (1, DEFEATED)])
def test_quorum__of_the_floor__is_reached_to_the_wei(
    governance: Any, governor: Any, missing_wei: int, state: int
) -> None:
    # 30 million remain, a quarter of which is less than the floor
    for role, millions in (("voter", 20), ("silent_staker", 8), ("second_voter", 2)):
        governance.staked_open.request_exit(millions * MILLION, sender=governance.accounts[role])
    if missing_wei > 0:
        governance.staked_open.request_exit(missing_wei, sender=governance.accounts["second_voter"])
    proposal = governance.open_vote()
    governance.vote(proposal, FOR, "second_voter")
    governance.close_vote(proposal)
    assert governor.quorum(governor.proposalSnapshot(proposal.id)) == 10 * MILLION
    assert governor.state(proposal.id) == state


def test_quorum__of_now__reverts(governor: Any) -> None:
    with boa.reverts("checkpoints: timepoint not in the past"):
        governor.quorum(now())


def test_update_quorum_numerator__keeps_the_past(
    governance: Any, governor: Any, events: Callable[..., Any], settings: dict[str, int]
) -> None:
    before = now()
    governance.execute(governance.own("updateQuorumNumerator", 40))
    assert events(governor, "QuorumNumeratorUpdated") == [{"oldQuorumNumerator": 25, "newQuorumNumerator": 40}]
    changed = now()
    boa.env.time_travel(seconds=10)
    assert governor.quorumNumerator() == 40
    assert governor.quorumNumerator(before) == governor.quorumNumerator(changed - 1) == 25
    assert governor.quorumNumerator(changed) == governor.quorumNumerator(now()) == 40
    assert governor.quorumNumerator(2**48) == 40
    assert governor.quorumNumerator(1) == 0
    assert (governor.quorum(changed - 1), governor.quorum(changed)) == (15 * MILLION, 24 * MILLION)


def test_update_quorum_numerator__to_nothing__leaves_the_floor(governance: Any, governor: Any) -> None:
    governance.execute(governance.own("updateQuorumNumerator", 0))
    boa.env.time_travel(seconds=1)
    assert governor.quorum(now() - 1) == 10 * MILLION


def test_update_quorum_numerator__above_all__reverts(governance: Any, governor: Any) -> None:
    proposal = governance.ripen(governance.own("updateQuorumNumerator", 101))
    with boa.reverts("governor: quorum above 100"):
        governor.execute(*proposal.content)
    governance.execute(governance.own("updateQuorumNumerator", 100))
    assert governor.quorumNumerator() == 100


def test_update_quorum_numerator__does_not_reach_back(governance: Any, governor: Any) -> None:
    change = governance.ripen(governance.own("updateQuorumNumerator", 100))
    # 20 million for, the quorum of its snapshot is 15
    earlier = governance.open_vote(governance.proposal(description="earlier"))
    governance.vote(earlier, FOR, "voter")
    governor.execute(*change.content)
    later = governance.propose(governance.proposal(description="later"))
    boa.env.timestamp = governor.proposalSnapshot(later.id) + 1
    governance.vote(later, FOR, "voter")
    governance.close_vote(later)
    assert governor.state(earlier.id) == SUCCEEDED
    assert governor.state(later.id) == DEFEATED


@pytest.mark.parametrize(
    "votes, state",
    [
        ({}, DEFEATED),
        ({"voter": FOR}, SUCCEEDED),
        ({"second_voter": FOR}, DEFEATED),  # 12 million: above the floor, below the share
        ({"second_voter": FOR, "small_voter": FOR, "proposer": FOR}, SUCCEEDED),  # 15 million: the quorum to the wei
        ({"second_voter": FOR, "small_voter": ABSTAIN, "proposer": ABSTAIN}, SUCCEEDED),
        ({"second_voter": FOR, "small_voter": AGAINST, "proposer": ABSTAIN}, DEFEATED),  # votes against do not count
        ({"voter": ABSTAIN}, DEFEATED),  # a quorum without a majority
        ({"voter": ABSTAIN, "proposer": FOR}, SUCCEEDED),
        ({"voter": FOR, "opponent": AGAINST}, SUCCEEDED),
        ({"voter": AGAINST, "opponent": FOR}, DEFEATED),
        ({"voter": AGAINST}, DEFEATED),
    ],
)
def test_state__after_the_vote(governance: Any, governor: Any, votes: dict[str, int], state: int) -> None:
    proposal = governance.open_vote()
    for role, support in votes.items():
        governance.vote(proposal, support, role)
    governance.close_vote(proposal)
    assert governor.state(proposal.id) == state


@pytest.mark.parametrize("missing_wei, state", [(0, DEFEATED), (1, SUCCEEDED)])
def test_state__needs_more_votes_for_than_against(governance: Any, governor: Any, missing_wei: int, state: int) -> None:
    governance.staked_open.request_exit(4 * MILLION, sender=governance.accounts["voter"])
    if missing_wei > 0:
        governance.staked_open.request_exit(missing_wei, sender=governance.accounts["opponent"])
    proposal = governance.open_vote()
    governance.vote(proposal, AGAINST, "opponent")
    governance.vote(proposal, FOR, "voter")
    assert governor.proposalVotes(proposal.id) == (16 * MILLION - missing_wei, 16 * MILLION, 0)
    governance.close_vote(proposal)
    assert governor.state(proposal.id) == state


def test_late_quorum__extends_the_vote(
    governance: Any, governor: Any, events: Callable[..., Any], settings: dict[str, int]
) -> None:
    extension = settings["late_quorum_extension_seconds"]
    proposal = governance.open_vote()
    boa.env.timestamp = governor.proposalDeadline(proposal.id)
    governance.vote(proposal, FOR, "voter")
    assert events(governor, "ProposalExtended") == [{"proposalId": proposal.id, "extendedDeadline": now() + extension}]
    assert governor.proposalDeadline(proposal.id) == now() + extension
    assert governor.proposalProposer(proposal.id) == governance.accounts["proposer"]
    assert governor.proposalSnapshot(proposal.id) == now() - settings["voting_period_seconds"]
    # others can still answer, and their answer does not extend it again
    boa.env.timestamp = governor.proposalDeadline(proposal.id)
    governance.vote(proposal, AGAINST, "opponent")
    governance.vote(proposal, ABSTAIN, "second_voter")
    assert events(governor, "ProposalExtended") == []
    assert governor.proposalDeadline(proposal.id) == now()


@pytest.mark.parametrize("support", [FOR, ABSTAIN])
def test_late_quorum__a_second_before_it_is_late__extends_nothing(
    governance: Any, governor: Any, events: Callable[..., Any], settings: dict[str, int], support: int
) -> None:
    proposal = governance.open_vote()
    deadline = governor.proposalDeadline(proposal.id)
    boa.env.timestamp = deadline - settings["late_quorum_extension_seconds"]
    governance.vote(proposal, support, "voter")
    assert events(governor, "ProposalExtended") == []
    # and the quorum is reached once
    boa.env.timestamp = deadline
    governance.vote(proposal, FOR, "second_voter")
    assert events(governor, "ProposalExtended") == []
    assert governor.proposalDeadline(proposal.id) == deadline


def test_late_quorum__by_one_second__extends_by_one(governance: Any, governor: Any, settings: dict[str, int]) -> None:
    proposal = governance.open_vote()
    deadline = governor.proposalDeadline(proposal.id)
    boa.env.timestamp = deadline - settings["late_quorum_extension_seconds"] + 1
    governance.vote(proposal, ABSTAIN, "voter")
    assert governor.proposalDeadline(proposal.id) == deadline + 1


def test_late_quorum__votes_against__do_not_extend(governance: Any, governor: Any, events: Callable[..., Any]) -> None:
    proposal = governance.open_vote()
    boa.env.timestamp = governor.proposalDeadline(proposal.id)
    governance.vote(proposal, AGAINST, "voter", "opponent")
    assert events(governor, "ProposalExtended") == []


def test_late_quorum__longest_extension_of_the_longest_vote__fits(governance: Any, governor: Any) -> None:
    governance.execute(governance.own("setVotingPeriod", 2**32 - 1))
    proposal = governance.open_vote(governance.own("setLateQuorumVoteExtension", 2**32 - 1))
    governance.vote(proposal, FOR, "voter")
    governance.close_vote(proposal)
    governor.queue(*proposal.content)
    boa.env.timestamp = governor.proposalEta(proposal.id)
    governor.execute(*proposal.content)
    last = governance.open_vote(governance.proposal(description="last"))
    boa.env.timestamp = governor.proposalDeadline(last.id)
    governance.vote(last, FOR, "voter")
    assert governor.proposalDeadline(last.id) == now() + 2**32 - 1
    assert governor.proposalSnapshot(last.id) == now() - 2**32 + 1
    assert governor.proposalProposer(last.id) == governance.accounts["proposer"]
