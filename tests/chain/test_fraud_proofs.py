"""Fraud proofs: honest trees have none, every planted fault is found, and hidden words are no proof."""

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.fraud_proofs import (
    ContributionProof,
    FallenProof,
    PlacedNode,
    ReceiptFields,
    SumProof,
    arguments,
    find_contribution_fraud,
    find_fraud,
    posted_tree,
)
from chain.merkle import (
    EMPTY,
    IndexedTree,
    keccak,
    reward_tree,
    share_leaf,
    sum_node,
    verify_indexed,
    verify_sum,
)
from tests.contracts.root_disputes.planted import FAULTS, HIDDEN, Orchard, by_account

PLACE = {"chain_id": 1, "distributor": "0x" + "11" * 20}
REWARDS = {f"0x{n * 2**150 + 7:040x}": 10 + n for n in range(1, 8)}


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.integers(1, 2**160 - 1), st.integers(0, 2**80), min_size=1, max_size=40), st.data())
def test_find_fraud__of_an_honest_tree__finds_nothing(amounts, data):
    before = {f"0x{account:040x}": amount for account, amount in amounts.items()}
    grown = {account: amount + data.draw(st.integers(0, 5)) for account, amount in before.items()}
    more = {**grown, f"0x{data.draw(st.integers(1, 2**160 - 1)):040x}": 2**81}
    trees = [posted_tree(reward_tree(**PLACE, rewards=rewards)) for rewards in (before, more)]
    assert find_fraud(trees[0]) is None
    assert find_fraud(trees[1], trees[0]) is None


@pytest.mark.parametrize("name", FAULTS)
def test_find_fraud__finds_every_planted_fault(name):
    plant, kind = FAULTS[name]
    previous = Orchard(**PLACE).honest(REWARDS)
    proof = find_fraud(plant(Orchard(**PLACE), REWARDS), previous)
    assert isinstance(proof, kind)
    epoch, *fields = arguments(proof, reward_epoch=3)
    assert epoch == 3
    assert len(fields) == len(dataclasses.fields(proof))


def test_find_fraud__grown_by_hand__equals_the_reward_tree():
    tree = posted_tree(reward_tree(**PLACE, rewards=REWARDS))
    grown = Orchard(**PLACE).honest(REWARDS)
    assert (grown.root, grown.leaf_count) == (tree.root, tree.leaf_count)
    assert find_fraud(grown) is None


def test_find_fraud__of_a_tree_of_one_leaf__finds_nothing():
    tree = posted_tree(reward_tree(**PLACE, rewards={"0x" + "22" * 20: 5}))
    assert find_fraud(tree, tree) is None


def test_find_fraud__of_the_highest_fault_on_a_path__is_provable():
    """With two faults on one path, only above the upper one do the sums add up."""
    orchard = Orchard(**PLACE)
    words = [orchard.leaf(account, amount) for account, amount in by_account(REWARDS)]
    proof = find_fraud(orchard.grow(words, sums={(1, 0): 1, (2, 0): 2}))
    assert isinstance(proof, SumProof)
    assert (proof.parent.index, len(proof.parent.proof)) == (0, 1)


def test_find_fraud__next_to_a_hidden_leaf__cannot_show_that_an_account_is_absent():
    orchard = Orchard(**PLACE)
    words = [orchard.leaf(account, amount) for account, amount in by_account(REWARDS)]
    previous = Orchard(**PLACE).honest(REWARDS)
    for place in (0, 3, 6):
        assert find_fraud(orchard.grow([*words[:place], HIDDEN, *words[place + 1 :]]), previous) is None


def test_find_fraud__of_an_account_that_had_nothing__is_no_fall():
    account = next(iter(REWARDS))
    previous = Orchard(**PLACE).honest({**REWARDS, account: 0})
    others = {holder: amount for holder, amount in REWARDS.items() if holder != account}
    assert find_fraud(Orchard(**PLACE).honest(others), previous) is None


def test_fallen_proof__holds_leaves_that_prove():
    previous = Orchard(**PLACE).honest(REWARDS)
    tree = FAULTS["middle account absent"][0](orchard := Orchard(**PLACE), REWARDS)
    proof = find_fraud(tree, previous)
    assert isinstance(proof, FallenProof)
    for leaf, root, count in [(proof.before, previous.root, 7), *((leaf, tree.root, 6) for leaf in proof.shown)]:
        word = orchard.leaf(leaf.account, leaf.cumulative_wei)
        assert verify_sum(root=root, leaf=word, index=leaf.index, proof=leaf.proof, leaf_count=count)
    assert [leaf.index for leaf in proof.shown] == [2, 3]


def test_arguments__are_plain_tuples():
    proof = SumProof(PlacedNode(sum_node(keccak(b"node"), 1), 2, (EMPTY,)), EMPTY, EMPTY)
    assert arguments(proof, reward_epoch=9) == (9, (proof.parent.node, 2, (EMPTY,)), EMPTY, EMPTY)


def receipts():
    shares = [[], [(3, 600_000), (8, -150_000), (21, 0)], [(5, 1)]]
    roots = [IndexedTree([share_leaf(contribution_id=i, share_ppm=ppm) for i, ppm in row]).root for row in shares]
    fields = [ReceiptFields(keccak(b"%d" % n), keccak(b"a"), keccak(b"b"), n, root) for n, root in enumerate(roots)]
    return list(zip(fields, shares, strict=True))


def test_find_contribution_fraud__proves_the_share():
    proof = find_contribution_fraud(receipts(), was_accepted=lambda number: number != 8, **PLACE)
    assert isinstance(proof, ContributionProof)
    assert (proof.receipt_index, proof.contribution_id, proof.share_ppm, proof.share_index) == (1, 8, -150_000, 1)
    leaf = share_leaf(contribution_id=8, share_ppm=-150_000)
    assert verify_indexed(root=proof.receipt.shares_root, leaf=leaf, index=1, proof=proof.share_proof)
    assert arguments(proof, reward_epoch=2)[1] == dataclasses.astuple(proof.receipt)


def test_find_contribution_fraud__where_all_were_accepted_or_got_nothing__finds_none():
    assert find_contribution_fraud(receipts(), was_accepted=lambda number: number != 21, **PLACE) is None
