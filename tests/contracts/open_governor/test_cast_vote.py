"""Votes: their weight, the three sums, and what a vote cannot do."""

from collections.abc import Callable
from typing import Any

import boa
import pytest

OPEN = 10**18
MILLION = 1_000_000 * OPEN
AGAINST, FOR, ABSTAIN = 0, 1, 2

# gOPEN cannot have so many votes; another token's governor could
HUGE_VOTES = """
# pragma version 0.4.3

@external
@view
def getPastVotes(account: address, timepoint: uint256) -> uint256:
    return 2**95

@external
@view
def getPastTotalSupply(timepoint: uint256) -> uint256:
    return 2**97
"""


def test_cast_vote__counts_the_votes_of_the_snapshot(
    governance: Any, governor: Any, voter: str, events: Callable[..., Any]
) -> None:
    proposal = governance.open_vote()
    assert governor.castVote(proposal.id, FOR, sender=voter) == 20 * MILLION
    assert events(governor, "VoteCast") == [
        {"voter": voter, "proposalId": proposal.id, "support": FOR, "weight": 20 * MILLION, "reason": ""}
    ]
    assert governor.hasVoted(proposal.id, voter) is True
    assert governor.hasVoted(proposal.id, governance.accounts["second_voter"]) is False
    assert governor.proposalVotes(proposal.id) == (0, 20 * MILLION, 0)


def test_cast_vote__keeps_three_sums(governance: Any, governor: Any) -> None:
    proposal = governance.open_vote()
    governance.vote(proposal, ABSTAIN, "small_voter")
    assert governor.proposalVotes(proposal.id) == (0, 0, 2 * MILLION)
    governance.vote(proposal, AGAINST, "opponent")
    assert governor.proposalVotes(proposal.id) == (16 * MILLION, 0, 2 * MILLION)
    governance.vote(proposal, FOR, "voter")
    assert governor.proposalVotes(proposal.id) == (16 * MILLION, 20 * MILLION, 2 * MILLION)
    governance.vote(proposal, ABSTAIN, "second_voter")
    governance.vote(proposal, FOR, "proposer")
    governance.vote(proposal, AGAINST, "silent_staker")  # who named no delegate
    assert governor.proposalVotes(proposal.id) == (16 * MILLION, 21 * MILLION, 14 * MILLION)
    assert governor.proposalProposer(proposal.id) == governance.accounts["proposer"]


def test_cast_vote__leaves_the_code_digest_and_the_eta(governance: Any, governor: Any) -> None:
    proposal = governance.open_vote()
    digest = governor.code_digest(proposal.id)
    for support, role in ((FOR, "voter"), (AGAINST, "opponent"), (ABSTAIN, "second_voter")):
        governance.vote(proposal, support, role)
        assert governor.code_digest(proposal.id) == digest
        assert governor.proposalEta(proposal.id) == 0


def test_cast_vote_with_reason__logs_it(governance: Any, governor: Any, voter: str, events: Callable[..., Any]) -> None:
    proposal = governance.open_vote()
    reason = "r" * 2_048
    assert governor.castVoteWithReason(proposal.id, AGAINST, reason, sender=voter) == 20 * MILLION
    assert events(governor, "VoteCast") == [
        {"voter": voter, "proposalId": proposal.id, "support": AGAINST, "weight": 20 * MILLION, "reason": reason}
    ]


def test_cast_vote_with_params__logs_another_event(
    governance: Any, governor: Any, voter: str, events: Callable[..., Any]
) -> None:
    proposal = governance.open_vote()
    params = b"\x07" * 1_024
    assert governor.castVoteWithReasonAndParams(proposal.id, FOR, "why", params, sender=voter) == 20 * MILLION
    expected = {"voter": voter, "proposalId": proposal.id, "support": FOR, "weight": 20 * MILLION, "reason": "why"}
    assert events(governor, "VoteCastWithParams") == [expected | {"params": params}]
    assert events(governor, "VoteCast") == []


def test_cast_vote_with_params__without_params__logs_the_plain_event(
    governance: Any, governor: Any, voter: str, events: Callable[..., Any]
) -> None:
    proposal = governance.open_vote()
    governor.castVoteWithReasonAndParams(proposal.id, FOR, "why", b"", sender=voter)
    assert [event["reason"] for event in events(governor, "VoteCast")] == ["why"]
    assert events(governor, "VoteCastWithParams") == []


def test_cast_vote__twice__reverts(governance: Any, governor: Any, voter: str) -> None:
    proposal = governance.open_vote()
    governance.vote(proposal, FOR, "voter")
    with boa.reverts("governor: already voted"):
        governor.castVote(proposal.id, AGAINST, sender=voter)


