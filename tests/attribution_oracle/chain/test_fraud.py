"""A root that contradicts the chain or itself is proven false from its evidence alone, and an honest one never is."""

import json
from dataclasses import replace

import pytest

from attribution_oracle.audit import Match, Mismatch, prove, report_document
from attribution_oracle.chain_facts import post_of, read_facts
from attribution_oracle.epoch import EpochResult
from attribution_oracle.errors import BondMissing
from attribution_oracle.evidence import REWARDS
from attribution_oracle.fraud import find_proof
from attribution_oracle.oracle import post_root
from chain.fraud_proofs import ContributionProof, FallenProof, LeafCountProof, OrderProof
from chain.merkle import RewardTree, SumTree, address_bytes, reward_leaf
from chain.node import dev_account
from content.canonical import canonical_lines
from content.store import FolderStore

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::FutureWarning")]
CONTRIBUTORS, AUDITOR, POSTER, PAUPER = (6, 7, 8), 13, 14, 15


def take_out(market, number: int) -> None:
    canonical = bytes.fromhex(market.entries[number - 1].canonical_hash[2:])
    account = dev_account(CONTRIBUTORS[number - 1])
    market.client.send(account, "DatanetRegistry", "withdraw_contribution", number, canonical)


def is_paid_as_the_registry_says(market, facts) -> bool:
    """Whether, of every contribution, the facts and `was_accepted` at the end of the reward epoch say the same."""
    end = market.client.call("RewardDistributor", "epoch_end", facts.reward_epoch)
    paid = {key for key, fact in facts.contributions.items() if not fact.is_withdrawn}
    ids = range(1, market.client.call("DatanetRegistry", "contribution_count") + 2)
    return paid == {number for number in ids if market.client.call("DatanetRegistry", "was_accepted", number, end)}


def with_leaves(inputs, result: EpochResult, leaves: list[tuple[str, int]]) -> EpochResult:
    """The result with these leaves, in this order, whatever they are."""
    facts = inputs.facts
    words = [
        reward_leaf(
            chain_id=facts.chain_id,
            distributor=facts.addresses.distributor,
            account=account,
            cumulative_wei=amount,
        )
        for account, amount in leaves
    ]
    accounts, amounts = zip(*leaves, strict=True)
    tree = RewardTree(tuple(map(address_bytes, accounts)), amounts, SumTree(words))
    lines = ({"account": account, "cumulative_wei": str(amount)} for account, amount in leaves)
    return replace(result, rewards=tree, files={**result.files, REWARDS: canonical_lines(lines)})


def assert_proven(market, kind: type, reward_epoch: int = 1) -> None:
    """The audit finds a proof of that kind, and the contract takes it: the root is void and the prover is paid."""
    report = market.audit(reward_epoch)
    assert isinstance(report, Mismatch) and isinstance(report.proof, kind), report
    assert json.loads(json.dumps(report_document(report)))["proof"]["function"] == kind.function
    prover = dev_account(AUDITOR)
    before = market.client.call("OpenToken", "balanceOf", prover.address)
    prove(market.client, prover, report)
    bond = market.client.call("RewardDistributor", "ROOT_BOND_WEI")
    assert market.client.call("OpenToken", "balanceOf", prover.address) == before + bond // 2
    assert market.client.call("RewardDistributor", "root", reward_epoch).status == 8  # void


def test_withdrawn_within_the_epoch__has_no_share_and_nobody_can_prove_the_root_false(market):
    # contribution 3 was accepted after its adapter was trained and registered (see `opened`)
    take_out(market, 3)
    market.advance_past_epoch(1)
    facts = read_facts(market.client, 1)
    assert is_paid_as_the_registry_says(market, facts)
    _, result, reward_root = market.made()
    assert any(answer.shares for answer in result.answers)
    assert not any(3 in answer.shares for answer in result.answers)
    post_root(market.client, dev_account(POSTER), reward_root, market.signed_by_all(reward_root))
    assert find_proof(market.client, post_of(market.client, 1), market.store) is None
    report = market.audit()
    assert isinstance(report, Match), report
    assert report.verified_attributions > 0
    with pytest.raises(ValueError, match="this report has no proof"):
        prove(market.client, dev_account(AUDITOR), Mismatch(report.audited, "nothing"))


