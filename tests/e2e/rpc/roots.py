"""Reward roots: what the oracle's signers would compute, sign and post for the sales of a reward epoch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from eth_abi import encode
from eth_utils.crypto import keccak

from tests.e2e.rpc.node import Receipt
from tests.e2e.rpc.signing import REWARD_ROOT, sign
from tests.e2e.rpc.stage import Sale, Stage
from tests.e2e.rpc.trees import EMPTY, Tree, chunk_tree, chunks_of, share_leaf, sum_of, sum_parent

PPM = 1_000_000
POSTED, CHALLENGED, FINAL, VOID = 1, 2, 4, 8
# of the three signers, two sign
THRESHOLD = 2
# influence of the contributions, by role, in the first epoch and in the second
SHARES = (
    {"good": 500_000, "misjudged": 300_000, "late": 200_000},
    {"good": 700_000, "misjudged": -100_000, "late": 200_000},
)

Leaf = tuple[str, int]  # account in lower case, cumulative wei
ProvenLeaf = tuple[str, int, int, list[bytes]]


@dataclass(frozen=True, slots=True)
class Root:
    """Everything that a posted root commits to."""

    reward_epoch: int
    leaves: Sequence[Leaf]
    tree: Tree
    leaf_count: int
    # one answer: its leaf's fields, and the shares of contributions in it
    receipt: tuple[Any, ...]
    shares: Sequence[tuple[int, int]]
    chunks: Sequence[bytes]

    @property
    def total_wei(self) -> int:
        return sum_of(self.tree.root)

    def proven(self, index: int) -> ProvenLeaf:
        """A leaf as `claim`, `claim_many` and the proofs take it."""
        return (*self.leaves[index], index, self.tree.proof(index))

    def index_of(self, account: str) -> int:
        """The place of an account's leaf."""
        return [leaf[0] for leaf in self.leaves].index(account.lower())

    def share(self, index: int) -> tuple[Any, ...]:
        """A contribution's share as `verify_attribution` and `prove_contribution` take it."""
        proof = Tree.over([share_leaf(*share) for share in self.shares]).proof(index)
        # the only receipt is its own root
        return (self.receipt, 0, [], *self.shares[index], index, proof)


def rewards_of(stage: Stage, sale: Sale, shares: Mapping[str, int]) -> dict[str, int]:
    """Cumulative amounts: those of the last final root, and what this sale adds; nobody pays for negative influence."""
    rewards = dict(stage.final_rewards)
    for role, share_ppm in shares.items():
        account = stage.contributions[role].contributor.address.lower()
        rewards[account] = rewards.get(account, 0) + max(0, sale.contributors_wei * share_ppm) // PPM
    return rewards


def by_account(rewards: Mapping[str, int]) -> list[Leaf]:
    """Leaves in their order."""
    return sorted(rewards.items(), key=lambda leaf: int(leaf[0], 16))


def build(stage: Stage, leaves: Sequence[Leaf], shares: Mapping[str, int]) -> Root:
    """The root of the last sale over these leaves, true or not, with evidence in three chunks."""
    sale = stage.sales[-1]
    shares_by_id = sorted((stage.contributions[role].contribution_id, ppm) for role, ppm in shares.items())
    manifest = b'{"format":"openledger-evidence/1","reward_epoch":"%d"}' % sale.reward_epoch
    rows = [b'{"account":"%s","cumulative_wei":"%d"}\n' % (account.encode(), wei) for account, wei in leaves]
    return Root(
        reward_epoch=sale.reward_epoch,
        leaves=leaves,
        tree=Tree.over([stage.place.reward_leaf(*leaf) for leaf in leaves], sum_parent),
        leaf_count=len(leaves),
        receipt=_receipt(stage, sale, Tree.over([share_leaf(*share) for share in shares_by_id]).root),
        shares=shares_by_id,
        # one chunk, and two of a file of 30,000 bytes
        chunks=chunks_of([manifest, b"".join(rows).ljust(30_000)]),
    )


def honest_root(stage: Stage) -> Root:
    """The root as it should be, of the newest sale."""
    shares = SHARES[len(stage.sales) - 1]
    return build(stage, by_account(rewards_of(stage, stage.sales[-1], shares)), shares)


def post(stage: Stage, root: Root) -> Receipt:
    """Have two signers sign a root, and post it with a bond once its epoch is over."""
    distributor = stage["RewardDistributor"]
    stage.node.wait_until(distributor.read("epoch_end", root.reward_epoch))
    values = _values(stage, root)
    signers = sorted(stage.signers[:THRESHOLD], key=lambda signer: int(signer.address, 16))
    signatures = [sign(signer, distributor, "RewardRoot", REWARD_ROOT, values) for signer in signers]
    bond_wei, before_wei = distributor.read("ROOT_BOND_WEI"), stage.balance(stage.poster)
    stage.approve(stage.poster, "RewardDistributor", bond_wei)
    receipt = distributor.send(stage.poster, "post_root", values, signatures)
    posted, record = distributor.event("RootPosted", receipt), distributor.read("root", root.reward_epoch)
    assert (posted["root"], posted["attempt"]) == (root.tree.root, values[1]) == (record["root"], record["attempt"])
    assert (record["status"], record["poster"]) == (POSTED, stage.poster.address.lower())
    assert stage.balance(stage.poster) == before_wei - bond_wei
    return receipt


def _values(stage: Stage, root: Root) -> tuple[Any, ...]:
    """What is signed and posted: the attempt follows on the void ones, the root on the last posted one."""
    distributor = stage["RewardDistributor"]
    record = distributor.read("root", root.reward_epoch)
    previous_epoch = distributor.read("last_posted_epoch")
    chunks = chunk_tree(root.chunks)
    return (
        root.reward_epoch,
        record["attempt"] + 1 if record["status"] else 0,
        distributor.read("root", previous_epoch)["root"] if previous_epoch else EMPTY,
        root.tree.root,
        root.total_wei,
        root.leaf_count,
        sha256(root.chunks[0]).digest(),
        chunks.root,
        len(root.chunks),
        stage.place.receipt_leaf(root.receipt),
    )


def _receipt(stage: Stage, sale: Sale, shares_root: bytes) -> tuple[Any, ...]:
    """The fields of the one answer's leaf: it cost all that was due."""
    types = ["uint256", "address", "address", "address", "uint256", "uint256"]
    parties = [stage["InferencePayments"].address, stage.payer.address, stage.builder.address]
    receipt_id = keccak(encode(types, [stage.node.chain_id, *parties, stage.adapter_id, sale.due_wei]))
    answer_hash = sha256(b"salt" + b"To every leaf below it.").digest()
    return (receipt_id, stage.weights_digest, answer_hash, sale.fee_wei, shares_root)