def test_cast_vote__with_another_support__reverts(governance: Any, governor: Any, voter: str) -> None:
    proposal = governance.open_vote()
    for support in (3, 255):
        with boa.reverts("governor: support not 0, 1 or 2"):
            governor.castVote(proposal.id, support, sender=voter)


def test_cast_vote__for_no_proposal__reverts(governor: Any, voter: str) -> None:
    with boa.reverts("governor: no such proposal"):
        governor.castVote(1, FOR, sender=voter)


def test_cast_vote__at_the_snapshot__reverts(governance: Any, governor: Any, voter: str) -> None:
    proposal = governance.propose()
    boa.env.timestamp = governor.proposalSnapshot(proposal.id)
    with boa.reverts("governor: vote is not open"):
        governor.castVote(proposal.id, FOR, sender=voter)
    boa.env.timestamp += 1
    governor.castVote(proposal.id, FOR, sender=voter)


def test_cast_vote__after_the_deadline__reverts(governance: Any, governor: Any, voter: str) -> None:
    proposal = governance.open_vote()
    boa.env.timestamp = governor.proposalDeadline(proposal.id)
    with boa.env.anchor():
        governor.castVote(proposal.id, FOR, sender=voter)
    boa.env.timestamp += 1
    with boa.reverts("governor: vote is not open"):
        governor.castVote(proposal.id, FOR, sender=voter)


def test_cast_vote__for_a_cancelled_proposal__reverts(
    governance: Any, governor: Any, voter: str, guardian: str
) -> None:
    proposal = governance.open_vote()
    governor.cancel(*proposal.content, sender=guardian)
    with boa.reverts("governor: vote is not open"):
        governor.castVote(proposal.id, FOR, sender=voter)


def test_cast_vote__without_votes__counts_nothing(governance: Any, governor: Any, outsider: str) -> None:
    proposal = governance.open_vote()
    assert governor.castVote(proposal.id, FOR, sender=outsider) == 0
    assert governor.hasVoted(proposal.id, outsider) is True
    assert governor.proposalVotes(proposal.id) == (0, 0, 0)


def test_cast_vote__with_a_stake_after_the_snapshot__counts_nothing(
    governance: Any, governor: Any, actor: Callable[[str], str]
) -> None:
    borrower = actor("borrower")
    proposal = governance.open_vote()
    # the whole free supply, for the length of one vote
    governance.token.transfer(borrower, 100 * MILLION, sender=governance.open_holder)
    governance.token.approve(governance.staked_open, 100 * MILLION, sender=borrower)
    governance.staked_open.stake(100 * MILLION, sender=borrower)
    governance.staked_open.delegate(borrower, sender=borrower)
    assert governance.staked_open.getVotes(borrower) == 100 * MILLION
    assert governor.castVote(proposal.id, FOR, sender=borrower) == 0


def test_cast_vote__after_leaving__still_has_the_weight_of_the_snapshot(
    governance: Any, governor: Any, voter: str
) -> None:
    proposal = governance.open_vote()
    governance.staked_open.request_exit(20 * MILLION, sender=voter)
    assert governor.castVote(proposal.id, FOR, sender=voter) == 20 * MILLION


def test_cast_vote__of_more_than_a_sum_holds__reverts(
    governance: Any, deploy_over: Callable[..., Any], actor: Callable[[str], str]
) -> None:
    _, governor, _ = deploy_over(boa.loads(HUGE_VOTES))
    proposal = governance.proposal()
    governor.propose(*proposal.arguments)
    boa.env.timestamp = governor.proposalSnapshot(proposal.id) + 1
    governor.castVote(proposal.id, AGAINST, sender=actor("first_opponent"))
    with boa.reverts("governor: too many votes"):
        governor.castVote(proposal.id, AGAINST, sender=actor("second_opponent"))
    governor.castVote(proposal.id, ABSTAIN, sender=actor("first_supporter"))
    for support in (FOR, ABSTAIN):
        with boa.reverts("governor: too many votes"):
            governor.castVote(proposal.id, support, sender=actor("second_supporter"))
    assert governor.proposalVotes(proposal.id) == (2**95, 0, 2**95)


@pytest.mark.parametrize("function", ["getVotes", "getVotesWithParams"])
def test_get_votes__are_those_of_the_past(governance: Any, governor: Any, voter: str, function: str) -> None:
    rest = (b"any",) if function == "getVotesWithParams" else ()
    assert getattr(governor, function)(voter, boa.env.timestamp - 1, *rest) == 20 * MILLION
    assert getattr(governor, function)(voter, 1, *rest) == 0
    with boa.reverts("checkpoints: timepoint not in the past"):
        getattr(governor, function)(voter, boa.env.timestamp, *rest)
