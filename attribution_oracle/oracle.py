"""The oracle's turn at the end of a reward epoch: recompute, pin the evidence, ask the signers, post the root."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass
from pathlib import Path

from eth_account.signers.local import LocalAccount

from attribution_oracle import wire
from attribution_oracle.bonds import approve_bond, check_bond
from attribution_oracle.epoch import EpochResult, evidence_document, local_versions, recompute
from attribution_oracle.errors import NothingEarned, OracleError, QuorumMissed
from attribution_oracle.evidence import write_bundle
from attribution_oracle.facts import EpochFacts
from attribution_oracle.inputs import EpochInputs, gather
from attribution_oracle.reader import Gateway, Indexer, read_receipts
from attribution_oracle.signer import SIGNED, Signature, SignerSettings
from chain.client import ChainClient, Receipt
from chain.typed_data import RewardRoot, recover, root_digest
from content.cid import RAW, cid_from_digest
from content.store import ContentStore

_SIGNER_SECONDS = 1_800
_PURPOSE = "posting a reward root"
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Closed:
    """A reward epoch whose root is on chain."""

    reward_root: RewardRoot
    transaction_hash: bytes
    signers: tuple[str, ...]
    result: EpochResult

    @property
    def evidence_cid(self) -> str:
        """The CID of evidence.json."""
        return cid_from_digest(self.reward_root.evidence_digest, RAW)


@dataclass(frozen=True, slots=True)
class NothingToPay:
    """A reward epoch that needs no root: nobody redeemed anything, or nobody has ever earned anything."""

    reward_epoch: int
    reason: str


def close_epoch(
    reward_epoch: int,
    *,
    client: ChainClient,
    store: ContentStore,
    indexer: Indexer,
    gateways: Sequence[Gateway],
    bases: Sequence[Path],
    signers: Sequence[SignerSettings],
    poster: LocalAccount,
    work: Path,
    indexes: Path | None = None,
    skipped_adapters: frozenset[int] = frozenset(),
    concurrent_signers: int = 2,
    progress: Progress = lambda _: None,
) -> Closed | NothingToPay:
    """Close a reward epoch: the indexer's facts at a finalized block, receipts of the gateways, and on to the root.

    Raises:
        EpochNotReady: no finalized block past the end of the epoch yet.
        ReceiptInvalid: receipts do not cover a redemption; name its adapter in `skipped_adapters` to pay the others.
        QuorumMissed: too few signers came to the same root; their reasons are in the message.
        BondMissing: the poster holds less OPEN than the bond of a root; nothing was recomputed then.
        ChainError: the contract refused the root.
    """
    last_posted = int(client.call("RewardDistributor", "last_posted_epoch"))
    if last_posted >= reward_epoch:
        raise OracleError(
            f"reward epoch {reward_epoch} cannot be closed: epoch {last_posted} has a standing root; close a later "
            "one, or challenge that root"
        )
    check_bond(client, poster.address, _bond_wei(client), purpose=_PURPOSE)
    facts = indexer.epoch_facts(reward_epoch)
    if not facts.redemptions:
        return NothingToPay(reward_epoch, "no voucher was redeemed in it")
    progress(f"reward epoch {reward_epoch}: {len(facts.redemptions)} redemptions at block {facts.block.number}")
    paid_out = [item for item in facts.redemptions if item.adapter_id not in skipped_adapters]
    receipts = read_receipts(gateways, paid_out)
    inputs = gather(facts, receipts, store=store, skipped_adapters=skipped_adapters)
    try:
        result = recompute(inputs, store=store, bases=bases, work=work, indexes=indexes)
    except NothingEarned as error:
        return NothingToPay(reward_epoch, str(error))
    reward_root = pin_evidence(inputs, result, store)
    progress(f"evidence {cid_from_digest(reward_root.evidence_digest, RAW)}: {len(receipts)} receipts")
    signatures = collect_signatures(
        signers,
        reward_root,
        facts=facts,
        threshold=int(client.call("RewardDistributor", "threshold")),
        at_once=concurrent_signers,
    )
    progress(f"{len(signatures)} of {len(signers)} signers agree on root 0x{reward_root.root.hex()}")
    receipt = post_root(client, poster, reward_root, signatures)
    indexer.publish_rewards(reward_epoch, result.rewards, posted_in=receipt.block_number)
    return Closed(reward_root, receipt.transaction_hash, tuple(item.signer for item in signatures), result)


def collect_signatures(
    signers: Sequence[SignerSettings],
    reward_root: RewardRoot,
    *,
    facts: EpochFacts,
    threshold: int,
    at_once: int = 2,
) -> list[Signature]:
    """The signatures of all signers that agree, in order of signer address.

    Each signer loads a model, so only `at_once` run at a time. Raises QuorumMissed with every other answer.
    """
    digest = root_digest(reward_root, chain_id=facts.chain_id, contract=facts.addresses.distributor)
    cid = cid_from_digest(reward_root.evidence_digest, RAW)
    with ThreadPoolExecutor(max_workers=at_once) as pool:
        answers = list(pool.map(lambda signer: ask_signer(signer, cid, digest), signers))
    agreed = [answer for answer in answers if isinstance(answer, Signature)]
    if len(agreed) < threshold:
        reasons = "; ".join(answer for answer in answers if isinstance(answer, str))
        raise QuorumMissed(f"{len(agreed)} of {len(signers)} signers signed, {threshold} are needed: {reasons}")
    return sorted(agreed, key=lambda item: int(item.signer, 16))


def ask_signer(settings: SignerSettings, evidence_cid: str, digest: bytes) -> Signature | str:
    """Start a signer process; its signature over `digest`, or in words why there is none."""
    # one thread each: signers run side by side, and the order of float additions must not depend on the host
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    try:
        process = subprocess.run(
            settings.arguments(evidence_cid),
            cwd=settings.root,
            env=environment,
            capture_output=True,
            timeout=_SIGNER_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"signer {settings.keystore.name} did not answer within {_SIGNER_SECONDS} s"
    try:
        answer = json.loads(process.stdout)
        if process.returncode != SIGNED:
            return f"signer {settings.keystore.name} {answer['status']}: {answer['reason']}"
        signature = wire.raw(answer, "signature")
        signer = recover(digest, signature)
    except (ValueError, KeyError, TypeError, OracleError):
        tail = process.stderr.decode(errors="replace").strip().splitlines()[-1:]
        return (
            f"signer {settings.keystore.name} ended with status {process.returncode}: {' '.join(tail) or 'no message'}"
        )
    if signer != answer.get("signer"):
        return f"signer {settings.keystore.name} signed something else than 0x{digest.hex()}"
    return Signature(signer=signer, signature=signature, digest=digest)


def post_root(
    client: ChainClient, poster: LocalAccount, reward_root: RewardRoot, signatures: Iterable[Signature]
) -> Receipt:
    """Post a signed root. Anyone may be the `poster` and put the bond behind it: only the signatures count.

    The bond comes back when the root is final. Raises BondMissing, ChainError.
    """
    approve_bond(client, poster, "RewardDistributor", _bond_wei(client), purpose=_PURPOSE)
    signed = [item.signature for item in signatures]
    return client.send(poster, "RewardDistributor", "post_root", astuple(reward_root), signed)


def pin_evidence(inputs: EpochInputs, result: EpochResult, store: ContentStore) -> RewardRoot:
    """Write the bundle, and pin all that it leads to: an audit must find every input."""
    for source in result.sources:
        for cid in source.cids:
            store.pin(cid)
    document = evidence_document(inputs, result, versions=local_versions())
    return result.reward_root(inputs.facts, write_bundle(document, result.files, store))


def _bond_wei(client: ChainClient) -> int:
    return int(client.call("RewardDistributor", "ROOT_BOND_WEI"))
