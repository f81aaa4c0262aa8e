"""The recomputation of one reward epoch: checked inputs in, every file of the evidence out.

The oracle, each signer and every auditor call `recompute`; there is no second way to a payout.
"""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from attribution_oracle import evidence, wire
from attribution_oracle.errors import NothingEarned
from attribution_oracle.evidence_chunks import Commitment
from attribution_oracle.facts import EpochFacts, root_of
from attribution_oracle.inputs import EpochInputs
from attribution_oracle.policy import scoring
from attribution_oracle.receipts import PaidReceipt, cover, published
from attribution_oracle.rewards import Answer, PayoutResult, account_rewards, epoch_payouts, shares_ppm
from attribution_oracle.rows import QueryRow, encode_rows
from attribution_oracle.scoring import score_receipts
from attribution_oracle.sources import AdapterSource, fetch_source
from chain.merkle import IndexedTree, RewardTree, receipt_leaf, reward_tree, share_leaf
from chain.typed_data import RewardRoot
from content.canonical import canonical_lines
from content.store import ContentStore

_LIBRARIES = ("openledger", "torch", "transformers", "peft", "numpy", "tokenizers")


@dataclass(frozen=True, slots=True)
class PaidAnswer:
    """One paid receipt with its signed shares (ppm) by contribution id and their tree."""

    paid: PaidReceipt
    shares: Mapping[int, int]
    tree: IndexedTree


@dataclass(frozen=True, slots=True)
class EpochResult:
    """Everything that follows from the inputs. `files` are the bundle's, by name; answers are in receipt order."""

    answers: tuple[PaidAnswer, ...]
    payouts: PayoutResult
    rewards: RewardTree
    attribution: IndexedTree
    sources: tuple[AdapterSource, ...]
    files: Mapping[str, bytes]

    def reward_root(self, facts: EpochFacts, committed: Commitment) -> RewardRoot:
        """What is signed and posted, over the evidence that `committed` stands for."""
        return RewardRoot(
            reward_epoch=facts.reward_epoch,
            attempt=facts.attempt,
            previous_root=root_of(facts.previous),
            root=self.rewards.root,
            total_wei=self.rewards.total_wei,
            leaf_count=self.rewards.leaf_count,
            evidence_digest=committed.digest,
            evidence_chunk_root=committed.chunk_root,
            evidence_chunk_count=committed.chunk_count,
            attribution_root=self.attribution.root,
        )


def recompute(
    inputs: EpochInputs, *, store: ContentStore, bases: Sequence[Path], work: Path, indexes: Path | None = None
) -> EpochResult:
    """Scores, shares, payouts, cumulative rewards and both trees of an epoch; equal inputs give equal bytes.

    `work` is a folder for the adapters' files, `indexes` one where this party keeps what it measured (none: measured
    anew). Raises ReceiptInvalid, SourceLied, FileDiffers, ModelUnavailable,
    and NothingEarned when there is no root to post.
    """
    paid = cover(inputs.redemptions, inputs.receipts)
    sources = tuple(
        fetch_source(inputs.facts.adapters[adapter_id], inputs.facts.contributions, store=store, bases=bases, work=work)
        for adapter_id in sorted({item.receipt.adapter_id for item in paid})
    )
    scores: dict[bytes, dict[int, int]] = {}
    rows: dict[bytes, QueryRow] = {}
    for source in sources:
        mine = [item.receipt for item in paid if item.receipt.adapter_id == source.fact.adapter_id]
        found = score_receipts(source, mine, inputs.rows, indexes=indexes)
        scores |= found.scores
        rows |= found.private_rows
    return _paid_out(inputs, paid, sources, scores, rows)


def _paid_out(
    inputs: EpochInputs,
    paid: Sequence[PaidReceipt],
    sources: tuple[AdapterSource, ...],
    scores: Mapping[bytes, Mapping[int, int]],
    rows: Mapping[bytes, QueryRow],
) -> EpochResult:
    """The integer half: from scores on, no float takes part."""
    facts = inputs.facts
    # without a leaf in the attribution tree: nobody may prove a root false with a contribution that earned no more
    withdrawn = frozenset(key for key, fact in facts.contributions.items() if fact.is_withdrawn)
    answers = tuple(_answer(item, scores[item.receipt.receipt_id], withdrawn) for item in paid)
    payouts = epoch_payouts(Answer(a.paid.pool_wei, a.shares) for a in answers)
    owners = {key: fact.contributor for key, fact in facts.contributions.items()}
    rewards = account_rewards(inputs.previous_rewards, payouts.payouts, owners)
    if not rewards:
        raise NothingEarned(
            f"reward epoch {facts.reward_epoch}: no contribution has earned anything in it or before it"
        )
    tree = reward_tree(chain_id=facts.chain_id, distributor=facts.addresses.distributor, rewards=rewards)
    ordered = {
        a.paid.receipt.receipt_id: rows[a.paid.receipt.receipt_id] for a in answers if not a.paid.receipt.is_public
    }
    index, codes = encode_rows(ordered)
    files = {
        evidence.RECEIPTS: canonical_lines(published(answer.paid.receipt) for answer in answers),
        evidence.ROWS_INDEX: index,
        evidence.ROWS: codes,
        evidence.SCORES: canonical_lines(_score_line(a, scores[a.paid.receipt.receipt_id]) for a in answers),
        evidence.SHARES: canonical_lines(map(_share_line, answers)),
        evidence.PAYOUTS: canonical_lines(_payout_lines(payouts, owners)),
        evidence.REWARDS: canonical_lines(_reward_lines(tree)),
    }
    attribution = IndexedTree([_receipt_leaf(facts, answer) for answer in answers])
    return EpochResult(answers, payouts, tree, attribution, sources, files)


