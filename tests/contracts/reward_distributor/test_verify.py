"""verify_reward, verify_attribution: what posted roots say, for anyone, without a claim."""

import boa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chain.merkle import IndexedTree, keccak, receipt_leaf, share_leaf, sum_node

OPEN = 10**18
SHARES_PPM = {3: 600_000, 8: -150_000, 21: 250_000}


@pytest.fixture
def tree(rewards, contributors):
    """A pending root of five accounts."""
    rewards.accrue(100 * OPEN)
    rewards.end_epoch()
    return rewards.post_rewards({a: n + 1 for n, a in enumerate(contributors[:5])}, reward_epoch=1)


def reward_arguments(tree, account):
    return tree.claim_of(account)


def test_verify_reward__of_every_leaf__is_true(rewards, tree):
    for account in tree.accounts:
        assert rewards.distributor.verify_reward(1, *reward_arguments(tree, account))


def test_verify_reward__of_anything_else__is_false(rewards, tree, contributors):
    _, cumulative_wei, index, proof = reward_arguments(tree, contributors[0])
    verify = rewards.distributor.verify_reward
    assert not verify(1, contributors[1], cumulative_wei, index, proof)
    assert not verify(1, contributors[0], cumulative_wei + 1, index, proof)
    assert not verify(1, contributors[0], cumulative_wei, index ^ 1, proof)
    assert not verify(1, contributors[0], cumulative_wei, index, proof[:-1])
    assert not verify(1, contributors[0], 2**256 - 1, index, proof)
    assert not verify(2, contributors[0], cumulative_wei, index, proof)


def test_verify_reward__follows_the_status(rewards, tree, contributors):
    arguments = reward_arguments(tree, contributors[0])
    rewards.challenge(1)
    assert rewards.distributor.verify_reward(1, *arguments)
    rewards.distributor.resolve_challenge(1, True, sender=rewards.owner)
    assert not rewards.distributor.verify_reward(1, *arguments)
    rewards.post_rewards(dict(zip(tree.accounts, tree.cumulative_wei, strict=True)), reward_epoch=1, attempt=1)
    rewards.finalize(1)
    assert rewards.distributor.verify_reward(1, *arguments)


@pytest.mark.parametrize(("total_wei", "leaf_count"), [(14, 5), (16, 5), (15, 4), (15, 9)])
def test_verify_reward__under_a_root_with_a_false_total_or_count__is_false(
    rewards, contributors, total_wei, leaf_count
):
    rewards.accrue(100 * OPEN)
    tree = rewards.tree({account: n + 1 for n, account in enumerate(contributors[:5])})
    changes = {"root": sum_node(tree.root, total_wei), "total_wei": total_wei, "leaf_count": leaf_count}
    rewards.post(rewards.root(tree, reward_epoch=rewards.end_epoch(), **changes))
    for account in tree.accounts:
        assert not rewards.distributor.verify_reward(1, *reward_arguments(tree, account))


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    amounts=st.lists(st.integers(0, 10**6), min_size=1, max_size=40),
    position=st.integers(0, 39),
    other=st.integers(0, 63),
)
def test_verify_reward__equals_the_python_tree(rewards, amounts, position, other):
    with boa.env.anchor():
        accounts = ["0x" + keccak(bytes([n]))[:20].hex() for n in range(len(amounts))]
        rewards.accrue(OPEN)
        tree = rewards.tree(dict(zip(accounts, amounts, strict=True)))
        rewards.post(rewards.root(tree, reward_epoch=rewards.end_epoch()))
        account, amount, index, proof = reward_arguments(tree, accounts[position % len(accounts)])
        assert rewards.distributor.verify_reward(1, account, amount, index, proof)
        assert rewards.distributor.verify_reward(1, account, amount, other, proof) == (other == index)


class Attribution:
    """A pending root whose attribution tree has three receipts, the second with three shares."""

    def __init__(self, rewards, contributors):
        self.shares = IndexedTree([share_leaf(contribution_id=i, share_ppm=ppm) for i, ppm in SHARES_PPM.items()])
        fields = [(keccak(b"id %d" % n), keccak(b"adapter"), keccak(b"answer %d" % n), n) for n in range(3)]
        self.receipts = [(*row, self.shares.root if row[3] == 1 else bytes(32)) for row in fields]
        self.tree = IndexedTree(
            [
                receipt_leaf(
                    chain_id=rewards.chain_id,
                    distributor=rewards.distributor.address,
                    receipt_id=receipt_id,
                    adapter_digest=adapter_digest,
                    answer_hash=answer_hash,
                    fee_wei=fee_wei,
                    shares_root=shares_root,
                )
                for receipt_id, adapter_digest, answer_hash, fee_wei, shares_root in self.receipts
            ]
        )
        rewards.accrue(OPEN)
        reward_tree = rewards.tree({contributors[0]: OPEN})
        rewards.post(rewards.root(reward_tree, reward_epoch=rewards.end_epoch(), attribution_root=self.tree.root))

    def arguments(self, position, **changes):
        contribution_id = list(SHARES_PPM)[position]
        given = {
            "reward_epoch": 1,
            "receipt": self.receipts[1],
            "receipt_index": 1,
            "receipt_proof": self.tree.proof(1),
            "contribution_id": contribution_id,
            "share_ppm": SHARES_PPM[contribution_id],
            "share_index": position,
            "share_proof": self.shares.proof(position),
        }
        return list({**given, **changes}.values())


@pytest.fixture
def attribution(rewards, contributors):
    return Attribution(rewards, contributors)


@pytest.mark.parametrize("position", [0, 1, 2])
def test_verify_attribution__of_every_share__is_true(rewards, attribution, position):
    assert rewards.distributor.verify_attribution(*attribution.arguments(position))


@pytest.mark.parametrize(
    "changes",
    [
        {"reward_epoch": 2},
        {"receipt_index": 0},
        {"receipt_index": 5},
        {"receipt_proof": []},
        {"contribution_id": 4},
        {"share_ppm": 600_001},
        {"share_ppm": -600_000},
        {"share_index": 1},
        {"share_index": 4},
        {"share_proof": []},
    ],
)
def test_verify_attribution__of_anything_else__is_false(rewards, attribution, changes):
    assert not rewards.distributor.verify_attribution(*attribution.arguments(0, **changes))


@pytest.mark.parametrize("field", range(5))
def test_verify_attribution__of_another_receipt__is_false(rewards, attribution, field):
    receipt = list(attribution.receipts[1])
    receipt[field] = 7 if field == 3 else keccak(b"false")
    assert not rewards.distributor.verify_attribution(*attribution.arguments(0, receipt=tuple(receipt)))


def test_verify_attribution__under_a_void_root__is_false(rewards, attribution):
    rewards.challenge(1)
    assert rewards.distributor.verify_attribution(*attribution.arguments(0))
    rewards.distributor.resolve_challenge(1, True, sender=rewards.owner)
    assert not rewards.distributor.verify_attribution(*attribution.arguments(0))
