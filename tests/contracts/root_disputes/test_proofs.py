"""prove_sum to prove_fallen: every planted fault makes its root void, and no honest root can be hurt."""

from dataclasses import replace
from itertools import pairwise

import boa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chain.fraud_proofs import (
    FallenProof,
    LeafCountProof,
    LeafProof,
    OrderProof,
    PlacedNode,
    ProvenLeaf,
    SumProof,
    find_fraud,
)
from chain.merkle import EMPTY, depth_of, keccak, sum_node, sum_parent
from tests.contracts.root_disputes.planted import FAULTS, by_account

POSTED, CHALLENGED, FINAL, VOID = 1, 2, 4, 8
FLAGS = {SumProof: 1, LeafProof: 2, LeafCountProof: 4, OrderProof: 8, FallenProof: 16}


@pytest.fixture
def previous(disputes, seven):
    """The honest root of epoch 1, pending."""
    tree = disputes.new_orchard().honest(seven)
    disputes.post_tree(tree)
    return tree


def places(tree):
    """Every node of a tree, padding included, by (height, index)."""
    depth = depth_of(tree.leaf_count)
    found = {(depth, 0): PlacedNode(tree.root, 0, ())}
    for height in range(depth, 0, -1):
        for index in range(1 << depth - height):
            place = found[height, index]
            pair = (EMPTY, EMPTY) if place.node == EMPTY else tree.children[place.node[:20]]
            for side in (0, 1):
                proof = (pair[1 - side], *place.proof)
                found[height - 1, 2 * index + side] = PlacedNode(pair[side], 2 * index + side, proof)
    return found


def leaf_at(tree, index):
    place = places(tree)[0, index]
    account, amount = tree.leaves[place.node[:20]]
    return ProvenLeaf(account, amount, index, place.proof)


@pytest.mark.parametrize("name", FAULTS)
def test_prove__of_every_planted_fault__voids_the_root(disputes, seven, previous, events, name):
    plant, kind = FAULTS[name]
    tree = plant(disputes.new_orchard(), seven)
    root = disputes.post_tree(tree)
    proof = find_fraud(tree, previous)
    assert isinstance(proof, kind)
    before = disputes.balance(disputes.prover)
    disputes.prove(proof, reward_epoch=2)
    logged = events(disputes.contract, "RootDisproved")
    assert logged == [{"reward_epoch": 2, "attempt": 0, "prover": disputes.prover, "fault": FLAGS[kind]}]
    assert [disputes.status(1), disputes.status(2)] == [POSTED, VOID]
    bond = disputes.distributor.ROOT_BOND_WEI()
    assert disputes.balance(disputes.prover) - before == bond - bond // 2
    assert disputes.distributor.owed_wei() == disputes.balance(disputes.distributor)
    assert disputes.distributor.root(2).root == root.root
    with boa.reverts("disputes: root not pending"):
        disputes.prove(proof, reward_epoch=2)


def test_prove__of_a_challenged_root__voids_it_and_frees_the_challengers(disputes, seven, previous):
    tree = FAULTS["account twice"][0](disputes.new_orchard(), seven)
    disputes.post_tree(tree)
    disputes.rewards.challenge(2)
    disputes.prove(find_fraud(tree), reward_epoch=2)
    assert disputes.status(2) == VOID
    refund = disputes.distributor.withdraw_bond(sender=disputes.rewards.challenger)
    assert refund == disputes.distributor.CHALLENGE_BOND_WEI()


def test_prove__after_the_window_of_a_root_that_nobody_made_final__voids_it(disputes, seven, previous):
    tree = FAULTS["account twice"][0](disputes.new_orchard(), seven)
    disputes.post_tree(tree)
    boa.env.timestamp += 10**8
    disputes.prove(find_fraud(tree), reward_epoch=2)
    assert disputes.status(2) == VOID


def test_prove__of_a_final_root__is_too_late(disputes, seven):
    tree = FAULTS["account twice"][0](disputes.new_orchard(), seven)
    disputes.post_tree(tree)
    disputes.rewards.finalize(1)
    with boa.reverts("disputes: root not pending"):
        disputes.prove(find_fraud(tree), reward_epoch=1)


def test_prove__of_an_epoch_without_a_root__reverts(disputes, seven, previous):
    proof = find_fraud(FAULTS["account twice"][0](disputes.new_orchard(), seven))
    with boa.reverts("disputes: root not pending"):
        disputes.prove(proof, reward_epoch=2)


