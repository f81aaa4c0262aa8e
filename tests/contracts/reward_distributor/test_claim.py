"""claim: pays the account, what its leaf gives and it has not had, once."""

from dataclasses import replace

import boa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chain.merkle import EMPTY, SumTree, keccak, reward_leaf, sum_node, sum_of

OPEN = 10**18
NO_PROOF = "distributor: proof does not lead to the root"


@pytest.fixture
def tree(rewards, contributors):
    return rewards.final_rewards({account: (n + 1) * OPEN for n, account in enumerate(contributors[:5])})


def claim_with(rewards, account, cumulative_wei, index, proof):
    return rewards.distributor.claim(account, cumulative_wei, index, proof)


def test_claim__pays_the_account_and_logs_it(rewards, contributors, tree, events, outsider):
    account = contributors[2]
    index, cumulative_wei, proof = tree.proof_of(account)
    paid = rewards.distributor.claim(account, cumulative_wei, index, proof, sender=outsider)
    logged = events(rewards.distributor, "Claimed")
    assert paid == cumulative_wei == 3 * OPEN == rewards.token.balanceOf(account)
    assert rewards.token.balanceOf(outsider) == 0
    assert rewards.distributor.claimed(account) == cumulative_wei
    assert logged == [{"account": account, "reward_epoch": 1, "amount_wei": 3 * OPEN, "cumulative_wei": 3 * OPEN}]


def test_claim__by_everyone__leaves_nothing_owed(rewards, contributors, tree):
    for account in contributors[:5]:
        rewards.claim(tree, account)
    assert rewards.distributor.owed_wei() == rewards.token.balanceOf(rewards.distributor) == 0


def test_claim__of_a_later_root__pays_the_difference(rewards, contributors, tree):
    account = contributors[0]
    rewards.claim(tree, account)
    later = rewards.final_rewards({**dict(zip(tree.accounts, tree.cumulative_wei, strict=True)), account: 9 * OPEN})
    assert rewards.claim(later, account) == 8 * OPEN


def test_claim__twice__reverts(rewards, contributors, tree):
    rewards.claim(tree, contributors[0])
    with boa.reverts("distributor: nothing to claim"):
        rewards.claim(tree, contributors[0])


def test_claim__without_a_final_root__reverts(rewards, contributors):
    with boa.reverts("distributor: no final root"):
        rewards.distributor.claim(contributors[0], 1, 0, [])


def test_claim__from_a_pending_root__reverts(rewards, contributors, tree):
    rewards.accrue(OPEN)
    later = rewards.tree({contributors[7]: 16 * OPEN})
    rewards.post(rewards.root(later, reward_epoch=rewards.end_epoch()))
    with boa.reverts(NO_PROOF):
        rewards.claim(later, contributors[7])


def test_claim__while_a_later_root_is_challenged__pays(rewards, contributors, tree):
    rewards.accrue(OPEN)
    epoch = rewards.end_epoch()
    rewards.post_rewards({contributors[7]: 16 * OPEN}, reward_epoch=epoch)
    rewards.challenge(epoch)
    assert rewards.claim(tree, contributors[1]) == 2 * OPEN


def test_claim__with_anothers_proof__reverts(rewards, contributors, tree):
    with boa.reverts(NO_PROOF):
        claim_with(rewards, contributors[0], *tree.proof_of(contributors[1]))


def test_claim__for_an_account_without_a_leaf__reverts(rewards, contributors, tree):
    with boa.reverts(NO_PROOF):
        claim_with(rewards, contributors[7], *tree.proof_of(contributors[1]))


@pytest.mark.parametrize("change", [-1, 1])
def test_claim__of_another_amount__reverts(rewards, contributors, tree, change):
    index, cumulative_wei, proof = tree.proof_of(contributors[1])
    with boa.reverts(NO_PROOF):
        claim_with(rewards, contributors[1], cumulative_wei + change, index, proof)


@pytest.mark.parametrize("index", [0, 1, 2, 3, 4, 5, 8, 2**32, 2**255])
def test_claim__at_another_place__reverts(rewards, contributors, tree, index):
    right_index, cumulative_wei, proof = tree.proof_of(contributors[1])
    if index == right_index:
        index = right_index + 8  # the same path, past the tree
    with boa.reverts(NO_PROOF):
        claim_with(rewards, contributors[1], cumulative_wei, index, proof)


