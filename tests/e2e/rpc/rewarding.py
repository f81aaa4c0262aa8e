"""Honest roots: challenged and upheld or left undecided, final in the end, claimed, and checked by anyone."""

from collections.abc import Callable
from hashlib import sha256

from tests.e2e.rpc.disputing import answer, demand, refuse_false_proofs
from tests.e2e.rpc.governing import decide
from tests.e2e.rpc.node import Refused
from tests.e2e.rpc.roots import CHALLENGED, FINAL, POSTED, VOID, honest_root, post
from tests.e2e.rpc.selling import redeem
from tests.e2e.rpc.stage import Stage


def post_the_first_root(stage: Stage) -> None:
    """After all the false ones, the true root; no proof works against it."""
    root = honest_root(stage)
    post(stage, root)
    refuse_false_proofs(stage)


def challenge(stage: Stage) -> None:
    """Somebody puts a bond against it, and it freezes."""
    _challenge(stage, honest_root(stage).reward_epoch)


def reject_the_challenge(stage: Stage) -> None:
    """Governance looks into it and lets the root stand: the bond is lost, half of it burned."""
    distributor, epoch = stage["RewardDistributor"], honest_root(stage).reward_epoch
    bond_wei, treasury_wei = distributor.read("CHALLENGE_BOND_WEI"), stage.balance(stage["Timelock"])
    decide(stage, "RewardDistributor", "resolve_challenge", (epoch, False), "The root of the first sale is true")
    assert distributor.read("root", epoch)["status"] == POSTED
    assert stage.balance(stage["Timelock"]) - treasury_wei == bond_wei - bond_wei // 2
    assert distributor.read("withdraw_bond", sender=stage.auditor) == 0


def finalize(stage: Stage) -> None:
    """The window is over: the root is final, and its poster has the bond back."""
    root, distributor = honest_root(stage), stage["RewardDistributor"]
    record = distributor.read("root", root.reward_epoch)
    stage.node.wait_until(record["posted_at"] + distributor.read("CHALLENGE_WINDOW_SECONDS"))
    before_wei, treasury_wei = stage.balance(stage.poster), stage.balance(stage["Timelock"])
    receipt = distributor.send(stage.delegate, "finalize", root.reward_epoch)
    final = distributor.event("RootFinalized", receipt)
    earned_wei = root.total_wei - sum(stage.final_rewards.values())
    assert (final["root"], final["total_wei"]) == (root.tree.root, root.total_wei)
    assert final["remainder_wei"] == stage.sales[-1].contributors_wei - earned_wei
    assert stage.balance(stage["Timelock"]) - treasury_wei == final["remainder_wei"]
    assert stage.balance(stage.poster) - before_wei == distributor.read("ROOT_BOND_WEI")
    assert distributor.read("root", root.reward_epoch)["status"] == FINAL


def verify(stage: Stage) -> None:
    """Anyone checks an account's reward and a contribution's share against the root."""
    root, distributor = honest_root(stage), stage["RewardDistributor"]
    for index in range(root.leaf_count):
        account, cumulative_wei, *place = root.proven(index)
        assert distributor.read("verify_reward", root.reward_epoch, account, cumulative_wei, *place)
        assert not distributor.read("verify_reward", root.reward_epoch, account, cumulative_wei + 1, *place)
    for index in range(len(root.shares)):
        share = root.share(index)
        assert distributor.read("verify_attribution", root.reward_epoch, *share)
        inflated = (*share[:4], share[4] + 1, *share[5:])
        assert not distributor.read("verify_attribution", root.reward_epoch, *inflated)


def claim(stage: Stage) -> None:
    """Whoever sends the transaction, the contributor is paid, once."""
    root, distributor = honest_root(stage), stage["RewardDistributor"]
    for contributor in stage.contributors:
        leaf, before_wei = root.proven(root.index_of(contributor.address)), stage.balance(contributor)
        claimed = distributor.event("Claimed", distributor.send(stage.delegate, "claim", *leaf))
        assert (claimed["account"], claimed["amount_wei"]) == (contributor.address.lower(), leaf[1])
        assert stage.balance(contributor) - before_wei == leaf[1] > 0
        try:
            distributor.read("claim", *leaf)
        except Refused as refused:
            assert str(refused) == "distributor: nothing to claim"
        else:
            raise AssertionError("a reward could be claimed twice")
    stage.final_rewards = dict(root.leaves)
    _check_empty(stage)