def test_prove__with_the_fault_of_another_root__reverts(disputes, seven, previous):
    proof = find_fraud(FAULTS["sum too high"][0](disputes.new_orchard(), seven))
    with boa.reverts("disputes: node not under the root"):
        disputes.prove(proof, reward_epoch=1)


def test_prove_sum__with_an_index_past_its_height__reverts(disputes, seven, previous):
    tree = FAULTS["sum too high"][0](disputes.new_orchard(), seven)
    disputes.post_tree(tree)
    proof = find_fraud(tree)
    far = replace(proof.parent, index=proof.parent.index + (1 << len(proof.parent.proof)))
    with boa.reverts("disputes: node not under the root"):
        disputes.prove(replace(proof, parent=far), reward_epoch=2)


def test_prove_sum__of_a_lower_fault_under_another__reverts(disputes, seven, previous):
    """Only the highest fault of a path has sums that add up above it; it voids the root as well."""
    orchard = disputes.new_orchard()
    words = [orchard.leaf(account, amount + 1_000) for account, amount in by_account(seven)]
    tree = orchard.grow(words, sums={(1, 0): 1, (2, 0): 2})
    disputes.post_tree(tree)
    lower = SumProof(PlacedNode(sum_node(sum_parent(*words[:2]), 1), 0, places(tree)[1, 0].proof), *words[:2])
    with boa.reverts("disputes: node not under the root"):
        disputes.prove(lower, reward_epoch=2)
    disputes.prove(find_fraud(tree), reward_epoch=2)
    assert disputes.status(2) == VOID


def test_prove_sum__with_sums_that_pass_their_width__reverts(disputes, seven, previous):
    proof = SumProof(PlacedNode(sum_node(keccak(b"1"), 2**96 - 1), 0, (sum_node(keccak(b"2"), 1),)), EMPTY, EMPTY)
    with boa.reverts("disputes: node not under the root"):
        disputes.prove(proof, reward_epoch=1)


@pytest.fixture
def honest(disputes, previous, seven):
    """The honest root of epoch 2; every account has more, and there is one more."""
    rewards = {account: amount + 5 for account, amount in seven.items()}
    tree = disputes.new_orchard().honest({**rewards, "0x" + "77" * 20: 3})
    disputes.post_tree(tree)
    return tree


def test_prove_sum__of_any_node_of_an_honest_tree__reverts(disputes, honest):
    for (height, _), place in places(honest).items():
        if height == 0:
            continue
        pair = honest.children.get(place.node[:20], (EMPTY, EMPTY))
        with boa.reverts("disputes: sums add up"):
            disputes.prove(SumProof(place, *pair), reward_epoch=2)
        with boa.reverts("disputes: not the node's children"):
            disputes.prove(SumProof(place, *reversed(pair)), reward_epoch=2)


def test_prove_sum__below_the_leaves__reverts(disputes, honest):
    leaf = places(honest)[0, 0]
    with boa.reverts("disputes: below the leaves"):
        disputes.prove(SumProof(replace(leaf, proof=(EMPTY, *leaf.proof)), EMPTY, EMPTY), reward_epoch=2)


def test_prove_sum__of_padding__reverts(disputes, seven):
    """Among the leaves, an EMPTY place is no inner node."""
    tree = disputes.new_orchard().honest(dict(by_account(seven)[:5]))
    disputes.post_tree(tree)
    for (height, _), place in places(tree).items():
        if place.node == EMPTY:
            with boa.reverts("disputes: sums add up"):
                disputes.prove(SumProof(place, EMPTY, EMPTY), reward_epoch=1)
            with boa.reverts("disputes: leaf count is right"):
                disputes.prove(LeafCountProof(place), reward_epoch=1)
            assert height <= 1


def test_prove_leaf__of_any_leaf_of_an_honest_tree__reverts(disputes, honest):
    for index in range(honest.leaf_count):
        leaf = leaf_at(honest, index)
        place = places(honest)[0, index]
        with boa.reverts("disputes: leaf is as it should be"):
            disputes.prove(LeafProof(place, leaf.account, leaf.cumulative_wei), reward_epoch=2)
        with boa.reverts("disputes: not that leaf"):
            disputes.prove(LeafProof(place, leaf.account, leaf.cumulative_wei + 1), reward_epoch=2)


