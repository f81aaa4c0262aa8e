"""The disputes contract of a distributor, with a registry that says what a test tells it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import boa
import pytest

from chain.fraud_proofs import FraudProof, PostedTree, arguments
from chain.merkle import evidence_tree, keccak, sum_of
from chain.typed_data import RewardRoot
from tests.contracts.reward_distributor.rewards import Rewards, deploy_rewards
from tests.contracts.root_disputes.planted import Orchard

OPEN = 10**18
DEMAND_BOND_WEI = 100 * OPEN
ANSWER_SECONDS = 86_400
# two chunks of evidence.json, two files
CHUNKS = (b"evidence " * 2_000, b"more", b"receipts" * 3_000, b"rewards")

# was_accepted as in DatanetRegistry, whose way to an accepted contribution is none of this contract's business
REGISTRY = """
accepted_at: public(HashMap[uint256, uint256])
withdrawn_at: public(HashMap[uint256, uint256])

@external
def accept(contribution_id: uint256):
    self.accepted_at[contribution_id] = block.timestamp

@external
def withdraw(contribution_id: uint256):
    self.withdrawn_at[contribution_id] = block.timestamp

@view
@external
def was_accepted(contribution_id: uint256, timepoint: uint256) -> bool:
    accepted_at: uint256 = self.accepted_at[contribution_id]
    withdrawn_at: uint256 = self.withdrawn_at[contribution_id]
    return 0 < accepted_at and accepted_at <= timepoint and (withdrawn_at == 0 or timepoint < withdrawn_at)
"""


@dataclass(frozen=True)
class Disputes:
    """The disputes contract and what it stands on."""

    rewards: Rewards
    registry: Any
    contract: Any
    prover: str
    demander: str
    answerer: str
    chunks: tuple[bytes, ...] = CHUNKS

    @property
    def distributor(self) -> Any:
        return self.rewards.distributor

    def post_tree(self, tree: PostedTree, *, attempt: int = 0, **changes: Any) -> RewardRoot:
        """Accrues, waits, and posts the tree for the epoch that ends."""
        total_wei = sum_of(tree.root)
        self.rewards.accrue(10**6)
        chunk_tree = evidence_tree(self.chunks)
        root = RewardRoot(
            reward_epoch=self.rewards.end_epoch(),
            attempt=attempt,
            previous_root=self.distributor.root(self.distributor.last_posted_epoch()).root,
            root=tree.root,
            total_wei=total_wei,
            leaf_count=tree.leaf_count,
            evidence_digest=keccak(b"evidence"),
            evidence_chunk_root=chunk_tree.root,
            evidence_chunk_count=len(self.chunks),
            attribution_root=keccak(b"attribution"),
        )
        root = replace(root, **changes)
        self.rewards.post(root)
        return root

    def new_orchard(self) -> Orchard:
        return Orchard(self.rewards.chain_id, self.distributor.address)

    def prove(self, proof: FraudProof, *, reward_epoch: int) -> None:
        function = getattr(self.contract, proof.function)
        function(*arguments(proof, reward_epoch=reward_epoch), sender=self.prover)

    def demand(self, reward_epoch: int, chunk_index: int) -> None:
        self.contract.demand_chunk(reward_epoch, chunk_index, sender=self.demander)

    def answer(self, reward_epoch: int, chunk_index: int, **changes: Any) -> None:
        tree = evidence_tree(self.chunks)
        given = {"chunk": self.chunks[chunk_index], "proof": tree.proof(chunk_index)}
        self.contract.answer_demand(reward_epoch, chunk_index, *{**given, **changes}.values(), sender=self.answerer)

    def status(self, reward_epoch: int) -> int:
        return int(self.distributor.root(reward_epoch).status)

    def balance(self, account: str) -> int:
        return int(self.rewards.token.balanceOf(account))


def deploy_disputes(factory: Callable[[str], Any], actor: Callable[[str], str]) -> Disputes:
    """A new distributor and its disputes contract."""
    rewards = deploy_rewards(factory, actor)
    registry = boa.loads(REGISTRY)
    contract = factory("RootDisputes").deploy(
        rewards.token, rewards.distributor, registry, rewards.treasury, DEMAND_BOND_WEI, ANSWER_SECONDS
    )
    rewards.distributor.set_disputes(contract, sender=rewards.owner)
    prover, demander, answerer = map(actor, ("prover", "demander", "answerer"))
    rewards.token.transfer(demander, 10**6 * OPEN, sender=rewards.accruer)
    rewards.token.approve(contract, 2**255, sender=demander)
    return Disputes(rewards, registry, contract, prover, demander, answerer)


@pytest.fixture(scope="session")
def disputes(factory: Callable[[str], Any], actor: Callable[[str], str]) -> Disputes:
    return deploy_disputes(factory, actor)


@pytest.fixture(scope="session")
def seven(actor: Callable[[str], str]) -> dict[str, int]:
    """Seven accounts and what they have under the root before."""
    return {actor(f"contributor {number}"): 10 + number for number in range(7)}
