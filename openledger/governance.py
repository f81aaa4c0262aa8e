"""Governance by gOPEN: stake, delegate, propose, vote, queue, execute.

Voting power counts from a point in time (the proposal's snapshot), so who wants to vote delegates before it, also to
himself. A proposal that passed is queued at the Timelock and executed after its delay; anyone may do both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from eth_account.signers.local import LocalAccount

from chain.client import EventLog
from chain.merkle import keccak
from openledger.errors import AppError
from openledger.market import Market


class State(IntEnum):
    """Where a proposal stands, as `OpenGovernor.state` numbers it."""

    PENDING = 0
    ACTIVE = 1
    CANCELED = 2
    DEFEATED = 3
    SUCCEEDED = 4
    QUEUED = 5
    EXPIRED = 6
    EXECUTED = 7


class Support(IntEnum):
    """A vote, as `OpenGovernor.castVote` numbers it."""

    AGAINST = 0
    FOR = 1
    ABSTAIN = 2


@dataclass(frozen=True, slots=True)
class Call:
    """One call that a proposal asks for; `value_wei` is of the chain's own coin."""

    target: str
    data: bytes
    value_wei: int = 0


@dataclass(frozen=True, slots=True)
class Proposal:
    """A proposal as it was made; votes count from after `vote_start` until `vote_end` (block times in seconds)."""

    proposal_id: int
    proposer: str
    calls: tuple[Call, ...]
    description: str
    vote_start: int
    vote_end: int

    @property
    def arguments(self) -> tuple[list[str], list[int], list[bytes], bytes]:
        """What `queue` and `execute` take: they know a proposal by its contents."""
        return (*_lists(self.calls), keccak(self.description.encode()))


def stake(market: Market, account: LocalAccount, amount_wei: int) -> None:
    """Stake OPEN for gOPEN, and let the account vote with its own unless it delegated before."""
    market.pay(account, "StakedOpen", amount_wei, what="the stake")
    market.chain.send(account, "StakedOpen", "stake", amount_wei)
    if int(market.chain.call("StakedOpen", "delegates", account.address), 16) == 0:
        delegate(market, account, account.address)


def delegate(market: Market, account: LocalAccount, delegatee: str) -> None:
    """Let `delegatee` vote with the account's gOPEN from now on."""
    market.chain.send(account, "StakedOpen", "delegate", delegatee)


def propose(market: Market, proposer: LocalAccount, calls: Sequence[Call], description: str) -> Proposal:
    """Propose calls to be made by the Timelock; the description must be new for the same calls."""
    receipt = market.chain.send(proposer, "OpenGovernor", "propose", *_lists(calls), description)
    return _proposal(market.event_of(receipt, "OpenGovernor", "ProposalCreated"))


def propose_decision(market: Market, proposer: LocalAccount, *, reward_epoch: int, is_void: bool) -> Proposal:
    """Propose to decide the challenge against a reward epoch's root."""
    contract = market.chain.contract("RewardDistributor")
    data = bytes.fromhex(contract.encode_abi("resolve_challenge", [reward_epoch, is_void])[2:])
    root, *_ = market.chain.call("RewardDistributor", "root", reward_epoch)
    # the root in the text makes the description of a later attempt's decision another one
    verb = "Void" if is_void else "Uphold"
    description = f"{verb} the challenged root 0x{root.hex()} of reward epoch {reward_epoch}"
    return propose(market, proposer, [Call(market.address("RewardDistributor"), data)], description)


def vote(market: Market, voter: LocalAccount, proposal: Proposal, support: Support, *, because: str = "") -> int:
    """Vote on an active proposal; returns the weight in wei of gOPEN."""
    arguments = (proposal.proposal_id, int(support), because)
    receipt = market.chain.send(voter, "OpenGovernor", "castVoteWithReason", *arguments)
    return int(market.event_of(receipt, "OpenGovernor", "VoteCast")["args"]["weight"])


def queue(market: Market, sender: LocalAccount, proposal: Proposal) -> int:
    """Queue a proposal that passed; returns when it can be executed (block time in seconds)."""
    market.chain.send(sender, "OpenGovernor", "queue", *proposal.arguments)
    return int(market.chain.call("OpenGovernor", "proposalEta", proposal.proposal_id))


def execute(market: Market, sender: LocalAccount, proposal: Proposal) -> None:
    """Execute a queued proposal once the Timelock's delay is over."""
    market.chain.send(sender, "OpenGovernor", "execute", *proposal.arguments)


def state_of(market: Market, proposal: Proposal) -> State:
    """Where a proposal stands now."""
    return State(market.chain.call("OpenGovernor", "state", proposal.proposal_id))


def proposals(market: Market) -> list[Proposal]:
    """Every proposal, oldest first."""
    return [_proposal(log) for log in market.events("OpenGovernor", "ProposalCreated")]


def find_proposal(market: Market, proposal_id: int | None) -> Proposal:
    """The proposal with an id, the newest for None. Raises `AppError` when there is none."""
    known = proposals(market)
    if proposal_id is None and known:
        return known[-1]
    for each in known:
        if each.proposal_id == proposal_id:
            return each
    what = "no proposal" if proposal_id is None else f"no proposal {proposal_id}"
    raise AppError(f'there is {what}; expected one that was made; see "openledger govern list"')


def _lists(calls: Sequence[Call]) -> tuple[list[str], list[int], list[bytes]]:
    return [call.target for call in calls], [call.value_wei for call in calls], [call.data for call in calls]


def _proposal(log: EventLog) -> Proposal:
    args: dict[str, Any] = log["args"]
    calls = zip(args["targets"], args["calldatas"], args["values"], strict=True)
    return Proposal(
        proposal_id=args["proposalId"],
        proposer=args["proposer"],
        calls=tuple(Call(*call) for call in calls),
        description=args["description"],
        vote_start=args["voteStart"],
        vote_end=args["voteEnd"],
    )