def test_withdrawn_within_the_epoch__and_paid_all_the_same__is_proven(market):
    take_out(market, 3)
    market.advance_past_epoch(1)
    facts = read_facts(market.client, 1)
    contributions = {**facts.contributions, 3: replace(facts.contributions[3], is_withdrawn=False)}
    inputs, result, _ = market.made(facts=replace(facts, contributions=contributions))
    assert any(3 in answer.shares for answer in result.answers)
    market.post_false(inputs, result)
    assert_proven(market, ContributionProof)
    # the voided root's reward epoch is closed again, rightly
    _, _, reward_root = market.made()
    assert reward_root.attempt == 1
    post_root(market.client, dev_account(POSTER), reward_root, market.signed_by_all(reward_root))
    assert isinstance(market.audit(), Match)


@pytest.mark.parametrize(("seconds", "is_withdrawn"), [(-1, True), (0, True), (1, False)])
def test_withdrawn_around_the_end_of_the_epoch__counts_as_the_registry_says(market, seconds, is_withdrawn):
    end = market.client.call("RewardDistributor", "epoch_end", 1)
    market.client.rpc("evm_setNextBlockTimestamp", end + seconds)
    take_out(market, 1)
    market.client.rpc("anvil_mine", hex(4), hex(2))
    facts = read_facts(market.client, 1)
    assert facts.contributions[1].is_withdrawn == is_withdrawn
    assert is_paid_as_the_registry_says(market, facts)
    assert facts.block.timestamp > end >= market.client.block(facts.block.number - 1).timestamp


def test_leaves_out_of_order__are_proven(market):
    market.advance_past_epoch(1)
    inputs, result, _ = market.made()
    leaves = list(zip(result.rewards.accounts, result.rewards.cumulative_wei, strict=True))
    assert len(leaves) > 1
    market.post_false(inputs, with_leaves(inputs, result, leaves[::-1]))
    assert_proven(market, OrderProof)


def test_too_many_leaves__are_proven(market):
    market.advance_past_epoch(1)
    inputs, result, _ = market.made()
    leaves = [(dev_account(index).address, 1) for index in (1, 2, 3)]
    leaves.sort(key=lambda leaf: int(leaf[0], 16))
    market.post_false(inputs, with_leaves(inputs, result, leaves), leaf_count=4)
    assert_proven(market, LeafCountProof)


@pytest.mark.parametrize("what", ["less", "nothing"])
def test_less_than_under_the_root_before__is_proven(market, what):
    market.advance_past_epoch(1)
    _, first, reward_root = market.made()
    post_root(market.client, dev_account(POSTER), reward_root, market.signed_by_all(reward_root))
    market.sell([("white", "snow is white", True)])
    epoch = market.client.call("RewardDistributor", "current_epoch")
    market.advance_past_epoch(epoch)
    inputs, result, _ = market.made(epoch)
    assert inputs.facts.previous.root == reward_root.root
    rewards = dict(zip(result.rewards.accounts, result.rewards.cumulative_wei, strict=True))
    victim, thief = first.rewards.accounts[0], dev_account(POSTER).address
    del rewards[victim]
    if what == "less":
        rewards[victim] = first.rewards.cumulative_wei[0] - 1
    rewards[thief] = result.rewards.total_wei - sum(rewards.values())
    leaves = sorted(rewards.items(), key=lambda leaf: int(leaf[0], 16))
    posted = market.post_false(inputs, with_leaves(inputs, result, leaves))
    assert posted.previous_root == reward_root.root
    assert_proven(market, FallenProof, epoch)
    assert market.client.call("RewardDistributor", "root", 1).status == 1  # posted, as before


def test_evidence_that_is_not_there__proves_nothing(market, tmp_path):
    market.advance_past_epoch(1)
    inputs, result, _ = market.made()
    leaves = list(zip(result.rewards.accounts, result.rewards.cumulative_wei, strict=True))
    market.post_false(inputs, with_leaves(inputs, result, leaves[::-1]))
    assert find_proof(market.client, post_of(market.client, 1), FolderStore(tmp_path)) is None


def test_post_root__without_the_bond__says_what_is_missing(market):
    market.advance_past_epoch(1)
    _, _, reward_root = market.made()
    with pytest.raises(BondMissing, match="has 0 OPEN; expected the bond of 40 for posting a reward root"):
        post_root(market.client, dev_account(PAUPER), reward_root, market.signed_by_all(reward_root))
