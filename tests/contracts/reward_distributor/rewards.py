"""A distributor with its owner, treasury, accruer, poster and three oracle signers, and what they do all the time."""

from collections.abc import Callable
from dataclasses import astuple, dataclass, replace
from typing import Any

import boa
from eth_keys.datatypes import PrivateKey

from chain.merkle import RewardTree, keccak, reward_tree, sum_node
from chain.typed_data import RewardRoot, root_digest, sign_digest

EPOCH_SECONDS = 86_400
WINDOW_SECONDS = 259_200
RESOLUTION_SECONDS = 432_000
BOND_WEI = 1_000 * 10**18
# odd, so that its halves differ
ROOT_BOND_WEI = 5_000 * 10**18 + 1


def _key(number: int) -> PrivateKey:
    return PrivateKey(keccak(b"oracle signer %d" % number))


def _by_address(keys: list[PrivateKey]) -> list[PrivateKey]:
    return sorted(keys, key=lambda key: key.public_key.to_canonical_address())


@dataclass(frozen=True)
class Rewards:
    """The distributor and its roles; every step of a reward epoch is one method."""

    token: Any
    distributor: Any
    owner: str
    treasury: str
    accruer: str
    poster: str
    challenger: str
    disputes: str
    keys: list[PrivateKey]
    chain_id: int

    def accrue(self, amount_wei: int) -> int:
        """Books what the accruer has paid in; returns the reward epoch."""
        self.token.transfer(self.distributor, amount_wei, sender=self.accruer)
        return self.distributor.accrue(amount_wei, sender=self.accruer)

    def end_epoch(self) -> int:
        """Waits for the end of the present epoch, which it returns."""
        epoch = self.distributor.current_epoch()
        boa.env.timestamp = self.distributor.epoch_end(epoch)
        return epoch

    def tree(self, rewards: dict[str, int]) -> RewardTree:
        return reward_tree(chain_id=self.chain_id, distributor=self.distributor.address, rewards=rewards)

    def root(self, tree: RewardTree, *, reward_epoch: int, attempt: int = 0, **changes: Any) -> RewardRoot:
        """The root to post for a tree; `changes` replace fields."""
        fields = {
            "previous_root": self.distributor.root(self.distributor.last_posted_epoch()).root,
            "root": tree.root,
            "total_wei": tree.total_wei,
            "leaf_count": tree.leaf_count,
            "evidence_digest": keccak(b"evidence"),
            "evidence_chunk_root": keccak(b"evidence chunks"),
            "evidence_chunk_count": 3,
            "attribution_root": keccak(b"attribution"),
        }
        return RewardRoot(reward_epoch=reward_epoch, attempt=attempt, **{**fields, **changes})

    def changed(self, root: RewardRoot, /, **changes: Any) -> RewardRoot:
        """Another root in place of this one: on top of what is posted now, and with the total that it states."""
        total_wei = changes.get("total_wei", root.total_wei)
        previous_root = self.distributor.root(self.distributor.last_posted_epoch()).root
        fitting = {"previous_root": previous_root, "root": sum_node(root.root, total_wei)}
        return replace(root, **{**fitting, **changes})

    def sign(self, root: RewardRoot, keys: list[PrivateKey] | None = None) -> list[bytes]:
        digest = root_digest(root, chain_id=self.chain_id, contract=self.distributor.address)
        return [sign_digest(digest, key.to_bytes()) for key in (self.keys[:2] if keys is None else keys)]

    def post(self, root: RewardRoot) -> None:
        self.distributor.post_root(astuple(root), self.sign(root), sender=self.poster)

    def post_rewards(self, rewards: dict[str, int], *, reward_epoch: int, attempt: int = 0) -> RewardTree:
        tree = self.tree(rewards)
        self.post(self.root(tree, reward_epoch=reward_epoch, attempt=attempt))
        return tree

    def finalize(self, reward_epoch: int) -> None:
        """Waits for the end of the root's window and makes it final."""
        posted_at = self.distributor.root(reward_epoch).posted_at
        boa.env.timestamp = max(boa.env.timestamp, posted_at + WINDOW_SECONDS)
        self.distributor.finalize(reward_epoch)

    def final_rewards(self, rewards: dict[str, int], *, accrued_wei: int | None = None) -> RewardTree:
        """One whole epoch: accrual (the total by default), its root, final."""
        before = self.distributor.root(self.distributor.last_posted_epoch()).total_wei
        self.accrue(sum(rewards.values()) - before if accrued_wei is None else accrued_wei)
        epoch = self.end_epoch()
        tree = self.post_rewards(rewards, reward_epoch=epoch)
        self.finalize(epoch)
        return tree

    def challenge(self, reward_epoch: int, challenger: str | None = None) -> None:
        self.distributor.challenge(reward_epoch, keccak(b"reason"), sender=challenger or self.challenger)

    def claim(self, tree: RewardTree, account: str) -> int:
        return self.distributor.claim(*tree.claim_of(account))


def deploy_rewards(factory: Callable[[str], Any], actor: Callable[[str], str]) -> Rewards:
    """A new distributor; the disputes contract is an account until somebody names another."""
    keys = _by_address([_key(number) for number in range(3)])
    owner, treasury, accruer = map(actor, ("owner", "treasury", "accruer"))
    poster, challenger, disputes = map(actor, ("poster", "challenger", "disputes contract"))
    token = factory("OpenToken").deploy(accruer)
    distributor = factory("RewardDistributor").deploy(
        token, treasury, owner, EPOCH_SECONDS, WINDOW_SECONDS, RESOLUTION_SECONDS, BOND_WEI, ROOT_BOND_WEI
    )
    distributor.set_signers([key.public_key.to_checksum_address() for key in keys], 2, sender=owner)
    distributor.set_accruer(accruer, sender=owner)
    distributor.set_disputes(disputes, sender=owner)
    for account in (poster, challenger):
        token.transfer(account, 10**6 * 10**18, sender=accruer)
        token.approve(distributor, 2**255, sender=account)
    chain_id = boa.env.evm.patch.chain_id
    return Rewards(token, distributor, owner, treasury, accruer, poster, challenger, disputes, keys, chain_id)
