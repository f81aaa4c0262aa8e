"""The demo's attack: all three oracle keys are stolen, and sign a root that pays the thief.

The evidence is honest but for the rewards: the best-paid leaf is given to another account, so the total stays within
what accrued and the contract accepts the root. Only somebody who recomputes can tell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from eth_account.signers.local import LocalAccount

from attribution_oracle.epoch import EpochResult
from attribution_oracle.evidence import REWARDS
from attribution_oracle.inputs import EpochInputs
from attribution_oracle.oracle import pin_evidence, post_root
from attribution_oracle.signer import Signature
from chain.errors import Reverted
from chain.merkle import RewardTree, reward_tree, sum_node
from chain.typed_data import RewardRoot, root_digest, sign_digest
from content.canonical import canonical_lines
from openledger.market import Market


@dataclass(frozen=True, slots=True)
class Attempted:
    """What the thieves got: a posted root, and the contract's refusal of a greedier one."""

    reward_root: RewardRoot
    growth_wei: int
    overdraft_refusal: str


def post_false_root(
    market: Market,
    inputs: EpochInputs,
    honest: EpochResult,
    *,
    thief: str,
    keys: Sequence[LocalAccount],
    poster: LocalAccount,
) -> Attempted:
    """Try a root above the accrual, which the contract refuses, then post the false one within it."""
    false = _with_rewards(inputs, honest, _stolen(honest.rewards, inputs.previous_rewards, thief))
    root = pin_evidence(inputs, false, market.store)
    previous_wei = inputs.facts.previous.total_wei if inputs.facts.previous else 0
    greedy_wei = previous_wei + inputs.facts.accrued_wei + 1
    greedy = replace(root, root=sum_node(root.root, greedy_wei), total_wei=greedy_wei)
    refusal = _refusal(market, greedy, keys, poster)
    post_root(market.chain, poster, root, _signatures(market, root, keys))
    return Attempted(root, root.total_wei - previous_wei, refusal)


def _stolen(honest: RewardTree, previous: Mapping[str, int], thief: str) -> dict[str, int]:
    """The honest rewards with the largest growth of the epoch moved to the thief."""
    rewards = dict(zip(honest.accounts, honest.cumulative_wei, strict=True))
    victim = max(rewards, key=lambda account: rewards[account] - previous.get(account, 0))
    loot = rewards[victim] - previous.get(victim, 0)
    rewards[victim] -= loot
    rewards[thief] = rewards.get(thief, 0) + loot
    return {account: amount for account, amount in rewards.items() if amount > 0}


def _with_rewards(inputs: EpochInputs, honest: EpochResult, rewards: dict[str, int]) -> EpochResult:
    facts = inputs.facts
    tree = reward_tree(chain_id=facts.chain_id, distributor=facts.addresses.distributor, rewards=rewards)
    leaves = zip(tree.accounts, tree.cumulative_wei, strict=True)
    lines = ({"account": account, "cumulative_wei": str(amount)} for account, amount in leaves)
    return replace(honest, rewards=tree, files={**honest.files, REWARDS: canonical_lines(lines)})


def _refusal(market: Market, root: RewardRoot, keys: Sequence[LocalAccount], poster: LocalAccount) -> str:
    try:
        post_root(market.chain, poster, root, _signatures(market, root, keys))
    except Reverted as error:
        return error.reason
    raise AssertionError("the contract took a root above what accrued")


def _signatures(market: Market, root: RewardRoot, keys: Sequence[LocalAccount]) -> list[Signature]:
    digest = root_digest(root, chain_id=market.chain.chain_id, contract=market.address("RewardDistributor"))
    signed = (Signature(str(key.address), sign_digest(digest, key.key), digest) for key in keys)
    return sorted(signed, key=lambda item: int(item.signer, 16))