def evidence_document(inputs: EpochInputs, result: EpochResult, *, versions: Mapping[str, Any]) -> dict[str, Any]:
    """evidence.json as an object."""
    facts = inputs.facts
    previous = facts.previous
    return {
        "format": evidence.FORMAT,
        "chain_id": facts.chain_id,
        "distributor": facts.addresses.distributor,
        "payments": facts.addresses.payments,
        "datanets": facts.addresses.datanets,
        "models": facts.addresses.models,
        "reward_epoch": facts.reward_epoch,
        "attempt": facts.attempt,
        "accrued_wei": str(facts.accrued_wei),
        "block": {
            "number": facts.block.number,
            "hash": wire.hexed(facts.block.block_hash),
            "timestamp": facts.block.timestamp,
        },
        "previous": previous
        and {"reward_epoch": previous.reward_epoch, "evidence_digest": wire.hexed(previous.evidence_digest)},
        "adapters": [source.document() for source in result.sources],
        "skipped_adapters": sorted(inputs.skipped_adapters),
        "scoring": asdict(scoring()),
        "versions": dict(versions),
        # the tree over the chunks of the evidence is no part of it: this file lies in one of them
        "outcome": {
            "previous_root": wire.hexed(root_of(previous)),
            "root": wire.hexed(result.rewards.root),
            "total_wei": str(result.rewards.total_wei),
            "leaf_count": result.rewards.leaf_count,
            "attribution_root": wire.hexed(result.attribution.root),
            "pool_wei": str(result.payouts.pool_wei),
            "remainder_wei": str(result.payouts.remainder_wei),
        },
        "files": evidence.file_records(result.files),
    }


def local_versions() -> dict[str, str]:
    """The versions that may change a bit of a float on this machine."""
    return {"python": platform.python_version()} | {name: _version(name) for name in _LIBRARIES}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:  # a checkout that is run without being installed
        return "unreleased"


def _answer(item: PaidReceipt, scores: Mapping[int, int], withdrawn: frozenset[int]) -> PaidAnswer:
    shares = shares_ppm(scores, floor=scoring().share_floor, excluded=withdrawn)
    leaves = [share_leaf(contribution_id=key, share_ppm=share) for key, share in shares.items()]
    return PaidAnswer(item, shares, IndexedTree(leaves))


def _receipt_leaf(facts: EpochFacts, answer: PaidAnswer) -> bytes:
    receipt = answer.paid.receipt
    return receipt_leaf(
        chain_id=facts.chain_id,
        distributor=facts.addresses.distributor,
        receipt_id=receipt.receipt_id,
        adapter_digest=receipt.adapter_digest,
        answer_hash=receipt.answer_hash,
        fee_wei=receipt.fee_wei,
        shares_root=answer.tree.root,
    )


def _score_line(answer: PaidAnswer, scores: Mapping[int, int]) -> dict[str, Any]:
    return {
        "receipt_id": wire.hexed(answer.paid.receipt.receipt_id),
        # int64: past 2^53, so in text
        "scores": [[key, str(scores[key])] for key in sorted(scores) if scores[key]],
    }


def _share_line(answer: PaidAnswer) -> dict[str, Any]:
    return {
        "receipt_id": wire.hexed(answer.paid.receipt.receipt_id),
        "pool_wei": str(answer.paid.pool_wei),
        "shares": [[key, share] for key, share in answer.shares.items()],
    }


def _payout_lines(payouts: PayoutResult, owners: Mapping[int, str]) -> Iterable[dict[str, Any]]:
    for contribution_id, weight in payouts.weights.items():
        yield {
            "contribution_id": contribution_id,
            "contributor": owners[contribution_id],
            "weight": str(weight),
            "payout_wei": str(payouts.payouts[contribution_id]),
        }


def _reward_lines(tree: RewardTree) -> Iterable[dict[str, Any]]:
    for account, amount in zip(tree.accounts, tree.cumulative_wei, strict=True):
        yield {"account": account, "cumulative_wei": str(amount)}