def sell_again(stage: Stage) -> None:
    """Another voucher in a later reward epoch."""
    redeem(stage)
    assert stage.sales[1].reward_epoch > stage.sales[0].reward_epoch


def let_a_challenge_expire(stage: Stage) -> None:
    """A challenge that governance does not decide voids the root, and every bond goes back."""
    root, distributor = honest_root(stage), stage["RewardDistributor"]
    epoch, auditor_wei, poster_wei = root.reward_epoch, stage.balance(stage.auditor), stage.balance(stage.poster)
    post(stage, root)
    _challenge(stage, epoch)
    posted_at = distributor.read("root", epoch)["posted_at"]
    spans = ("CHALLENGE_WINDOW_SECONDS", "RESOLUTION_SECONDS")
    stage.node.wait_until(posted_at + sum(distributor.read(span) for span in spans))
    receipt = distributor.send(stage.delegate, "void_expired", epoch)
    assert distributor.event("RootBondReturned", receipt)["poster"] == stage.poster.address.lower()
    assert distributor.read("root", epoch)["status"] == VOID
    receipt = distributor.send(stage.auditor, "withdraw_bond")
    assert distributor.event("BondReturned", receipt)["amount_wei"] == distributor.read("CHALLENGE_BOND_WEI")
    assert (stage.balance(stage.auditor), stage.balance(stage.poster)) == (auditor_wei, poster_wei)


def post_the_second_root(stage: Stage) -> None:
    """Once more, with a demand for evidence that is answered in time."""
    root = honest_root(stage)
    post(stage, root)
    demand(stage, root, 0)
    answer(stage, root, 0)


def claim_for_all(stage: Stage) -> None:
    """One call pays what is new to each account, one of them to the address that it named for recovery."""
    root, distributor = honest_root(stage), stage["RewardDistributor"]
    moved, heir = stage.contributors[0], stage.role(0)
    distributor.send(moved, "set_recovery", heir.address)
    recipients = [heir, *stage.contributors[1:]]
    before_wei = [stage.balance(each) for each in recipients]
    rewards = dict(root.leaves)
    new_wei = [rewards[each.address.lower()] - stage.final_rewards[each.address.lower()] for each in stage.contributors]
    assert new_wei[0] > 0 and new_wei[1] == 0, "a contribution with negative influence earns nothing"
    leaves = [root.proven(index) for index in range(root.leaf_count)]
    receipt = distributor.send(stage.delegate, "claim_many", leaves)
    assert sum(row["amount_wei"] for row in distributor.events("Claimed", receipt)) == sum(new_wei)
    assert [stage.balance(each) - before for each, before in zip(recipients, before_wei, strict=True)] == new_wei
    stage.final_rewards = rewards
    _check_empty(stage)


def _challenge(stage: Stage, epoch: int) -> None:
    distributor = stage["RewardDistributor"]
    bond_wei, before_wei = distributor.read("CHALLENGE_BOND_WEI"), stage.balance(stage.auditor)
    stage.approve(stage.auditor, "RewardDistributor", bond_wei)
    receipt = distributor.send(stage.auditor, "challenge", epoch, sha256(b"the scores look wrong").digest())
    challenged = distributor.event("RootChallenged", receipt)
    assert (challenged["challenger"], challenged["bond_wei"]) == (stage.auditor.address.lower(), bond_wei)
    assert distributor.read("root", epoch)["status"] == CHALLENGED
    assert stage.balance(stage.auditor) == before_wei - bond_wei


def _check_empty(stage: Stage) -> None:
    """Everything was paid out to the wei: nothing is owed to anybody."""
    distributor = stage["RewardDistributor"]
    assert stage.balance(distributor) == distributor.read("owed_wei") == 0


FIRST_EPOCH: tuple[Callable[[Stage], None], ...] = (
    post_the_first_root,
    challenge,
    reject_the_challenge,
    finalize,
    verify,
    claim,
)
BETWEEN: tuple[Callable[[Stage], None], ...] = (sell_again,)
SECOND_EPOCH: tuple[Callable[[Stage], None], ...] = (
    let_a_challenge_expire,
    post_the_second_root,
    finalize,
    verify,
    claim_for_all,
)
