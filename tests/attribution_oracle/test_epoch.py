"""One recomputation, whoever does it: equal bytes in another process, and private answers from their rows alone."""

import json
import subprocess
import sys
from dataclasses import replace

import pytest

from attribution_oracle.differences import first_divergence
from attribution_oracle.epoch import evidence_document, recompute
from attribution_oracle.errors import FileDiffers, ModelUnavailable, ReceiptInvalid, SourceLied
from attribution_oracle.evidence import FILES, PAYOUTS, REWARDS, ROWS, ROWS_INDEX, SCORES, SHARES, write_bundle
from attribution_oracle.evidence_chunks import Commitment
from attribution_oracle.facts import PreviousRoot
from attribution_oracle.inputs import EpochInputs, gather
from attribution_oracle.rewards import PPM
from attribution_oracle.rows import decode_rows
from chain.merkle import reward_leaf, verify_sum

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


@pytest.fixture(scope="session")
def result(world, tmp_path_factory):
    inputs = gather(world.facts, world.receipts, store=world.store)
    return recompute(inputs, store=world.store, bases=[world.base], work=tmp_path_factory.mktemp("work"))


def test_recompute__pays_contributions_and_keeps_the_budget(world, result):
    assert sum(result.payouts.payouts.values()) > 0
    assert result.payouts.pool_wei <= world.facts.accrued_wei
    assert result.rewards.total_wei == sum(result.payouts.payouts.values())
    assert all(sum(map(abs, answer.shares.values())) <= PPM for answer in result.answers)


def test_recompute__the_contribution_that_was_recited_earns_most_of_its_answer(result):
    recited = {"red": 1, "green": 2, "black": 3}
    for answer in result.answers:
        text = answer.paid.receipt.text
        if answer.paid.receipt.is_public and answer.shares:
            assert max(answer.shares, key=answer.shares.__getitem__) == recited[text.prompt]
    assert any(answer.shares for answer in result.answers)


def test_recompute__every_leaf_is_proven(world, result):
    for account in result.rewards.accounts:
        index, amount, proof = result.rewards.proof_of(account)
        leaf = reward_leaf(
            chain_id=31337, distributor=world.facts.addresses.distributor, account=account, cumulative_wei=amount
        )
        count = result.rewards.leaf_count
        assert verify_sum(root=result.rewards.root, leaf=leaf, index=index, proof=proof, leaf_count=count)


def test_recompute__without_the_text_of_private_answers__gives_the_same_bytes(world, result, tmp_path):
    rows = decode_rows(json.loads(result.files[ROWS_INDEX]), result.files[ROWS])
    receipts = [r if r.is_public else replace(r, text=None) for r in world.receipts]
    inputs = gather(world.facts, receipts, store=world.store, rows=rows)
    again = recompute(inputs, store=world.store, bases=[world.base], work=tmp_path)
    assert first_divergence(expected=result.files, found=again.files) is None
    assert (again.rewards.root, again.attribution.root) == (result.rewards.root, result.attribution.root)


_CHILD = """
import json, pickle, sys
from pathlib import Path
from attribution_oracle.epoch import recompute
from content.store import FolderStore
inputs, store, base, work = pickle.load(open(sys.argv[1], "rb"))
result = recompute(inputs, store=FolderStore(store), bases=[base], work=work)
Path(sys.argv[2]).write_bytes(pickle.dumps(dict(result.files)))
"""


def test_recompute__in_another_process_with_other_threads__gives_the_same_bytes(world, result, tmp_path):
    import pickle

    inputs = gather(world.facts, world.receipts, store=world.store)
    request, answer = tmp_path / "request", tmp_path / "answer"
    request.write_bytes(pickle.dumps((inputs, world.store._files.parent, world.base, tmp_path / "work")))
    command = [sys.executable, "-c", _CHILD, str(request), str(answer)]
    subprocess.run(command, check=True, env={"OMP_NUM_THREADS": "2", "PATH": "", "HF_HUB_OFFLINE": "1"}, timeout=120)
    assert pickle.loads(answer.read_bytes()) == dict(result.files)


