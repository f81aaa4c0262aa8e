"""The audit of a reward epoch: from the root on chain and its pinned evidence, with no word of the oracle's services.

    root record -> evidence.json by digest -> proofs that need no judge -> every file by hash -> facts by event logs
    -> recomputation -> leaf by leaf comparison -> the contract's own `verify_reward` and `verify_attribution`

What comes out names the first file whose bytes differ, the first value that differs from the recomputation, and the
first account that is given something else than it earned. What a proof shows is void at once (`prove`), what only a
recomputation shows is challenged (`challenge`), and what is withheld is demanded (`attribution_oracle.demands`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from eth_account.signers.local import LocalAccount

from attribution_oracle import wire
from attribution_oracle.bonds import approve_bond
from attribution_oracle.chain_facts import Log, post_of
from attribution_oracle.demands import missing_chunks
from attribution_oracle.differences import Divergence, WrongLeaf, first_wrong_leaf
from attribution_oracle.epoch import PaidAnswer, local_versions
from attribution_oracle.errors import EvidenceInvalid, FileDiffers, NothingEarned, ReceiptInvalid, SourceLied
from attribution_oracle.evidence import REWARDS
from attribution_oracle.fraud import described, find_proof
from attribution_oracle.reproduce import Reproduction, reproduce
from chain.client import ChainClient, Receipt
from chain.fraud_proofs import FraudProof, arguments
from content.canonical import canonical_json
from content.cid import RAW, cid_from_digest
from content.store import ContentStore
from trainer.errors import TrainerError

REPORT_FORMAT = "openledger-audit/1"
_MAX_PLAIN = 2**53
STATUS = {1: "posted", 2: "challenged", 4: "final", 8: "void"}
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Audited:
    """Which root a report is about; `status` is its state on chain."""

    reward_epoch: int
    attempt: int
    status: str
    root: bytes
    evidence_cid: str


@dataclass(frozen=True, slots=True)
class Match:
    """The root is what the evidence recomputes to, to the byte."""

    audited: Audited
    total_wei: int
    pool_wei: int
    remainder_wei: int
    leaf_count: int
    receipt_count: int
    contribution_count: int
    verified_rewards: int
    verified_attributions: int
    # libraries whose versions differ between the oracle and here, without any byte coming out different
    other_versions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Mismatch:
    """The root is false, or its evidence is not there: `reason` says what differs first, in words for the report.

    `proof` is what `prove` sends; `missing_chunks` are those of the evidence's files that could not be fetched.
    """

    audited: Audited
    reason: str
    divergence: Divergence | None = None
    wrong_leaf: WrongLeaf | None = None
    proof: FraudProof | None = None
    missing_chunks: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class NoRoot:
    """Nothing was posted for this reward epoch."""

    reward_epoch: int


AuditReport = Match | Mismatch | NoRoot


def audit_epoch(
    reward_epoch: int,
    *,
    client: ChainClient,
    store: ContentStore,
    bases: Sequence[Path],
    indexes: Path | None = None,
    sample: int | None = None,
    progress: Progress = lambda _: None,
) -> AuditReport:
    """Audit the last root posted for a reward epoch.

    `bases` are prepared base models (`trainer.base_model`); `indexes` is a folder where this auditor keeps the rows
    that it computed itself, for the next audit of the same adapter; `sample` is how many leaves of each tree are shown
    to the contract's views (default: all).

    Raises:
        ModelUnavailable: no base in `bases` is the one that an adapter names.
        ChainError, StoreUnavailable: the node or the store did not answer.
    """
    post = post_of(client, reward_epoch)
    if post is None:
        return NoRoot(reward_epoch)
    audited = _audited(client, post)
    # first, as it takes seconds and no model, and ends the matter
    proof = find_proof(client, post, store)
    if proof:
        return Mismatch(audited, f"{proof.function}: {described(proof)}", proof=proof)
    try:
        with TemporaryDirectory() as work:
            reproduction = reproduce(
                post["evidence_digest"],
                client=client,
                store=store,
                bases=bases,
                work=Path(work),
                indexes=indexes,
                before=post,
            )
    except FileDiffers as error:
        return Mismatch(audited, str(error), missing_chunks=missing_chunks(client, post, store))
    except (EvidenceInvalid, NothingEarned, ReceiptInvalid, SourceLied, TrainerError) as error:
        return Mismatch(audited, str(error))
    progress(f"evidence {audited.evidence_cid}: {len(reproduction.bundle.files)} files, every byte hashed")
    wrong = _compare(audited, reproduction, post)
    if wrong:
        return wrong
    progress(f"recomputed byte for byte: root 0x{reproduction.result.rewards.root.hex()}")
    return _shown_to_the_contract(client, audited, reproduction, sample=sample, progress=progress)


def report_document(report: AuditReport) -> dict[str, Any]:
    """A report as a JSON object, for the command line and for the reason of a challenge."""
    document: dict[str, Any] = {"format": REPORT_FORMAT, "outcome": type(report).__name__.lower()}
    document |= {key: _plain(value) for key, value in asdict(report).items()}
    if isinstance(report, Mismatch) and report.proof:
        document["proof"] = {"function": report.proof.function, **document["proof"]}
    return document


def challenge(client: ChainClient, account: LocalAccount, report: Mismatch, store: ContentStore) -> bytes:
    """Put the bond of `account` against a false root; gives the reason digest, under which the report is pinned.

    Raises BondMissing, and ChainError, for instance when the window is over.
    """
    reason = canonical_json(report_document(report))
    digest = sha256(reason).digest()
    store.put(reason)
    bond_wei = client.call("RewardDistributor", "CHALLENGE_BOND_WEI")
    approve_bond(client, account, "RewardDistributor", bond_wei, purpose="challenging a reward root")
    client.send(account, "RewardDistributor", "challenge", report.audited.reward_epoch, digest)
    return digest


def prove(client: ChainClient, account: LocalAccount, report: Mismatch) -> Receipt:
    """Show the report's proof to RootDisputes: the root is void at once, and half of its bond goes to `account`.

    Raises ValueError for a report without a proof, ChainError, for instance when the root is pending no longer.
    """
    if report.proof is None:
        raise ValueError("this report has no proof; expected one that names a function of RootDisputes; challenge it")
    values = arguments(report.proof, reward_epoch=report.audited.reward_epoch)
    return client.send(account, "RootDisputes", report.proof.function, *values)


def _audited(client: ChainClient, post: Log) -> Audited:
    status = client.call("RewardDistributor", "root", post["reward_epoch"]).status
    return Audited(
        reward_epoch=post["reward_epoch"],
        attempt=post["attempt"],
        status=STATUS[status],
        root=post["root"],
        evidence_cid=cid_from_digest(post["evidence_digest"], RAW),
    )


def _compare(audited: Audited, reproduction: Reproduction, post: Log) -> Mismatch | None:
    """The first thing in which the published root and bundle are not the recomputed ones."""
    divergence = reproduction.first_difference()
    if divergence:
        leaf = first_wrong_leaf(expected=reproduction.result.files[REWARDS], found=reproduction.bundle.files[REWARDS])
        reason = str(divergence) if leaf is None else f"{divergence}; the first wrong leaf is {leaf}"
        return Mismatch(audited, reason, divergence, leaf)
    for field, expected in asdict(reproduction.reward_root).items():
        # the contract takes a root on its previous one alone, and does not repeat that in the log
        if field in post and post[field] != expected:
            divergence = Divergence("root on chain", field, str(_plain(expected)), str(_plain(post[field])))
            return Mismatch(audited, str(divergence), divergence)
    return None


def _shown_to_the_contract(
    client: ChainClient, audited: Audited, reproduction: Reproduction, *, sample: int | None, progress: Progress
) -> Match | Mismatch:
    """Ask the contract's own views about the recomputed leaves; a void root has none any more."""
    result = reproduction.result
    rewards = attributions = 0
    if audited.status != "void":
        for account in result.rewards.accounts[:sample]:
            if not _verify_reward(client, reproduction, account):
                return Mismatch(audited, f"verify_reward is false for the recomputed leaf of {account}")
            rewards += 1
        for place, answer in enumerate(result.answers[:sample]):
            if not _verify_attribution(client, reproduction, place, answer):
                receipt_id = wire.hexed(answer.paid.receipt.receipt_id)
                return Mismatch(audited, f"verify_attribution is false for the recomputed leaf of receipt {receipt_id}")
            attributions += bool(answer.shares)
    progress(f"the contract agrees: verify_reward {rewards} times, verify_attribution {attributions} times")
    return _match(audited, reproduction, rewards=rewards, attributions=attributions)


