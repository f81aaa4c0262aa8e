"""The indexer on a real chain with the real contracts: every event arrives, and adds up to what the contracts say."""

import json

from sqlalchemy import select

from indexer.models import PROJECTIONS
from indexer.projections import REDUCERS
from indexer.store import DEAD_LETTER, EVENT


def rows(indexing, table):
    with indexing.database.reading() as connection:
        return [dict(row) for row in connection.execute(select(table)).mappings()]


def test_index__of_a_busy_market__holds_every_log_as_an_independent_decoder_reads_it(busy_market, busy_index):
    expected = {}
    for each in busy_market.client.all_events(from_block=0, to_block="latest"):
        key = each["block_number"], each["log_index"]
        expected[key] = each["contract"], each["event"], as_text(each["transaction_hash"]), as_text(each["args"])
    found = {
        (row["block_number"], row["log_index"]): (
            row["contract"], row["name"], row["transaction_hash"], as_text(json.loads(row["args"]))
        )
        for row in rows(busy_index, EVENT)
    }  # fmt: skip
    assert found == expected
    assert rows(busy_index, DEAD_LETTER) == []


def as_text(value):
    """Numbers as decimals and bytes as hex, so that two decoders can be compared."""
    if isinstance(value, bool):
        return value
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, dict):
        return {name: as_text(each) for name, each in value.items()}
    return [as_text(each) for each in value] if isinstance(value, list | tuple) else str(value)


def test_scenario__emits_every_event_that_a_projection_reads(busy_index):
    emitted = {(row["contract"], row["name"]) for row in rows(busy_index, EVENT)}
    assert set(REDUCERS) <= emitted
    assert all(rows(busy_index, table) for table in PROJECTIONS.values()), "each projection has rows to be checked"


def test_projections__agree_with_the_contracts(busy_market, busy_index):
    call = busy_market.client.call
    for row in rows(busy_index, PROJECTIONS["payer"]):
        assert row["balance_wei"] == call("InferencePayments", "balance_of", row["payer"])
    for row in rows(busy_index, PROJECTIONS["owner_account"]):
        assert row["earned_wei"] - row["paid_wei"] == call("InferencePayments", "earnings_of", row["account"])
    for row in rows(busy_index, PROJECTIONS["stake"]):
        assert row["staked_wei"] == call("StakedOpen", "balanceOf", row["account"])
        assert row["votes_wei"] == call("StakedOpen", "getVotes", row["account"])
        assert (row["exiting_wei"], row["ready_at"]) == tuple(call("StakedOpen", "exit_of", row["account"]))
    for row in rows(busy_index, PROJECTIONS["claimant"]):
        assert row["claimed_wei"] == call("RewardDistributor", "claimed", row["account"])
    for row in rows(busy_index, PROJECTIONS["accrual"]):
        assert row["accrued_wei"] == call("RewardDistributor", "accrued", row["reward_epoch"])


def test_registries__agree_with_the_contracts(busy_market, busy_index):
    call, codes = busy_market.client.call, {"pending": 1, "accepted": 2, "rejected": 4, "withdrawn": 8}
    contributions = rows(busy_index, PROJECTIONS["contribution"])
    assert [row["status"] for row in contributions] == [
        *("accepted", "rejected", "accepted", "withdrawn", "pending", "pending")
    ]
    for row in contributions:
        truth = dict_of(call("DatanetRegistry", "contribution", row["contribution_id"]))
        truth["status"] = {code: name for name, code in codes.items()}[truth["status"]]
        assert {name: row[name] for name in truth} == truth
    for row in rows(busy_index, PROJECTIONS["contributor"]):
        truth = dict_of(call("DatanetRegistry", "contributor_stats", row["datanet_id"], row["contributor"]))
        assert {name: row[name] for name in truth} == truth
    for row in rows(busy_index, PROJECTIONS["adapter"]):
        truth = dict_of(call("ModelRegistry", "adapter", row["adapter_id"]))
        shared = {name: value for name, value in truth.items() if not isinstance(value, bytes)}
        assert {name: row[name] for name in shared} == shared
        assert row["licence_digest"] == "0x" + call("ModelRegistry", "licence_of", row["adapter_id"]).hex()
        assert row["is_deprecated"] == call("ModelRegistry", "is_deprecated", row["adapter_id"])
        assert row["successor_id"] == call("ModelRegistry", "successor_of", row["adapter_id"])


def test_reviews_and_votes__agree_with_the_contracts(busy_market, busy_index):
    call = busy_market.client.call
    for row in rows(busy_index, PROJECTIONS["validator"]):
        assert row["seats"] == call("ValidatorPool", "seats_of", row["validator"])
        assert row["stake_wei"] == call("ValidatorPool", "stake_of", row["validator"])
        assert [row["leaving_wei"], row["ready_at"]] == list(call("ValidatorPool", "leaving_of", row["validator"]))
    for row in rows(busy_index, PROJECTIONS["seat"]):
        assert row["is_seated"] == call("ValidatorPool", "is_seated", row["seat_id"])
        assert row["validator"] == call("ValidatorPool", "validator_of", row["seat_id"])
    newest = {}
    for row in sorted(rows(busy_index, PROJECTIONS["review_round"]), key=lambda row: (row["level"], row["attempt"])):
        newest[row["contribution_id"]] = row
    for number, row in newest.items():
        truth = call("ReviewCourt", "round", number)
        assert (row["level"], row["attempt"]) == (truth.level, truth.attempt)
        names = ("draw_block",) if row["status"] == "opened" else ("committed", "revealed", "accepts")
        assert {name: row[name] for name in names} == {name: getattr(truth, name) for name in names}
    for row in rows(busy_index, PROJECTIONS["proposal"]):
        votes = call("OpenGovernor", "proposalVotes", row["proposal_id"])
        assert [row["against_wei"], row["for_wei"], row["abstain_wei"]] == list(votes)


def dict_of(struct):
    return dict(struct) if isinstance(struct, dict) else struct._asdict()


def test_rebuild__without_a_node__gives_the_same_database(busy_market, start_indexing):
    indexing = start_indexing(busy_market.deployment, busy_market.node.rpc_url)
    indexing.catch_up()
    live = indexing.digest
    with indexing.database.writing() as connection:
        connection.execute(PROJECTIONS["payer"].update().values(balance_wei=7))
        connection.execute(PROJECTIONS["claim"].delete())
    assert indexing.digest != live
    assert indexing.store.rebuild() == len(rows(indexing, EVENT))
    assert indexing.digest == live


def test_digest__of_blocks_taken_one_by_one__equals_that_of_one_range(busy_market, start_indexing, monkeypatch):
    indexing = start_indexing(busy_market.deployment, busy_market.node.rpc_url)
    indexing.catch_up()
    monkeypatch.setattr("indexer.reorg.MAX_FINAL_RANGE", 1)
    slow = start_indexing(busy_market.deployment, busy_market.node.rpc_url)
    assert slow.catch_up() > indexing.catch_up()
    assert slow.digest == indexing.digest
