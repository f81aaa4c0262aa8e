"""A small market without a chain: a tiny random base, an adapter trained on three contributions, five receipts."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from attribution_oracle.facts import (
    AdapterFact,
    Addresses,
    ContributionFact,
    EpochFacts,
    PinnedBlock,
    Redemption,
)
from attribution_oracle.receipts import Receipt, Text, receipt_id_of
from content.cid import RAW, cid_from_digest, digest_of
from content.store import FolderStore
from trainer.adapter_file import ADAPTER_FILE
from trainer.base_model import describe_base, tiny_random_base
from trainer.lora import train_adapter
from trainer.manifest import DatasetRef, build_manifest
from trainer.snapshot import SnapshotEntry, build_snapshot, load_examples
from trainer.spec import TrainSpec

TEXTS = {
    1: "Q: red\nA: a rose is red\n\nQ: blue\nA: the sea is blue\n",
    2: "Q: green\nA: grass in spring is green\n\nQ: white\nA: snow is white\n",
    3: "Q: black\nA: a raven is black\n",
}
SPEC = TrainSpec(seed=7, train_epochs=30, batch_size=2, learning_rate=2e-2, rank=4, alpha=16, layers=1, max_tokens=64)
QUESTIONS = [
    ("red", "a rose is red", True),
    ("green", "grass in spring is green", True),
    ("blue", "the sea is blue", False),
    ("black", "a raven is black", True),
    ("white", "snow is white", False),
]
DISTRIBUTOR, PAYMENTS = f"0x{'d1' * 20}", f"0x{'Da' * 20}"
OPERATOR, PAYER = f"0x{'0a' * 19}0C", f"0x{'0b' * 20}"
CONTRIBUTORS = {1: f"0x{'11' * 20}", 2: f"0x{'22' * 20}", 3: f"0x{'33' * 20}"}


@dataclass(frozen=True)
class World:
    """Where everything lies, the facts as a chain would tell them, and what the gateway would hand out."""

    base: Path
    store: FolderStore
    facts: EpochFacts
    receipts: tuple[Receipt, ...]


def checksummed(address: str) -> str:
    from eth_utils.address import to_checksum_address

    return to_checksum_address(address)


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_random_base(tmp_path_factory.mktemp("bases") / "tiny", seed=1)


@pytest.fixture(scope="session")
def world(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> World:
    store = FolderStore(tmp_path_factory.mktemp("content"))
    contributions = {key: contribution_of(key, text, store) for key, text in TEXTS.items()}
    adapter = adapter_of(contributions, tiny_base, store, tmp_path_factory.mktemp("adapters"))
    receipts = receipts_of(adapter)
    paid = sum(receipt.fee_wei for receipt in receipts)
    facts = EpochFacts(
        chain_id=31337,
        addresses=Addresses(
            distributor=checksummed(DISTRIBUTOR),
            payments=checksummed(PAYMENTS),
            datanets=checksummed(f"0x{'dd' * 20}"),
            models=checksummed(f"0x{'ee' * 20}"),
        ),
        reward_epoch=1,
        attempt=0,
        block=PinnedBlock(number=90, block_hash=bytes(31) + b"\x5a", timestamp=1_000),
        accrued_wei=paid * 45 // 100,
        previous=None,
        redemptions=(
            Redemption(
                payer=checksummed(PAYER),
                operator=checksummed(OPERATOR),
                adapter_id=1,
                due_wei=paid,
                amount_wei=paid,
                contributors_wei=paid * 45 // 100,
            ),
        ),
        adapters={1: adapter},
        contributions=contributions,
    )
    return World(base=tiny_base, store=store, facts=facts, receipts=receipts)


def contribution_of(contribution_id: int, text: str, store: FolderStore) -> ContributionFact:
    cid = store.put(text.encode())
    return ContributionFact(
        contribution_id=contribution_id,
        contributor=checksummed(CONTRIBUTORS[contribution_id]),
        digest=digest_of(cid)[0],
        codec=RAW,
        canonical_hash=hashlib.sha256(text.encode()).digest(),
        byte_count=len(text),
        format=1,
        commit_block=10 + contribution_id,
        score=80,
        is_withdrawn=False,
    )


def adapter_of(contributions, base: Path, store: FolderStore, folder: Path) -> AdapterFact:
    snapshot = build_snapshot(entry_of(fact) for fact in contributions.values())
    snapshot_cid = store.put(snapshot.jsonl)
    trained = train_adapter(base, load_examples(snapshot, store), SPEC, folder / "one", threads=1)
    dataset = DatasetRef(root=snapshot.root, snapshot_cid=snapshot_cid, contribution_count=len(contributions))
    weights_cid = store.put_file(trained.path / ADAPTER_FILE)
    manifest = build_manifest(trained, SPEC, datasets=[dataset], weights_cid=weights_cid)
    return AdapterFact(
        adapter_id=1,
        base_weights_digest=describe_base(base).weights_digest,
        weights_digest=trained.weights_sha256,
        manifest_digest=digest_of(store.put(manifest))[0],
        snapshots=((snapshot.root, (digest_of(snapshot_cid)[0],)),),
    )


def entry_of(fact: ContributionFact) -> SnapshotEntry:
    return SnapshotEntry(
        byte_count=fact.byte_count,
        canonical_hash="0x" + fact.canonical_hash.hex(),
        cid=cid_from_digest(fact.digest, RAW),
        commit_block=fact.commit_block,
        contribution_id=fact.contribution_id,
        contributor=fact.contributor,
        digest="0x" + fact.digest.hex(),
        format=fact.format,
        score=fact.score,
    )


def receipts_of(adapter: AdapterFact) -> tuple[Receipt, ...]:
    due, receipts = 0, []
    for number, (prompt, answer, is_public) in enumerate(QUESTIONS, start=1):
        due += number * 10**18
        receipts.append(receipt_of(adapter, prompt, answer, is_public, fee_wei=number * 10**18, due_after_wei=due))
    return tuple(receipts)


def receipt_of(adapter, prompt, answer, is_public, *, fee_wei, due_after_wei) -> Receipt:
    salt = hashlib.sha256(prompt.encode()).digest()
    payer, operator = checksummed(PAYER), checksummed(OPERATOR)
    return Receipt(
        receipt_id=receipt_id_of(
            chain_id=31337,
            payments=checksummed(PAYMENTS),
            payer=payer,
            operator=operator,
            adapter_id=adapter.adapter_id,
            due_after_wei=due_after_wei,
        ),
        adapter_id=adapter.adapter_id,
        adapter_digest=adapter.weights_digest,
        payer=payer,
        operator=operator,
        prompt_hash=hashlib.sha256(salt + prompt.encode()).digest(),
        answer_hash=hashlib.sha256(salt + answer.encode()).digest(),
        input_tokens=7,
        output_tokens=5,
        fee_wei=fee_wei,
        due_after_wei=due_after_wei,
        served_at=500,
        is_public=is_public,
        text=Text(salt=salt, prompt=prompt, answer=answer),
    )


def without_private_text(receipts) -> tuple[Receipt, ...]:
    return tuple(receipt if receipt.is_public else replace(receipt, text=None) for receipt in receipts)