def test_prove_leaf_count__of_any_node_of_an_honest_tree__reverts(disputes, honest):
    for place in places(honest).values():
        with boa.reverts("disputes: leaf count is right"):
            disputes.prove(LeafCountProof(place), reward_epoch=2)


def test_prove_order__of_any_two_leaves_of_an_honest_tree__reverts(disputes, honest):
    leaves = [leaf_at(honest, index) for index in range(honest.leaf_count)]
    for left in leaves:
        for right in leaves:
            reason = "accounts ascend" if left.index < right.index else "leaves not left to right"
            with boa.reverts(f"disputes: {reason}"):
                disputes.prove(OrderProof(left, right), reward_epoch=2)


@pytest.mark.parametrize("place", ["left", "right"])
def test_prove_order__with_a_leaf_that_is_not_there__reverts(disputes, honest, place):
    proof = OrderProof(leaf_at(honest, 1), leaf_at(honest, 2))
    leaf = getattr(proof, place)
    with boa.reverts("disputes: leaf not under the root"):
        disputes.prove(replace(proof, **{place: replace(leaf, cumulative_wei=1)}), reward_epoch=2)


def test_prove_fallen__of_any_account_of_an_honest_tree__reverts(disputes, honest, previous):
    before = [leaf_at(previous, index) for index in range(previous.leaf_count)]
    now = [leaf_at(honest, index) for index in range(honest.leaf_count)]
    for leaf in before:
        with boa.reverts("disputes: no leaf shown"):
            disputes.prove(FallenProof(leaf, ()), reward_epoch=2)
        for shown in (*((one,) for one in now), *pairwise(now), (now[0], now[-1])):
            own = len(shown) == 1 and shown[0].account == leaf.account
            reason = "amount has not fallen" if own else "account may have a leaf"
            with boa.reverts(f"disputes: {reason}"):
                disputes.prove(FallenProof(leaf, shown), reward_epoch=2)


def test_prove_fallen__of_an_account_that_had_nothing__reverts(disputes, seven):
    account = by_account(seven)[3][0]
    previous = disputes.new_orchard().honest({**seven, account: 0})
    disputes.post_tree(previous)
    tree = disputes.new_orchard().honest({holder: wei + 100 for holder, wei in seven.items() if holder != account})
    disputes.post_tree(tree)
    with boa.reverts("disputes: amount has not fallen"):
        disputes.prove(FallenProof(leaf_at(previous, 3), (leaf_at(tree, 2), leaf_at(tree, 3))), reward_epoch=2)


def test_prove_fallen__of_a_first_root__has_nothing_before(disputes, previous):
    with boa.reverts("disputes: leaf not under the root"):
        disputes.prove(FallenProof(leaf_at(previous, 0), (leaf_at(previous, 0),)), reward_epoch=1)


def test_prove_fallen__with_leaves_that_are_not_neighbours__reverts(disputes, seven, previous):
    rewards = {account: wei + 100 for account, wei in seven.items()}
    tree = disputes.new_orchard().honest(rewards)
    disputes.post_tree(tree)
    shown = (leaf_at(tree, 1), leaf_at(tree, 4))
    with boa.reverts("disputes: account may have a leaf"):
        disputes.prove(FallenProof(leaf_at(previous, 2), shown), reward_epoch=2)


def test_prove_fallen__against_a_final_root_before__voids(disputes, seven, previous):
    disputes.rewards.finalize(1)
    tree = FAULTS["amount fallen"][0](disputes.new_orchard(), seven)
    disputes.post_tree(tree)
    epoch = disputes.distributor.last_posted_epoch()
    disputes.prove(find_fraud(tree, previous), reward_epoch=epoch)
    assert disputes.status(epoch) == VOID


def test_prove_fallen__in_the_largest_trees__stays_within_the_gas_bound(disputes):
    """Of 2^32 leaves the first two are shown, between which an account is missing that was the first before."""
    orchard = disputes.new_orchard()
    account = "0x" + "05" * 20
    before = orchard.leaf(account, 9)
    left, right = orchard.leaf("0x" + "04" * 20, 20), orchard.leaf("0x" + "06" * 20, 30)
    others = tuple(sum_node(keccak(b"%d" % height), 0) for height in range(32))
    for node, above in ((before, others), (sum_parent(left, right), others[1:])):
        for sibling in above:
            node = sum_parent(node, sibling)
        disputes.post_tree(replace(disputes.new_orchard().grow([node]), leaf_count=2**32))
    shown = (
        ProvenLeaf("0x" + "04" * 20, 20, 0, (right, *others[1:])),
        ProvenLeaf("0x" + "06" * 20, 30, 1, (left, *others[1:])),
    )
    disputes.prove(FallenProof(ProvenLeaf(account, 9, 0, others), shown), reward_epoch=2)
    assert disputes.status(2) == VOID
    assert disputes.contract._computation.get_gas_used() < 1_000_000