def test_files__hide_what_is_private(world, result):
    whole = b"".join(result.files[name] for name in FILES)
    for receipt in world.receipts:
        assert (receipt.text.salt.hex().encode() in whole) == receipt.is_public


def test_recompute__on_top_of_an_earlier_root__adds_to_its_rewards(world, result, tmp_path):
    account = result.rewards.accounts[0]
    previous = {account: 5 * 10**18, "0x00000000000000000000000000000000000000AA": 7}
    inputs = gather(world.facts, world.receipts, store=world.store)
    again = recompute(replace(inputs, previous_rewards=previous), store=world.store, bases=[world.base], work=tmp_path)
    rewards = dict(zip(again.rewards.accounts, again.rewards.cumulative_wei, strict=True))
    assert rewards[account] == 5 * 10**18 + result.rewards.proof_of(account)[1]
    assert again.rewards.total_wei == result.rewards.total_wei + 5 * 10**18 + 7
    assert again.files[SHARES] == result.files[SHARES]


def test_recompute__withdrawn_contribution__has_scores_but_no_share_and_the_others_the_same(world, result, tmp_path):
    first = next(key for key, amount in result.payouts.payouts.items() if amount)
    facts = dict(world.facts.contributions)
    facts[first] = replace(facts[first], is_withdrawn=True)
    inputs = gather(replace(world.facts, contributions=facts), world.receipts, store=world.store)
    again = recompute(inputs, store=world.store, bases=[world.base], work=tmp_path)
    assert again.payouts.payouts == {key: wei for key, wei in result.payouts.payouts.items() if key != first}
    for before, after in zip(result.answers, again.answers, strict=True):
        assert after.shares == {key: share for key, share in before.shares.items() if key != first}
    assert again.files[SCORES] == result.files[SCORES]
    assert again.payouts.remainder_wei == result.payouts.remainder_wei + result.payouts.payouts[first]


def test_recompute__with_another_base__names_the_one_that_is_wanted(world, tmp_path):
    from trainer.base_model import tiny_random_base

    other = tiny_random_base(tmp_path / "other", seed=2)
    inputs = gather(world.facts, world.receipts, store=world.store)
    with pytest.raises(ModelUnavailable, match="is for the base with weights 0x"):
        recompute(inputs, store=world.store, bases=[other], work=tmp_path)


def test_recompute__with_a_contribution_of_another_owner_on_chain__is_refused(world, tmp_path):
    facts = dict(world.facts.contributions)
    facts[2] = replace(facts[2], contributor="0x00000000000000000000000000000000000000AA")
    inputs = EpochInputs(facts=replace(world.facts, contributions=facts), receipts=world.receipts)
    with pytest.raises(SourceLied, match="contribution 2"):
        recompute(inputs, store=world.store, bases=[world.base], work=tmp_path)


def test_recompute__with_a_contribution_that_was_not_accepted__is_refused(world, tmp_path):
    facts = {key: fact for key, fact in world.facts.contributions.items() if key != 3}
    inputs = EpochInputs(facts=replace(world.facts, contributions=facts), receipts=world.receipts)
    with pytest.raises(SourceLied, match="contribution 3"):
        recompute(inputs, store=world.store, bases=[world.base], work=tmp_path)


def test_recompute__with_another_snapshot_in_the_lineage__is_refused(world, tmp_path):
    adapter = replace(world.facts.adapters[1], snapshots=((bytes(31) + b"\x01", (bytes(32),)),))
    inputs = EpochInputs(facts=replace(world.facts, adapters={1: adapter}), receipts=world.receipts)
    with pytest.raises(SourceLied, match="not in its lineage"):
        recompute(inputs, store=world.store, bases=[world.base], work=tmp_path)


def test_recompute__with_the_dataset_root_recorded_by_others_too__takes_the_one_in_the_manifest(
    world, result, tmp_path
):
    adapter = world.facts.adapters[1]
    ((root, digests),) = adapter.snapshots
    for recorded in ((bytes(32), *digests), (*digests, bytes(32))):
        facts = replace(world.facts, adapters={1: replace(adapter, snapshots=((root, recorded),))})
        inputs = gather(facts, world.receipts, store=world.store)
        again = recompute(inputs, store=world.store, bases=[world.base], work=tmp_path)
        assert again.rewards.root == result.rewards.root


