"""claim_many: several leaves in one call, all or none, and nobody can spoil it by claiming first."""

import boa
import pytest

from chain.merkle import keccak, sum_node, sum_parent

OPEN = 10**18


@pytest.fixture
def tree(rewards, contributors):
    return rewards.final_rewards({account: (n + 1) * OPEN for n, account in enumerate(contributors[:5])})


def test_claim_many__pays_every_account_and_logs_it(rewards, contributors, tree, events, outsider):
    chosen = contributors[1:4]
    paid = rewards.distributor.claim_many([tree.claim_of(account) for account in chosen], sender=outsider)
    assert paid == 9 * OPEN
    assert [rewards.token.balanceOf(account) for account in chosen] == [2 * OPEN, 3 * OPEN, 4 * OPEN]
    assert [row["account"] for row in events(rewards.distributor, "Claimed")] == chosen
    assert rewards.distributor.owed_wei() == rewards.token.balanceOf(rewards.distributor) == 6 * OPEN


def test_claim_many__passes_over_who_has_had_everything(rewards, contributors, tree, events):
    rewards.claim(tree, contributors[0])
    leaves = [tree.claim_of(account) for account in (contributors[0], contributors[1], contributors[1])]
    assert rewards.distributor.claim_many(leaves) == 2 * OPEN
    assert [row["account"] for row in events(rewards.distributor, "Claimed")] == [contributors[1]]


def test_claim_many__of_nothing__pays_nothing(rewards, tree):
    assert rewards.distributor.claim_many([]) == 0


def test_claim_many__with_one_false_proof__reverts(rewards, contributors, tree):
    account, amount, index, proof = tree.claim_of(contributors[1])
    with boa.reverts("distributor: a proof does not lead to the root"):
        rewards.distributor.claim_many([tree.claim_of(contributors[0]), (account, amount + 1, index, proof)])


def test_claim_many__without_a_final_root__reverts(rewards):
    with boa.reverts("distributor: no final root"):
        rewards.distributor.claim_many([])


def test_claim_many__past_the_total__reverts(rewards, contributors):
    honest, thief = contributors[:2]
    rewards.claim(rewards.final_rewards({honest: 10 * OPEN}), honest)
    false = rewards.final_rewards({thief: 6 * OPEN, honest: 5 * OPEN}, accrued_wei=OPEN)
    with boa.reverts("distributor: claims above total"):
        rewards.distributor.claim_many([false.claim_of(thief)])


def test_claim_many__of_the_most_leaves_in_the_largest_tree__stays_within_the_gas_bound(rewards):
    """32 accounts at the left end of a tree of 2^32 leaves, of which the others are nodes without a known preimage."""
    accounts = [f"0x{n + 1:040x}" for n in range(32)]
    tree = rewards.tree(dict.fromkeys(accounts, OPEN))
    siblings = [sum_node(keccak(b"%d" % height), 0) for height in range(5, 32)]
    node = tree.root
    for sibling in siblings:
        node = sum_parent(node, sibling)
    rewards.accrue(32 * OPEN)
    rewards.post(rewards.root(tree, reward_epoch=rewards.end_epoch(), root=node, leaf_count=2**32))
    rewards.finalize(1)
    claims = map(tree.claim_of, accounts)
    leaves = [(account, amount, index, [*proof, *siblings]) for account, amount, index, proof in claims]
    assert rewards.distributor.claim_many(leaves) == 32 * OPEN
    calldata_gas = 32 * (36 * 32 * 16)
    assert rewards.distributor._computation.get_gas_used() + calldata_gas < 8_000_000