amounts = st.dictionaries(st.integers(1, 2**160 - 1), st.integers(0, 2**60), min_size=1, max_size=12)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(before=amounts, more=amounts, data=st.data())
def test_prove__with_any_proof_and_any_change_to_it__never_hurts_an_honest_tree(disputes, before, more, data):
    """True nodes of the tree in every role, then with one of their parts altered: nothing goes through."""
    with boa.env.anchor():
        now = {account: before.get(account, 0) + more.get(account, 0) for account in {*before, *more}}
        trees = [disputes.new_orchard().honest({f"0x{a:040x}": n for a, n in rows.items()}) for rows in (before, now)]
        for tree in trees:
            disputes.rewards.accrue(2**70)
            disputes.post_tree(tree)
        for _ in range(5):
            proof = draw_proof(data, trees)
            with pytest.raises(boa.BoaError):
                disputes.prove(proof, reward_epoch=data.draw(st.integers(1, 2)))
        assert [disputes.status(epoch) for epoch in (1, 2)] == [POSTED, POSTED]


def draw_proof(data, trees):
    tree = data.draw(st.sampled_from(trees))
    nodes = st.sampled_from(sorted(places(tree).items()))
    words = st.sampled_from([EMPTY, *(place.node for place in places(tree).values())])
    kind = data.draw(st.sampled_from(list(FLAGS)))
    if kind is SumProof:
        place = data.draw(nodes)[1]
        pair = tree.children.get(place.node[:20], (EMPTY, EMPTY))
        pair = data.draw(st.sampled_from([pair, (data.draw(words), data.draw(words))]))
        return SumProof(changed_place(data, place, words), *pair)
    if kind is LeafCountProof:
        return LeafCountProof(changed_place(data, data.draw(nodes)[1], words))
    leaves = [changed_leaf(data, data.draw(st.sampled_from(trees)), words) for _ in range(3)]
    if kind is LeafProof:
        place = changed_place(data, data.draw(nodes)[1], words)
        return LeafProof(place, leaves[0].account, leaves[0].cumulative_wei)
    if kind is OrderProof:
        return OrderProof(*leaves[:2])
    return FallenProof(leaves[0], tuple(leaves[1 : data.draw(st.integers(1, 3))]))


def changed_place(data, place, words):
    return data.draw(
        st.sampled_from(
            [
                place,
                replace(place, index=data.draw(st.integers(0, 40))),
                replace(place, node=data.draw(words)),
                replace(place, node=sum_node(place.node, data.draw(st.integers(0, 2**96 - 1)))),
                replace(place, proof=place.proof[1:]),
                replace(place, proof=(data.draw(words), *place.proof)),
                replace(place, proof=(*place.proof, EMPTY)),
            ]
        )
    )


def changed_leaf(data, tree, words):
    leaf = leaf_at(tree, data.draw(st.integers(0, tree.leaf_count - 1)))
    other = leaf_at(tree, data.draw(st.integers(0, tree.leaf_count - 1)))
    return data.draw(
        st.sampled_from(
            [
                leaf,
                replace(leaf, cumulative_wei=data.draw(st.integers(0, 2**96))),
                replace(leaf, account=other.account),
                replace(leaf, index=other.index),
                replace(leaf, proof=other.proof),
                replace(leaf, proof=(*leaf.proof, data.draw(words))),
            ]
        )
    )


def test_draw_proof__reaches_real_faults(disputes, seven, previous):
    """The property above is no accident: the same calls go through where the tree is false."""
    tree = FAULTS["accounts swapped"][0](disputes.new_orchard(), seven)
    disputes.post_tree(tree)
    disputes.prove(OrderProof(leaf_at(tree, 1), leaf_at(tree, 2)), reward_epoch=2)
    assert disputes.status(2) == VOID
