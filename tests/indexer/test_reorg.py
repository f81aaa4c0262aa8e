"""The decisions, case by case, and the real thing: a node that takes blocks back."""

import random

import pytest

from indexer.blocks import Header
from indexer.errors import NodeInconsistent, ReorgTooDeep
from indexer.reorg import (
    MAX_FINAL_RANGE,
    MAX_LIVE_RANGE,
    Blocks,
    Finalized,
    Heads,
    Idle,
    Position,
    Reorg,
    check_links,
    fork_point,
    plan,
)


def header(number, branch="a"):
    return Header(number, f"{branch}{number}", f"{branch}{number - 1}", timestamp=number)


def window(first, last, branch="a"):
    return {number: f"{branch}{number}" for number in range(first, last + 1)}


AT_10 = Position(10, "a10", finalized_number=8)


@pytest.mark.parametrize(
    ("latest", "finalized", "at_tip", "expected"),
    [
        (header(10), 8, header(10), Idle()),
        (header(10), 9, header(10), Finalized(9)),
        (header(11), 9, header(10), Blocks(11, 11, is_final=False, finalized_number=9)),
        (header(12), 11, header(10), Blocks(11, 11, is_final=True, finalized_number=11)),
        (header(10, "b"), 8, header(10, "b"), Reorg()),
        (header(15, "b"), 8, header(10, "b"), Reorg()),
        (header(9, "b"), 8, None, Reorg()),
    ],
)
def test_plan(latest, finalized, at_tip, expected):
    assert plan(AT_10, Heads(latest, finalized, at_tip), stored=window(8, 10)) == expected


@pytest.mark.parametrize(("latest", "finalized"), [(header(9), 8), (header(7), 8), (header(12), 7)])
def test_plan__node_behind_us__waits_and_says_why(latest, finalized):
    step = plan(AT_10, Heads(latest, finalized, None), stored=window(8, 10))
    assert isinstance(step, Idle)
    assert "below block" in step.lag


def test_plan__far_behind__takes_long_ranges_below_finality_and_short_ones_above():
    far = Heads(header(10_000), 9_000, header(10))
    assert plan(AT_10, far, stored=window(8, 10)) == Blocks(11, 10 + MAX_FINAL_RANGE, True, 10 + MAX_FINAL_RANGE)
    live = Heads(header(10_000), 8, header(10))
    assert plan(AT_10, live, stored=window(8, 10)) == Blocks(11, 10 + MAX_LIVE_RANGE, False, 8)


def test_plan__new_database__starts_at_the_first_block_and_waits_for_it():
    fresh = Position(4, None, finalized_number=4)
    assert plan(fresh, Heads(header(3), 0, None), stored={}) == Idle()
    assert plan(fresh, Heads(header(5), 0, header(4)), stored={}) == Blocks(5, 5, False, 4)


def test_plan__finalized_block_above_our_tip__is_not_ours_yet():
    step = plan(AT_10, Heads(header(2_000), 1_900, header(10)), stored=window(8, 10))
    assert step.finalized_number == step.last < 1_900


def test_fork_point__is_the_highest_shared_block():
    canonical = [header(8), header(9), header(10, "b")]
    assert fork_point(window(8, 10), canonical, bottom=None) == 9


def test_fork_point__below_finality__refuses():
    with pytest.raises(ReorgTooDeep, match="final here"):
        fork_point(window(8, 10), [header(number, "b") for number in (8, 9, 10)], bottom=None)


def test_fork_point__with_nothing_final__goes_back_to_before_the_first_block():
    assert fork_point(window(8, 10), [header(8, "b")], bottom=7) == 7


@pytest.mark.parametrize(
    ("headers", "parent"),
    [
        ([header(5), header(7)], "a4"),
        ([header(5), header(6, "b")], "a4"),
        ([header(5), header(6)], "b4"),
        ([header(5)], "a4"),
    ],
)
def test_check_links__gap_or_other_branch_or_other_parent__is_inconsistent(headers, parent):
    with pytest.raises(NodeInconsistent):
        check_links(headers, first=5, last=6, parent_hash=parent)


def test_check_links__one_chain_on_our_tip__passes():
    check_links([header(5), header(6)], first=5, last=6, parent_hash="a4")
    check_links([header(5), header(6)], first=5, last=6, parent_hash=None)


@pytest.mark.parametrize("seed", [1, 2])
def test_random_reorgs__leave_the_database_equal_to_a_fresh_index(market, start_indexing, seed):
    chance = random.Random(seed)
    indexing = start_indexing(market.deployment, market.node.rpc_url)
    market.open_datanet()
    rpc = market.client.rpc
    for _ in range(8):
        chance.choice([lambda: market.deposit(10**18), lambda: market.contribute(market.contributors[0])])()
        rpc("anvil_mine", hex(chance.randint(0, 2)))
        indexing.catch_up()
        # the node's finalized block is two behind its head, so only these two may change
        rpc("anvil_reorg", chance.choice([1, 2]), [])
        assert indexing.engine.progress.is_caught_up
        indexing.catch_up()
    assert indexing.engine.progress.rollbacks >= 4
    market.finalize_all()
    indexing.catch_up()
    fresh = start_indexing(market.deployment, market.node.rpc_url)
    fresh.catch_up()
    assert indexing.digest == fresh.digest


def test_reorg_past_finality__stops_the_index_instead_of_undoing_it(market, start_indexing):
    indexing = start_indexing(market.deployment, market.node.rpc_url)
    market.client.rpc("anvil_mine", "0x5")
    indexing.catch_up()
    before = indexing.digest
    market.client.rpc("anvil_reorg", 4, [])
    with pytest.raises(ReorgTooDeep):
        indexing.engine.step()
    indexing.engine.kick()
    assert "final here" in indexing.engine.progress.trouble
    assert indexing.digest == before


def test_node_set_back_below_our_finality__is_waited_for(market, start_indexing):
    rpc = market.client.rpc
    snapshot = rpc("evm_snapshot")
    rpc("anvil_mine", "0x8")
    indexing = start_indexing(market.deployment, market.node.rpc_url)
    indexing.catch_up()
    before = indexing.digest
    rpc("evm_revert", snapshot)
    step = indexing.engine.step()
    assert isinstance(step, Idle)
    assert "final already" in step.lag
    assert indexing.digest == before
