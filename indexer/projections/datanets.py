"""DatanetRegistry: Datanets, contributions, contributors, curators, snapshots."""

from collections.abc import Callable, Mapping

from indexer.decode import Event
from indexer.state import Row, State

# members of the flag IDatanetRegistry.Modality
MODALITIES = {1: "text", 2: "image", 4: "audio"}


def _created(state: State, event: Event) -> None:
    args = event.args
    state.put(
        "datanet",
        {
            "datanet_id": args["datanet_id"],
            "owner": args["owner"],
            "modality": MODALITIES[args["modality"]],
            "formats": args["formats"],
            "is_open": True,
            **args["terms"],
            **args["limits"],
            "metadata_digest": args["metadata_digest"],
            "block_number": event.block_number,
            **{"pending": 0, "accepted": 0, "rejected": 0, "withdrawn": 0},
        },
    )


def _opened(state: State, event: Event) -> None:
    state.update("datanet", event.args["datanet_id"], is_open=event.args["is_open"])


def _owner_changed(state: State, event: Event) -> None:
    state.update("datanet", event.args["datanet_id"], owner=event.args["new_owner"])


def _limits_changed(state: State, event: Event) -> None:
    state.update("datanet", event.args["datanet_id"], **event.args["limits"])


def _curator_set(state: State, event: Event) -> None:
    state.put("curator", dict(event.args))


def _contributed(state: State, event: Event) -> None:
    row = {**event.args, "block_number": event.block_number, "status": "pending", "score": 0}
    state.put("contribution", {**row, "decided_at": 0, "withdrawn_at": 0})
    _count(state, event.args["datanet_id"], pending=1)


def _resolved(state: State, event: Event) -> None:
    args = event.args
    status = "accepted" if args["is_accepted"] else "rejected"
    decided = {"status": status, "score": args["score"], "decided_at": event.block_timestamp}
    state.update("contribution", args["contribution_id"], **decided)
    _count(state, args["datanet_id"], pending=-1, **{status: 1})
    scored = args["score"] if args["is_accepted"] else 0
    state.add("contributor", _blank_contributor(args), **{status: 1}, score_sum=scored)


def _withdrawn(state: State, event: Event) -> None:
    contribution = state.require("contribution", event.args["contribution_id"])
    old = contribution["status"]
    state.put("contribution", {**contribution, "status": "withdrawn", "withdrawn_at": event.block_timestamp})
    _count(state, contribution["datanet_id"], **{old: -1}, withdrawn=1)
    if old == "accepted":
        # as the contract does: what its contributor took out ranks him no longer
        state.add("contributor", _blank_contributor(contribution), accepted=-1, score_sum=-contribution["score"])


def _snapshot_recorded(state: State, event: Event) -> None:
    place = {"block_number": event.block_number, "log_index": event.log_index}
    state.put("snapshot", {**event.args, **place})


def _count(state: State, datanet_id: int, **amounts: int) -> None:
    state.add("datanet", state.require("datanet", datanet_id), **amounts)


def _blank_contributor(row: Row) -> Row:
    key = {"datanet_id": row["datanet_id"], "contributor": row["contributor"]}
    return {**key, "accepted": 0, "rejected": 0, "score_sum": 0}


REDUCERS: Mapping[str, Callable[[State, Event], None]] = {
    "DatanetCreated": _created,
    "DatanetOpened": _opened,
    "DatanetOwnerChanged": _owner_changed,
    "LimitsChanged": _limits_changed,
    "CuratorSet": _curator_set,
    "Contributed": _contributed,
    "Resolved": _resolved,
    "Withdrawn": _withdrawn,
    "SnapshotRecorded": _snapshot_recorded,
}