def _match(audited: Audited, reproduction: Reproduction, *, rewards: int, attributions: int) -> Match:
    result = reproduction.result
    theirs, ours = reproduction.document["versions"], local_versions()
    return Match(
        audited=audited,
        total_wei=result.rewards.total_wei,
        pool_wei=result.payouts.pool_wei,
        remainder_wei=result.payouts.remainder_wei,
        leaf_count=result.rewards.leaf_count,
        receipt_count=len(result.answers),
        contribution_count=len(result.payouts.weights),
        verified_rewards=rewards,
        verified_attributions=attributions,
        other_versions=tuple(sorted(name for name in theirs | ours if theirs.get(name) != ours.get(name))),
    )


def _verify_reward(client: ChainClient, reproduction: Reproduction, account: str) -> bool:
    index, cumulative_wei, proof = reproduction.result.rewards.proof_of(account)
    epoch = reproduction.bundle.reward_epoch
    return bool(client.call("RewardDistributor", "verify_reward", epoch, account, cumulative_wei, index, proof))


def _verify_attribution(client: ChainClient, reproduction: Reproduction, place: int, answer: PaidAnswer) -> bool:
    """Whether the contract finds the largest share of an answer under the posted root; true for one without shares."""
    if not answer.shares:
        return True
    receipt = answer.paid.receipt
    ids = list(answer.shares)
    at = max(range(len(ids)), key=lambda index: abs(answer.shares[ids[index]]))
    leaf = (receipt.receipt_id, receipt.adapter_digest, receipt.answer_hash, receipt.fee_wei, answer.tree.root)
    return bool(
        client.call(
            "RewardDistributor",
            "verify_attribution",
            reproduction.bundle.reward_epoch,
            leaf,
            place,
            reproduction.result.attribution.proof(place),
            ids[at],
            answer.shares[ids[at]],
            at,
            answer.tree.proof(at),
        )
    )


def _plain(value: Any) -> Any:
    """A value as JSON carries it: bytes as hex, large integers as text."""
    if isinstance(value, bytes):
        return wire.hexed(value)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, int) and abs(value) >= _MAX_PLAIN else value
