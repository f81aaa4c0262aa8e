"""A published bundle made again from nothing but the chain, the content store and local base models.

Signers do this before they sign, auditors after. What they trust is the evidence digest that they were given; every
value behind it is fetched by hash, compared with event logs of their own node, and computed again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from attribution_oracle import wire
from attribution_oracle.chain_facts import Log, read_facts
from attribution_oracle.differences import Divergence, first_divergence, first_field
from attribution_oracle.epoch import EpochResult, evidence_document, recompute
from attribution_oracle.errors import SourceLied
from attribution_oracle.evidence import Bundle, read_bundle
from attribution_oracle.inputs import EpochInputs, inputs_of_bundle
from chain.client import ChainClient
from chain.typed_data import RewardRoot
from content.store import ContentStore

# these members follow from the files, so that a difference in them is named in the files first
_DERIVED = ("files", "outcome")


@dataclass(frozen=True, slots=True)
class Reproduction:
    """The published bundle beside the recomputed one: `document` is evidence.json as it should be."""

    bundle: Bundle
    inputs: EpochInputs
    result: EpochResult
    document: wire.Json

    @property
    def reward_root(self) -> RewardRoot:
        """What a signer signs: recomputed values, over the evidence as it was read."""
        return self.result.reward_root(self.inputs.facts, self.bundle.commitment)

    def first_difference(self) -> Divergence | None:
        """The first value that differs: facts of the chain, then files in order, then what follows from them."""
        stated = {key: value for key, value in self.bundle.document.items() if key not in _DERIVED}
        expected = {key: value for key, value in self.document.items() if key not in _DERIVED}
        return (
            first_field(expected=expected, found=stated)
            or first_divergence(expected=self.result.files, found=self.bundle.files)
            or first_field(expected=self.document, found=self.bundle.document)
        )


def reproduce(
    digest: bytes,
    *,
    client: ChainClient,
    store: ContentStore,
    bases: Sequence[Path],
    work: Path,
    indexes: Path | None = None,
    before: Log | None = None,
) -> Reproduction:
    """Recompute the epoch of an evidence digest.

    `work` is an empty folder for the adapters' files, `indexes` one where this party keeps what it measured. `before`
    is the `RootPosted` log of an audited root: previous root and attempt are those just before it.

    Raises:
        FileDiffers: names a file of the bundle, or one that it leads to, whose bytes are not what their hash says.
        SourceLied, ReceiptInvalid, EvidenceInvalid: the bundle contradicts the chain or itself.
        ModelUnavailable: no base in `bases` is the one that an adapter names.
    """
    bundle = read_bundle(digest, store)
    if before:
        _check_post(bundle, before)
    facts = read_facts(client, bundle.reward_epoch, block=bundle.block, before=before)
    if (facts.reward_epoch, facts.attempt) != (bundle.reward_epoch, bundle.attempt):
        raise SourceLied(
            f"the evidence is of attempt {bundle.attempt}; on chain the next is {facts.attempt}: make it again"
        )
    inputs = inputs_of_bundle(bundle, facts, store)
    result = recompute(inputs, store=store, bases=bases, work=work, indexes=indexes)
    document = evidence_document(inputs, result, versions=_versions(bundle))
    return Reproduction(bundle=bundle, inputs=inputs, result=result, document=document)


def _check_post(bundle: Bundle, post: Log) -> None:
    if bundle.reward_epoch != post["reward_epoch"]:
        raise SourceLied(f"the evidence is of reward epoch {bundle.reward_epoch}; its root of {post['reward_epoch']}")
    if bundle.block.number >= post["block_number"]:
        raise SourceLied(
            f"the evidence is of block {bundle.block.number}; its root was posted in {post['block_number']}"
        )


def _versions(bundle: Bundle) -> dict[str, Any]:
    # another library version is no difference by itself; if it changes a byte, a file differs
    versions = bundle.document.get("versions")
    return dict(versions) if isinstance(versions, dict) else {}
