"""A market on a real node: contributions accepted, an adapter registered, answers redeemed in reward epoch 1."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from attribution_oracle.receipts import Receipt, Text, receipt_id_of
from attribution_oracle.signer import SignerSettings, write_keystore
from chain.client import ChainClient
from chain.contracts import load_deployment, save_deployment
from chain.deploy import ClientDeployer, deploy_protocol, development_roles, read_parameters
from chain.node import DEV_DEPLOYER, DEV_HOLDER, DEV_SIGNERS, DevNode, dev_account
from chain.typed_data import Voucher, sign_digest, voucher_digest
from content.canonical import canonical_json
from content.cid import RAW, digest_of
from content.store import FolderStore
from trainer.adapter_file import ADAPTER_FILE
from trainer.base_model import describe_base
from trainer.lora import train_adapter
from trainer.manifest import DatasetRef, build_manifest
from trainer.snapshot import SnapshotEntry, build_snapshot, load_examples
from trainer.spec import TrainSpec

ROOT = Path(__file__).resolve().parents[3]
SPEC = TrainSpec(seed=7, train_epochs=30, batch_size=2, learning_rate=2e-2, rank=4, alpha=16, layers=1, max_tokens=64)
TEXTS = [
    "Q: red\nA: a rose is red\n\nQ: blue\nA: the sea is blue\n",
    "Q: green\nA: grass in spring is green\n\nQ: white\nA: snow is white\n",
    "Q: black\nA: a raven is black\n",
]
QUESTIONS = [
    ("red", "a rose is red", True),
    ("green", "grass in spring is green", True),
    ("black", "a raven is black", False),
]
CONTRIBUTORS, VALIDATORS, OWNER, PAYER, AUDITOR, POSTER = (6, 7, 8), (9, 10), 11, 12, 13, 14
PASSWORD = "correct horse"
UNIT = 10**18


@dataclass(frozen=True)
class Market:
    """The running parts, and how to sell further answers."""

    client: ChainClient
    store: FolderStore
    base: Path
    folder: Path
    receipts: list[Receipt]
    signers: list[SignerSettings]
    weights_digest: bytes

    def advance_past_epoch(self, reward_epoch: int) -> None:
        """Move the clock just past the end of a reward epoch, and finalize that."""
        now = self.client.block().timestamp
        end = self.client.call("RewardDistributor", "epoch_end", reward_epoch)
        self.advance(max(0, end - now) + 1)

    def advance(self, seconds: int) -> None:
        self.client.rpc("evm_increaseTime", seconds)
        self.client.rpc("anvil_mine", hex(4))

    def sell(self, questions: list[tuple[str, str, bool]]) -> None:
        """Sell answers of adapter 1 at one OPEN more each, and redeem them at once."""
        due = self.receipts[-1].due_after_wei if self.receipts else 0
        for prompt, answer, is_public in questions:
            fee = (len(self.receipts) + 1) * UNIT
            due += fee
            self.receipts.append(self._receipt(prompt, answer, is_public, fee_wei=fee, due_after_wei=due))
        self.redeem(due)

    def redeem(self, due_wei: int) -> None:
        payer, operator = dev_account(PAYER), dev_account(OWNER)
        voucher = Voucher(payer.address, operator.address, 1, due_wei, 2**40)
        address = self.client.deployment.address("InferencePayments")
        digest = voucher_digest(voucher, chain_id=self.client.chain_id, contract=address)
        signed = (payer.address, operator.address, 1, due_wei, 2**40), due_wei, sign_digest(digest, bytes(payer.key))
        self.client.send(operator, "InferencePayments", "redeem", [signed])

    def _receipt(self, prompt, answer, is_public, *, fee_wei, due_after_wei) -> Receipt:
        payer, operator = dev_account(PAYER).address, dev_account(OWNER).address
        salt = hashlib.sha256(b"salt" + prompt.encode()).digest()
        return Receipt(
            receipt_id=receipt_id_of(
                chain_id=self.client.chain_id,
                payments=self.client.deployment.address("InferencePayments"),
                payer=payer,
                operator=operator,
                adapter_id=1,
                due_after_wei=due_after_wei,
            ),
            adapter_id=1,
            adapter_digest=self.weights_digest,
            payer=payer,
            operator=operator,
            prompt_hash=hashlib.sha256(salt + prompt.encode()).digest(),
            answer_hash=hashlib.sha256(salt + answer.encode()).digest(),
            input_tokens=7,
            output_tokens=5,
            fee_wei=fee_wei,
            due_after_wei=due_after_wei,
            served_at=self.client.block().timestamp,
            is_public=is_public,
            text=Text(salt=salt, prompt=prompt, answer=answer),
        )


@pytest.fixture(scope="session")
def opened(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    """One chain for all tests, with an adapter registered and three answers redeemed in reward epoch 1."""
    folder = tmp_path_factory.mktemp("market")
    with DevNode.start(ROOT) as node:
        client = deployed(node.rpc_url, folder)
        store = FolderStore(folder / "content")
        entries = contribute_all(client, store)
        weights_digest = register(client, store, tiny_base, entries, folder)
        fund(client)
        running = Market(client, store, tiny_base, folder, [], [], weights_digest)
        running.sell(QUESTIONS)
        yield running


@pytest.fixture
def market(opened: Market, tiny_base: Path, tmp_path: Path) -> Iterator[Market]:
    """The market as it was opened: what a test does to the chain is undone; signers remember nothing yet."""
    snapshot = opened.client.rpc("evm_snapshot")
    signers = [signer(index, opened, tiny_base, tmp_path) for index in DEV_SIGNERS]
    yield replace(opened, receipts=list(opened.receipts), signers=signers)
    opened.client.rpc("evm_revert", snapshot)


def deployed(rpc_url: str, folder: Path) -> ChainClient:
    deployer = ClientDeployer(dev_account(DEV_DEPLOYER), rpc_url=rpc_url, root=ROOT)
    parameters = replace(read_parameters(ROOT / "configs" / "protocol.toml"), challenge_bond_wei=10 * UNIT)
    deployment = deploy_protocol(deployer, parameters, development_roles(), commit="test")
    save_deployment(deployment, folder / "deployment.json")
    return ChainClient(rpc_url, root=ROOT, deployment=load_deployment(folder / "deployment.json"))


def contribute_all(client: ChainClient, store: FolderStore) -> list[SnapshotEntry]:
    owner, limits = dev_account(OWNER), (10**7, 10**7, 20, 10**6)
    client.send(owner, "DatanetRegistry", "create_datanet", 1, 3, 2, limits, bytes(31) + b"\x01")
    for validator in VALIDATORS:
        client.send(owner, "DatanetRegistry", "set_validator", 1, dev_account(validator).address, True)
    return [contribute(client, store, number, text) for number, text in enumerate(TEXTS, start=1)]


def contribute(client: ChainClient, store: FolderStore, number: int, text: str) -> SnapshotEntry:
    account, salt = dev_account(CONTRIBUTORS[number - 1]), bytes(32)
    cid = store.put(text.encode())
    digest, canonical = digest_of(cid)[0], hashlib.sha256(text.encode()).digest()
    commitment = client.call("DatanetRegistry", "commitment_of", account.address, 1, digest, canonical, salt)
    client.send(account, "DatanetRegistry", "commit", commitment)
    client.rpc("anvil_mine", hex(1))
    client.send(account, "DatanetRegistry", "reveal", 1, digest, RAW, canonical, len(text), 1, salt)
    for validator in VALIDATORS:
        client.send(dev_account(validator), "DatanetRegistry", "review", number, True, 80, 0, bytes(32))
    record = client.call("DatanetRegistry", "contribution", number)
    return SnapshotEntry(
        byte_count=len(text),
        canonical_hash="0x" + canonical.hex(),
        cid=cid,
        commit_block=record[7],
        contribution_id=number,
        contributor=account.address,
        digest="0x" + digest.hex(),
        format=1,
        score=record[9],
    )


def register(client: ChainClient, store: FolderStore, base: Path, entries: list[SnapshotEntry], folder: Path) -> bytes:
    owner = dev_account(OWNER)
    snapshot = build_snapshot(entries)
    snapshot_cid = store.put(snapshot.jsonl)
    digest = digest_of(snapshot_cid)[0]
    client.send(owner, "DatanetRegistry", "record_snapshot", 1, snapshot.root, digest, len(entries))
    trained = train_adapter(base, load_examples(snapshot, store), SPEC, folder / "adapter", threads=1)
    dataset = DatasetRef(root=snapshot.root, snapshot_cid=snapshot_cid, contribution_count=len(entries))
    weights_cid = store.put_file(trained.path / ADAPTER_FILE)
    manifest = digest_of(store.put(build_manifest(trained, SPEC, datasets=[dataset], weights_cid=weights_cid)))[0]
    described = describe_base(base)
    base_manifest = digest_of(store.put(canonical_json({"base": "tiny"})))[0]
    client.send(owner, "ModelRegistry", "register_base", described.weights_digest, base_manifest)
    roots, prices = [snapshot.root], (UNIT, UNIT)
    arguments = (1, 0, trained.weights_sha256, manifest, roots, 0, *prices)
    client.send(owner, "ModelRegistry", "register_adapter", *arguments)
    return trained.weights_sha256


def fund(client: ChainClient) -> None:
    holder, payments = dev_account(DEV_HOLDER), client.deployment.address("InferencePayments")
    client.send(holder, "OpenToken", "transfer", dev_account(AUDITOR).address, 100 * UNIT)
    client.send(holder, "OpenToken", "approve", payments, 1000 * UNIT)
    client.send(holder, "InferencePayments", "deposit", dev_account(PAYER).address, 1000 * UNIT)


def signer(index: int, market: Market, base: Path, folder: Path) -> SignerSettings:
    home = folder / f"signer-{index}"
    write_keystore(home / "key.json", bytes(dev_account(index).key), PASSWORD, iterations=1 << 12)
    (home / "password").write_text(PASSWORD + "\n")
    return SignerSettings(
        keystore=home / "key.json",
        password_file=home / "password",
        protection=home / "signed.db",
        rpc_url=market.client.rpc_url,
        root=ROOT,
        deployment=market.folder / "deployment.json",
        store=str(market.folder / "content"),
        bases=(base,),
        work=home / "work",
    )
