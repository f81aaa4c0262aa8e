"""OpenGovernor: proposals and votes."""

import json
from collections.abc import Callable, Mapping

from indexer.decode import Event, json_safe
from indexer.state import State

# as OpenZeppelin's Governor numbers them
SUPPORT = {0: "against", 1: "for", 2: "abstain"}


def _created(state: State, event: Event) -> None:
    args = event.args
    parts = zip(args["targets"], args["values"], args["calldatas"], strict=True)
    calls = [{"target": target, "value_wei": value, "data": data} for target, value, data in parts]
    state.put(
        "proposal",
        {
            "proposal_id": args["proposalId"],
            "proposer": args["proposer"],
            "description": args["description"],
            "calls": json.dumps(json_safe(calls), separators=(",", ":")),
            "vote_start": args["voteStart"],
            "vote_end": args["voteEnd"],
            "eta": 0,
            "status": "created",
            **{"for_wei": 0, "against_wei": 0, "abstain_wei": 0},
            "block_number": event.block_number,
            "log_index": event.log_index,
        },
    )


def _vote_cast(state: State, event: Event) -> None:
    args, place = event.args, {"block_number": event.block_number, "log_index": event.log_index}
    support = SUPPORT[args["support"]]
    proposal = state.require("proposal", args["proposalId"])
    state.add("proposal", proposal, **{f"{support}_wei": args["weight"]})
    row = {"proposal_id": args["proposalId"], "voter": args["voter"], "support": support, "reason": args["reason"]}
    state.put("proposal_vote", {**row, "weight_wei": args["weight"], **place})


def _extended(state: State, event: Event) -> None:
    state.update("proposal", event.args["proposalId"], vote_end=event.args["extendedDeadline"])


def _queued(state: State, event: Event) -> None:
    state.update("proposal", event.args["proposalId"], status="queued", eta=event.args["etaSeconds"])


def _executed(state: State, event: Event) -> None:
    state.update("proposal", event.args["proposalId"], status="executed")


def _canceled(state: State, event: Event) -> None:
    state.update("proposal", event.args["proposalId"], status="canceled")


REDUCERS: Mapping[str, Callable[[State, Event], None]] = {
    "ProposalCreated": _created,
    "VoteCast": _vote_cast,
    "VoteCastWithParams": _vote_cast,
    "ProposalExtended": _extended,
    "ProposalQueued": _queued,
    "ProposalExecuted": _executed,
    "ProposalCanceled": _canceled,
}
