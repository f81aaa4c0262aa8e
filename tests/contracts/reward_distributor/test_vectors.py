"""The golden vectors on chain: a distributor at their address, on their chain, verifies every one of them."""

import json
from dataclasses import replace
from pathlib import Path

import boa
import pytest

VECTORS = Path(__file__).parents[2] / "vectors"


def vectors(name):
    return json.loads((VECTORS / name).read_text(encoding="utf-8"))


def unhex(text):
    return bytes.fromhex(text[2:])


@pytest.fixture
def there(rewards, factory):
    """The same roles at the vectors' address and chain."""
    document = vectors("reward_trees.json")
    boa.env.evm.patch.chain_id = document["chain_id"]
    distributor = factory("RewardDistributor").deploy(
        rewards.token,
        rewards.treasury,
        rewards.owner,
        86_400,
        259_200,
        432_000,
        1,
        1,
        override_address=document["distributor"],
    )
    distributor.set_signers(rewards.distributor.signers(), 2, sender=rewards.owner)
    distributor.set_accruer(rewards.accruer, sender=rewards.owner)
    rewards.token.approve(distributor, 1, sender=rewards.poster)
    yield replace(rewards, distributor=distributor, chain_id=document["chain_id"])
    boa.env.evm.patch.chain_id = rewards.chain_id


@pytest.mark.parametrize("number", range(6))
def test_reward_vectors__are_verified_on_chain(there, number):
    document = vectors("reward_trees.json")
    expected = document["trees"][number]
    there.accrue(int(expected["total_wei"]))
    rewards = {row["account"]: int(row["cumulative_wei"]) for row in expected["rewards"]}
    there.post_rewards(rewards, reward_epoch=there.end_epoch())
    assert there.distributor.root(1).root == unhex(expected["root"])
    for row in expected["proofs"]:
        nodes = list(map(unhex, row["proof"]))
        leaf = (row["account"], int(row["cumulative_wei"]), row["index"])
        assert there.distributor.verify_reward(1, *leaf, nodes)


@pytest.mark.parametrize("number", range(4))
def test_attribution_vectors__are_verified_on_chain(there, contributors, number):
    expected = vectors("attribution_trees.json")["trees"][number]
    there.accrue(1)
    tree = there.tree({contributors[0]: 1})
    there.post(there.root(tree, reward_epoch=there.end_epoch(), attribution_root=unhex(expected["root"])))
    for index, row in enumerate(expected["receipts"]):
        names = ("receipt_id", "adapter_digest", "answer_hash")
        receipt = (*(unhex(row[name]) for name in names), int(row["fee_wei"]), unhex(row["shares_root"]))
        place = (1, receipt, index, list(map(unhex, row["proof"])))
        for position, share in enumerate(row["shares"]):
            found = (share["contribution_id"], share["share_ppm"], position, list(map(unhex, share["proof"])))
            assert there.distributor.verify_attribution(*place, *found)
        if not row["shares"]:
            assert not there.distributor.verify_attribution(*place, 1, 0, 0, [])


def test_root_vectors__have_the_digests_of_the_chain(there):
    for row in vectors("typed_data.json")["reward_roots"]:
        values = [unhex(v) if v.startswith("0x") else int(v) for v in row["message"].values()]
        assert there.distributor.root_digest(tuple(values)) == unhex(row["digest"])