def test_recompute__with_a_snapshot_that_nobody_recorded__is_refused(world, tmp_path):
    adapter = world.facts.adapters[1]
    other = replace(adapter, snapshots=((adapter.snapshots[0][0], (bytes(32),)),))
    inputs = EpochInputs(facts=replace(world.facts, adapters={1: other}), receipts=world.receipts)
    with pytest.raises(SourceLied, match="nobody recorded the digest"):
        recompute(inputs, store=world.store, bases=[world.base], work=tmp_path)


@pytest.mark.parametrize("change", [{"codec": 0x70}, {"format": 0}])
def test_recompute__with_another_file_than_the_one_on_chain__is_refused(world, tmp_path, change):
    facts = dict(world.facts.contributions)
    facts[2] = replace(facts[2], **change)
    inputs = EpochInputs(facts=replace(world.facts, contributions=facts), receipts=world.receipts)
    with pytest.raises(SourceLied, match="contribution 2"):
        recompute(inputs, store=world.store, bases=[world.base], work=tmp_path)


def test_recompute__with_a_text_that_is_gone__names_it(world, tmp_path):
    import shutil

    from content.store import FolderStore

    shutil.copytree(world.store._files.parent, tmp_path / "copy")
    store = FolderStore(tmp_path / "copy")
    from content.cid import RAW, cid_from_digest

    store.path_of(cid_from_digest(world.facts.contributions[2].digest, RAW)).unlink()
    inputs = gather(world.facts, world.receipts, store=store)
    with pytest.raises(FileDiffers, match="contributed text"):
        recompute(inputs, store=store, bases=[world.base], work=tmp_path)


def test_gather__with_a_previous_root_whose_evidence_is_another__is_refused(world, result):
    inputs = gather(world.facts, world.receipts, store=world.store)
    written = write_bundle(evidence_document(inputs, result, versions={}), result.files, world.store)
    honest = PreviousRoot(1, result.rewards.root, result.rewards.total_wei, result.rewards.leaf_count, written.digest)
    later = replace(world.facts, reward_epoch=2)
    assert sum(gather(replace(later, previous=honest), [], store=world.store).previous_rewards.values()) > 0
    with pytest.raises(SourceLied, match="reward epoch 1"):
        gather(replace(later, previous=replace(honest, root=bytes(32))), [], store=world.store)


def test_reward_root__names_the_root_before_it_and_so_does_the_evidence(world, result):
    inputs = gather(world.facts, world.receipts, store=world.store)
    for previous, root in ((None, bytes(32)), (PreviousRoot(1, b"r" * 32, 0, 1, bytes(32)), b"r" * 32)):
        facts = replace(world.facts, reward_epoch=2, previous=previous)
        assert result.reward_root(facts, Commitment(bytes(32), b"c" * 32, 7)).previous_root == root
        document = evidence_document(replace(inputs, facts=facts), result, versions={})
        assert document["outcome"]["previous_root"] == "0x" + root.hex()


def test_gather__private_receipt_without_text_and_row__is_refused(world):
    receipts = [r if r.is_public else replace(r, text=None) for r in world.receipts]
    with pytest.raises(ReceiptInvalid, match="neither text nor a query row"):
        gather(world.facts, receipts, store=world.store)


def test_skipped_adapter__pays_nobody(world):
    inputs = gather(world.facts, world.receipts, store=world.store, skipped_adapters=frozenset({1}))
    assert inputs.redemptions == () and inputs.receipts == ()


def test_files__payouts_follow_from_shares(result):
    shares = [json.loads(line) for line in result.files[SHARES].splitlines()]
    weights: dict[int, int] = {}
    for line in shares:
        for contribution_id, share in line["shares"]:
            weights[contribution_id] = weights.get(contribution_id, 0) + int(line["pool_wei"]) * share
    payouts = [json.loads(line) for line in result.files[PAYOUTS].splitlines()]
    assert {line["contribution_id"]: int(line["weight"]) for line in payouts} == weights
    assert all(int(line["payout_wei"]) == max(0, int(line["weight"])) // PPM for line in payouts)
    assert len(result.files[REWARDS].splitlines()) == result.rewards.leaf_count