def test_claim__with_a_proof_of_another_length__reverts(rewards, contributors, tree):
    index, cumulative_wei, proof = tree.proof_of(contributors[1])
    for other in (proof[:-1], [*proof, EMPTY], [], [EMPTY] * 32):
        with boa.reverts(NO_PROOF):
            claim_with(rewards, contributors[1], cumulative_wei, index, other)


def test_claim__with_sums_that_pass_their_width__reverts(rewards, contributors, tree):
    index, cumulative_wei, proof = tree.proof_of(contributors[1])
    for amount, first in ((cumulative_wei, sum_node(proof[0], 2**96 - 1)), (2**256 - 1, proof[0]), (2**96, proof[0])):
        with boa.reverts(NO_PROOF):
            claim_with(rewards, contributors[1], amount, index, [first, *proof[1:]])


def test_claim__from_a_tree_whose_sum_reaches_into_its_hash__reverts(rewards, contributors):
    """The root's low bits are right; on the way its sum carried into the hash."""
    account, amount = contributors[0], 2**95
    hashed = {"chain_id": rewards.chain_id, "distributor": rewards.distributor.address}
    leaf = reward_leaf(**hashed, account=account, cumulative_wei=amount)
    sibling = sum_node(keccak(b"sibling"), 2**95 + 7)
    carried = int.from_bytes(keccak(leaf + sibling)[:20] + bytes(12), "big") | (2**96 + 7)
    rewards.accrue(7)
    root = rewards.root(rewards.tree({account: 7}), reward_epoch=rewards.end_epoch())
    rewards.post(replace(root, root=carried.to_bytes(32, "big"), leaf_count=2))
    assert not rewards.distributor.verify_reward(1, account, amount, 0, [sibling])
    rewards.finalize(1)
    with boa.reverts(NO_PROOF):
        claim_with(rewards, account, amount, 0, [sibling])


@pytest.mark.parametrize("height", [0, 1, 2])
@pytest.mark.parametrize("place", [0, 19, 31])
def test_claim__with_an_altered_sibling__reverts(rewards, contributors, tree, height, place):
    """A bit of its hash, at both ends, and one of its sum."""
    index, cumulative_wei, proof = tree.proof_of(contributors[1])
    changed = bytearray(proof[height])
    changed[place] ^= 1
    proof[height] = bytes(changed)
    with boa.reverts(NO_PROOF):
        claim_with(rewards, contributors[1], cumulative_wei, index, proof)


def test_claim__with_an_inner_node_as_leaf__reverts(rewards, contributors, tree):
    """The amount of an inner node is the sum below it; its hash cannot be the double hash of any account."""
    inner = SumTree(
        [
            reward_leaf(
                chain_id=rewards.chain_id,
                distributor=rewards.distributor.address,
                account=account,
                cumulative_wei=amount,
            )
            for account, amount in zip(tree.accounts[:2], tree.cumulative_wei[:2], strict=True)
        ]
    ).root
    for proof in (tree.tree.proof(0)[1:], [EMPTY, *tree.tree.proof(0)[1:]]):
        with boa.reverts(NO_PROOF):
            claim_with(rewards, tree.accounts[0], sum_of(inner), 0, proof)


def test_claim__past_what_is_left_of_the_total__reverts(rewards, contributors):
    """All signers together moved an amount that was claimed to another account: the pool does not pay it twice."""
    honest, thief = contributors[:2]
    rewards.claim(rewards.final_rewards({honest: 10 * OPEN}), honest)
    false = rewards.final_rewards({thief: 11 * OPEN}, accrued_wei=OPEN)
    with boa.reverts("distributor: claims above total"):
        rewards.claim(false, thief)


def test_claim__of_one_leaf__needs_no_proof(rewards, contributors):
    tree = rewards.final_rewards({contributors[0]: OPEN})
    assert tree.tree.depth == 0
    assert rewards.claim(tree, contributors[0]) == OPEN


amounts = st.lists(st.integers(1, 10**24), min_size=1, max_size=12)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(amounts=amounts, seed=st.integers(0, 2**128))
def test_claim__of_any_tree__pays_every_leaf_and_nothing_else(rewards, amounts, seed):
    with boa.env.anchor():
        accounts = ["0x" + (seed + 1 + n * 2**130).to_bytes(20, "big")[-20:].hex() for n in range(len(amounts))]
        tree = rewards.final_rewards(dict(zip(accounts, amounts, strict=True)))
        for account, amount in zip(accounts, amounts, strict=True):
            assert rewards.claim(tree, account) == amount == rewards.token.balanceOf(account)
        assert rewards.token.balanceOf(rewards.distributor) == 0
