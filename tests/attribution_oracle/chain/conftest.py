"""A market on a real node: contributions accepted, an adapter registered, answers redeemed in reward epoch 1."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from eth_account.signers.local import LocalAccount

from attribution_oracle.audit import AuditReport, audit_epoch
from attribution_oracle.chain_facts import read_facts
from attribution_oracle.epoch import EpochResult, evidence_document, local_versions, recompute
from attribution_oracle.evidence import write_bundle
from attribution_oracle.facts import EpochFacts
from attribution_oracle.inputs import EpochInputs, gather
from attribution_oracle.oracle import pin_evidence, post_root
from attribution_oracle.receipts import Receipt, Text, receipt_id_of
from attribution_oracle.signer import Signature, SignerSettings, write_keystore
from chain.client import ChainClient
from chain.contracts import load_deployment, save_deployment
from chain.deploy import ClientDeployer, deploy_protocol, development_roles
from chain.node import DEV_DEPLOYER, DEV_HOLDER, DEV_SIGNERS, DevNode, dev_account
from chain.parameters import read_parameters
from chain.typed_data import RewardRoot, Voucher, compact_signature, root_digest, sign_digest, voucher_digest
from content.canonical import canonical_json
from content.cid import digest_of
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
CONTRIBUTORS, OWNER, PAYER, AUDITOR, POSTER = (6, 7, 8), 11, 12, 13, 14
LICENCE = bytes(31) + b"\x02"
PASSWORD = "correct horse"
UNIT = 10**18
ROOT_BOND_WEI, DEMAND_BOND_WEI = 40 * UNIT, 5 * UNIT


@dataclass(frozen=True)
class Market:
    """The running parts, and what is done with them: sell answers, close reward epochs falsely or not, audit them."""

    client: ChainClient
    store: FolderStore
    base: Path
    folder: Path
    receipts: list[Receipt]
    signers: list[SignerSettings]
    weights_digest: bytes
    entries: list[SnapshotEntry]

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
        signature = compact_signature(sign_digest(digest, bytes(payer.key)))
        signed = (payer.address, due_wei, 2**40, due_wei, *signature)
        self.client.send(operator, "InferencePayments", "redeem", 1, [signed])

    def made(
        self, reward_epoch: int = 1, *, facts: EpochFacts | None = None
    ) -> tuple[EpochInputs, EpochResult, RewardRoot]:
        """Inputs, result and the signed-for root of an epoch, with its evidence pinned."""
        facts = facts or read_facts(self.client, reward_epoch)
        ranges = [(r.due_wei - r.amount_wei, r.due_wei) for r in facts.redemptions]
        receipts = [r for r in self.receipts if any(low < r.due_after_wei <= high for low, high in ranges)]
        inputs = gather(facts, receipts, store=self.store)
        result = recompute(inputs, store=self.store, bases=[self.base], work=self.folder / "work")
        return inputs, result, pin_evidence(inputs, result, self.store)

    def audit(self, reward_epoch: int = 1) -> AuditReport:
        return audit_epoch(reward_epoch, client=self.client, store=self.store, bases=[self.base])

    def signed_by_all(self, reward_root: RewardRoot) -> list[Signature]:
        """What colluding holders of all keys can do: sign anything."""
        address = self.client.deployment.address("RewardDistributor")
        digest = root_digest(reward_root, chain_id=self.client.chain_id, contract=address)
        keys = sorted((dev_account(index) for index in DEV_SIGNERS), key=lambda account: int(account.address, 16))
        return [Signature(key.address, sign_digest(digest, bytes(key.key)), digest) for key in keys]

    def post_false(self, inputs: EpochInputs, result: EpochResult, **changes: int | bytes) -> RewardRoot:
        """Post what the evidence of a false result makes, with a few fields of the root changed."""
        document = evidence_document(inputs, result, versions=local_versions())
        written = write_bundle(document, result.files, self.store)
        reward_root = replace(result.reward_root(inputs.facts, written), **changes)
        post_root(self.client, dev_account(POSTER), reward_root, self.signed_by_all(reward_root))
        return reward_root

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
        fund(client)
        *early, late = contribute_all(client, store)
        for entry in early:
            accept(client, entry)
        weights_digest = register(client, store, tiny_base, [*early, late], folder)
        # nothing on chain keeps an owner from training on what is not decided yet
        accept(client, late)
        running = Market(client, store, tiny_base, folder, [], [], weights_digest, [*early, late])
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
    parameters = read_parameters(ROOT / "configs" / "protocol.toml")
    rewards = replace(parameters.rewards, challenge_bond_wei=10 * UNIT, root_bond_wei=ROOT_BOND_WEI)
    parameters = replace(parameters, rewards=rewards, demand_bond_wei=DEMAND_BOND_WEI)
    deployment = deploy_protocol(deployer, parameters, development_roles(), commit="test")
    save_deployment(deployment, folder / "deployment.json")
    return ChainClient(rpc_url, root=ROOT, deployment=load_deployment(folder / "deployment.json"))


def fund(client: ChainClient) -> None:
    holder, payments = dev_account(DEV_HOLDER), client.deployment.address("InferencePayments")
    for account in (*CONTRIBUTORS, AUDITOR, POSTER):
        client.send(holder, "OpenToken", "transfer", dev_account(account).address, 1000 * UNIT)
    client.send(holder, "OpenToken", "approve", payments, 1000 * UNIT)
    client.send(holder, "InferencePayments", "deposit", dev_account(PAYER).address, 1000 * UNIT)


def contribute_all(client: ChainClient, store: FolderStore) -> list[SnapshotEntry]:
    owner, limits, terms = dev_account(OWNER), (2**23, 2**23, 20, 2**20), (3, UNIT, UNIT)
    client.send(owner, "DatanetRegistry", "create_datanet", 1, 3, terms, limits, bytes(31) + b"\x01")
    return [contribute(client, store, dev_account(who), text) for who, text in zip(CONTRIBUTORS, TEXTS, strict=True)]


def contribute(client: ChainClient, store: FolderStore, account: LocalAccount, text: str) -> SnapshotEntry:
    """A contribution, pending; its entry in a snapshot says what it will be once it is accepted."""
    salt, registry = bytes(32), client.deployment.address("DatanetRegistry")
    cid = store.put(text.encode())
    digest, canonical = digest_of(cid)[0], hashlib.sha256(text.encode()).digest()
    client.send(account, "OpenToken", "approve", registry, client.call("DatanetRegistry", "DEPOSIT_WEI"))
    client.send(account, "DatanetRegistry", "add_deposits", 1, 1)
    commitment = client.call("DatanetRegistry", "commitment_of", account.address, 1, digest, canonical, salt)
    committed = client.send(account, "DatanetRegistry", "commit", commitment)
    number = client.call("DatanetRegistry", "contribution_count")
    client.rpc("anvil_mine", hex(1))
    client.send(account, "DatanetRegistry", "reveal", number, 1, digest, canonical, len(text), 1, salt)
    return SnapshotEntry(
        byte_count=len(text),
        canonical_hash="0x" + canonical.hex(),
        cid=cid,
        commit_block=committed.block_number,
        contribution_id=number,
        contributor=account.address,
        digest="0x" + digest.hex(),
        format=1,
        score=80,
    )


def accept(client: ChainClient, entry: SnapshotEntry) -> None:
    """The court's verdict. The node lets it speak without a review: committees and their days have their own tests."""
    court, canonical = client.deployment.address("ReviewCourt"), bytes.fromhex(entry.canonical_hash[2:])
    arguments = [entry.contribution_id, canonical, True, entry.score, False]
    verdict = client.contract("DatanetRegistry").encode_abi("resolve", arguments)
    client.rpc("anvil_impersonateAccount", court)
    client.rpc("anvil_setBalance", court, hex(UNIT))
    transaction = {"from": court, "to": client.deployment.address("DatanetRegistry"), "data": verdict}
    client.rpc("eth_sendTransaction", transaction)
    assert client.call("DatanetRegistry", "contribution", entry.contribution_id).status == 2  # accepted


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
    client.send(owner, "ModelRegistry", "register_base", described.weights_digest, base_manifest, LICENCE)
    roots, prices = [snapshot.root], (UNIT, UNIT)
    arguments = (1, 0, trained.weights_sha256, manifest, LICENCE, roots, 0, *prices)
    client.send(owner, "ModelRegistry", "register_adapter", *arguments)
    return trained.weights_sha256


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
