"""From the finished story to its outcome: who earned what, for which answer, and does the credit find the source."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from importlib.metadata import version

from attribution_oracle.audit import STATUS, Match, Mismatch
from attribution_oracle.epoch import PaidAnswer
from attribution_oracle.policy import describe_scoring
from openledger.contributions import ACCEPTED, REJECTED, contribution_of
from openledger.demo.books import balance_sheet
from openledger.demo.cast import Player
from openledger.demo.corpus import taught_answer
from openledger.demo.outcome import Answer, Attack, Contributor, Credit, Outcome, Reviewed, Validator
from openledger.demo.provenance import hit_rates
from openledger.demo.story import Sold, Story
from openledger.verdicts import pay_of


def outcome_of(story: Story) -> Outcome:
    """Everything to show but other seeds' payouts. The story must have run to its end, and its services still run."""
    assert story.adapter is not None and story.closed is not None and isinstance(story.audit, Match)
    owners = {key: name for name, ids in story.handed_in.items() for key in ids}
    paid = {answer.paid.receipt.receipt_id: answer for answer in story.closed.result.answers}
    answers = tuple(_answer(item, paid[item.receipt_id], owners) for item in story.sold[story.first_epoch])
    return Outcome(
        base_model="SmolLM2-135M-Instruct",
        examples=story.adapter.examples,
        loss_before=story.adapter.losses[0],
        loss_after=story.adapter.losses[-1],
        adapter_digest=f"0x{story.adapter.weights_sha256.hex()}",
        evidence_cid=story.closed.evidence_cid,
        reward_root=f"0x{story.closed.reward_root.root.hex()}",
        audit=_audit_line(story.audit),
        contributors=tuple(_contributor(story, player, answers) for player in story.cast.contributors),
        refusals=tuple(story.refusals),
        reviews=tuple(
            Reviewed(each.contribution_id, owners[each.contribution_id], each.votes, each.outcome)
            for each in story.histories
        ),
        validators=_validators(story),
        answers=answers,
        balance=balance_sheet(story.market, story.first_epoch),
        hit_rates=hit_rates(answers, _texts(story), cache=story.cache),
        method=describe_scoring(),
        spread=story.spread(),
        attack=_attack(story),
        stages=tuple(story.meter.stages),
        versions=_versions(),
    )


def _answer(sold: Sold, paid: PaidAnswer, owners: Mapping[int, str]) -> Answer:
    credits = [Credit(key, owners[key], share) for key, share in paid.shares.items()]
    credits.sort(key=lambda credit: (-credit.share_ppm, credit.contribution_id))
    question = sold.question
    return Answer(
        question.prompt,
        sold.answer,
        question.topic,
        taught_answer(question),
        sold.fee_wei,
        question.is_public,
        tuple(credits),
    )


def _contributor(story: Story, player: Player, answers: tuple[Answer, ...]) -> Contributor:
    assert story.closed is not None
    ids = story.handed_in.get(player.name, [])
    statuses = [contribution_of(story.market, key).status for key in ids]
    fees_wei = sum(answer.fee_wei for answer in answers)
    weighted = sum(
        answer.fee_wei * credit.share_ppm
        for answer in answers
        for credit in answer.credits
        if credit.contributor == player.name
    )
    payouts = story.closed.result.payouts.payouts
    return Contributor(
        name=player.name,
        role=player.role,
        account=player.account.address,
        handed_in=len(ids) + sum(refusal.contributor == player.name for refusal in story.refusals),
        accepted=statuses.count(ACCEPTED),
        rejected=statuses.count(REJECTED),
        refused=sum(refusal.contributor == player.name for refusal in story.refusals),
        influence_ppm=weighted // fees_wei if fees_wei else 0,
        paid_wei=sum(payouts.get(key, 0) for key in ids),
        claimed_wei=story.claimed.get(player.name, 0),
    )


def _validators(story: Story) -> tuple[Validator, ...]:
    paid = pay_of(story.market, [account.address for account in story.cast.validators])
    return tuple(
        Validator(f"validator {number}", each.votes, each.earned_wei, each.lost_wei)
        for number, each in enumerate(paid, start=1)
    )


def _texts(story: Story) -> dict[str, list[str]]:
    """The training texts of each contributor, for the methods that compare texts."""
    assert story.adapter is not None
    owners = {key: name for name, ids in story.handed_in.items() for key in ids}
    texts: dict[str, list[str]] = {}
    for example in story.training_examples():
        texts.setdefault(owners[example.contribution_id], []).append(f"{example.prompt} {example.response}")
    return texts


def _audit_line(audit: Match) -> str:
    return (
        f"MATCH: {audit.receipt_count} receipts, {audit.contribution_count} contributions, {audit.leaf_count} leaves "
        f"recomputed byte for byte; the contract verified {audit.verified_rewards} rewards and "
        f"{audit.verified_attributions} attributions"
    )


def _attack(story: Story) -> Attack:
    assert story.attempted is not None and isinstance(story.finding, Mismatch)
    root, chain = story.attempted.reward_root, story.market.chain
    epoch = root.reward_epoch
    return Attack(
        reward_epoch=epoch,
        accrued_wei=int(chain.call("RewardDistributor", "accrued", epoch)),
        false_total_wei=story.attempted.growth_wei,
        finding=f"MISMATCH: {story.finding.reason}",
        voided_root=f"0x{root.root.hex()}",
        status_after=STATUS[chain.call("RewardDistributor", "root", epoch).status],
        overdraft_refusal=story.attempted.overdraft_refusal,
        contract_balance_wei=int(chain.call("OpenToken", "balanceOf", story.market.address("RewardDistributor"))),
    )


def _versions() -> dict[str, str]:
    found = {name: version(name) for name in ("torch", "transformers", "peft", "vyper")}
    machine = f"{platform.machine()}, {len(os.sched_getaffinity(0))} cores"
    return {"python": platform.python_version(), **found, "machine": machine}
