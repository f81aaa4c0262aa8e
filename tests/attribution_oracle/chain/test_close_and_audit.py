"""An epoch on a real chain: three signer processes recompute, the root is posted, and an audit needs nothing else."""

import json
from dataclasses import replace

import pytest

from attribution_oracle.audit import Match, Mismatch, NoRoot, challenge, report_document
from attribution_oracle.chain_facts import pinned_block, read_facts
from attribution_oracle.epoch import evidence_document, local_versions
from attribution_oracle.errors import EpochNotReady, QuorumMissed
from attribution_oracle.evidence import PAYOUTS, REWARDS, ROWS, SCORES, write_bundle
from attribution_oracle.oracle import ask_signer, collect_signatures, post_root
from attribution_oracle.signer import Signature
from chain.merkle import reward_tree
from chain.node import dev_account
from chain.typed_data import root_digest
from content.canonical import canonical_lines
from content.cid import RAW, cid_from_digest

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::FutureWarning")]
AUDITOR, POSTER = 13, 14


def posted(market, reward_epoch=1):
    inputs, result, reward_root = market.made(reward_epoch)
    signatures = collect_signatures(market.signers, reward_root, facts=inputs.facts, threshold=2, at_once=1)
    post_root(market.client, dev_account(POSTER), reward_root, signatures)
    return result, reward_root, signatures


def test_epoch__closed_twice_and_audited__is_byte_equal(market):
    with pytest.raises(EpochNotReady, match="the reward epoch ends at"):
        read_facts(market.client, 1)
    assert market.audit() == NoRoot(1)
    market.advance_past_epoch(1)
    result, _, signatures = posted(market)
    assert len(signatures) == 3

    report = market.audit()
    assert isinstance(report, Match), report
    assert report.total_wei == result.rewards.total_wei > 0
    assert report.verified_rewards == result.rewards.leaf_count
    assert report.verified_attributions == sum(bool(answer.shares) for answer in result.answers) > 0
    assert report.other_versions == ()
    bond = market.client.call("RewardDistributor", "ROOT_BOND_WEI")
    assert market.client.call("RewardDistributor", "owed_wei") == read_facts(market.client, 1).accrued_wei + bond
    assert json.loads(json.dumps(report_document(report)))["outcome"] == "match"

    market.sell([("white", "snow is white", True), ("blue", "the sea is blue", False)])
    epoch = market.client.call("RewardDistributor", "current_epoch")
    market.advance_past_epoch(epoch)
    _, later, later_root = market.made(epoch)
    post_root(market.client, dev_account(POSTER), later_root, market.signed_by_all(later_root))
    assert later.rewards.total_wei > result.rewards.total_wei
    second = market.audit(epoch)
    assert isinstance(second, Match), second
    assert second.total_wei == later.rewards.total_wei


def test_epoch__that_nobody_closed__is_paid_by_the_next_root(market):
    market.advance_past_epoch(1)
    alone = market.made()[1].rewards.total_wei
    market.sell([("white", "snow is white", True)])
    epoch = market.client.call("RewardDistributor", "current_epoch")
    market.advance_past_epoch(epoch)
    inputs, result, reward_root = market.made(epoch)
    assert len(inputs.facts.redemptions) == 2 and result.rewards.total_wei > alone
    assert inputs.facts.accrued_wei == sum(market.client.call("RewardDistributor", "accrued", n) for n in (1, epoch))
    post_root(market.client, dev_account(POSTER), reward_root, market.signed_by_all(reward_root))
    assert isinstance(market.audit(epoch), Match)


def test_audit__of_a_false_payout__names_the_leaf_and_where_it_begins(market):
    market.advance_past_epoch(1)
    inputs, result, _ = market.made()
    thief = dev_account(POSTER).address
    payouts = [json.loads(line) for line in result.files[PAYOUTS].splitlines()]
    paid = next(line for line in payouts if int(line["payout_wei"]))
    files = dict(result.files)
    files[PAYOUTS] = result.files[PAYOUTS].replace(paid["contributor"].encode(), thief.encode(), 1)
    rewards = dict(zip(result.rewards.accounts, result.rewards.cumulative_wei, strict=True))
    rewards[thief] = rewards.pop(paid["contributor"])
    tree = reward_tree(chain_id=31337, distributor=inputs.facts.addresses.distributor, rewards=rewards)
    files[REWARDS] = reward_lines(tree)
    false_root = market.post_false(inputs, replace(result, rewards=tree, files=files))

    report = market.audit()
    assert isinstance(report, Mismatch)
    assert report.divergence.file == PAYOUTS
    assert report.divergence.place == f"contribution {paid['contribution_id']}, contributor"
    assert (report.divergence.expected, report.divergence.found) == (paid["contributor"], thief)
    first = min(thief, paid["contributor"], key=lambda account: int(account, 16))
    assert report.wrong_leaf.account == first

    digest = challenge(market.client, dev_account(AUDITOR), report, market.store)
    assert json.loads(market.store.get(cid_from_digest(digest, RAW)))["wrong_leaf"]["account"] == first
    assert market.audit().audited.status == "challenged"
    assert_void_falls_back(market, false_root)


def assert_void_falls_back(market, false_root):
    parameters = ("CHALLENGE_WINDOW_SECONDS", "RESOLUTION_SECONDS")
    market.advance(sum(market.client.call("RewardDistributor", name) for name in parameters) + 1)
    market.client.send(dev_account(POSTER), "RewardDistributor", "void_expired", 1)
    assert market.audit().audited.status == "void"
    before = market.client.call("OpenToken", "balanceOf", dev_account(AUDITOR).address)
    market.client.send(dev_account(AUDITOR), "RewardDistributor", "withdraw_bond")
    assert market.client.call("OpenToken", "balanceOf", dev_account(AUDITOR).address) == before + 10 * 10**18

    _, _, reward_root = market.made()
    post_root(market.client, dev_account(POSTER), reward_root, market.signed_by_all(reward_root))
    assert reward_root.attempt == false_root.attempt + 1
    report = market.audit()
    assert isinstance(report, Match) and report.audited.status == "posted"


def test_audit__of_scores_that_were_bent__names_the_score(market):
    market.advance_past_epoch(1)
    inputs, result, _ = market.made()
    scores, receipt_id, contribution_id, score = bent(result.files[SCORES])
    market.post_false(inputs, replace(result, files={**result.files, SCORES: scores}))
    report = market.audit()
    assert isinstance(report, Mismatch)
    assert (report.divergence.file, report.divergence.place) == (
        SCORES,
        f"receipt {receipt_id}, contribution {contribution_id}",
    )
    assert (report.divergence.expected, report.divergence.found) == (score, str(int(score) + 1))
    assert report.wrong_leaf is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"block": {"number": 10**9, "hash": "0x" + "00" * 32, "timestamp": 10**12}}, "is of block 1000000000"),
        ({"reward_epoch": 10**15}, "the evidence is of reward epoch 1000000000000000"),
        ({"skipped_adapters": [1]}, "expected one per private receipt"),
        ({"previous": {"reward_epoch": 1}}, "file evidence.json: previous: expected None"),
        ({"scoring": {"damping": "9"}}, "file evidence.json: scoring: expected {"),
        ({"accrued_wei": "1"}, "file evidence.json: accrued_wei: expected 2700000000000000000"),
        ({"outcome": {}}, "file evidence.json: outcome: expected {"),
        ({"files": {}}, "evidence.json names the files []"),
        ({"format": "x" * 40}, "evidence.json has format"),
    ],
)
def test_audit__of_evidence_that_lies_about_the_chain_or_itself__says_in_what(market, change, reason):
    market.advance_past_epoch(1)
    inputs, result, _ = market.made()
    document = evidence_document(inputs, result, versions=local_versions()) | change
    reward_root = result.reward_root(inputs.facts, write_bundle(document, result.files, market.store))
    post_root(market.client, dev_account(POSTER), reward_root, market.signed_by_all(reward_root))
    report = market.audit()
    assert isinstance(report, Mismatch)
    assert reason in report.reason


@pytest.mark.parametrize("distance", [-1, 1])
def test_audit__of_evidence_at_another_block_than_the_first_past_the_end__says_so(market, distance):
    market.advance_past_epoch(1)
    inputs, result, _ = market.made()
    block = pinned_block(market.client, inputs.facts.block.number + distance)
    facts = replace(inputs.facts, block=block)
    document = evidence_document(replace(inputs, facts=facts), result, versions={})
    reward_root = result.reward_root(facts, write_bundle(document, result.files, market.store))
    post_root(market.client, dev_account(POSTER), reward_root, market.signed_by_all(reward_root))
    report = market.audit()
    assert isinstance(report, Mismatch) and "is not the first past the reward epoch's end" in report.reason


def test_audit__of_query_rows_that_no_gradient_gives__says_so(market):
    market.advance_past_epoch(1)
    inputs, result, _ = market.made()
    for codes, message in ((b"\x7f" * len(result.files[ROWS]), "cannot be scored"), (b"", "query_rows.bin has 0")):
        snapshot = market.client.rpc("evm_snapshot")
        market.post_false(inputs, replace(result, files={**result.files, ROWS: codes}))
        report = market.audit()
        assert isinstance(report, Mismatch) and message in report.reason
        market.client.rpc("evm_revert", snapshot)


@pytest.mark.parametrize("field", ["attribution_root", "evidence_chunk_root"])
def test_audit__of_a_root_that_its_evidence_does_not_make__says_so(market, field):
    market.advance_past_epoch(1)
    _, _, reward_root = market.made()
    false_root = replace(reward_root, **{field: bytes(31) + b"\x01"})
    post_root(market.client, dev_account(POSTER), false_root, market.signed_by_all(false_root))
    report = market.audit()
    assert isinstance(report, Mismatch)
    assert (report.divergence.file, report.divergence.place) == ("root on chain", field)


def test_audit__with_any_file_flipped__names_it(market):
    market.advance_past_epoch(1)
    _, _, reward_root = market.made()
    post_root(market.client, dev_account(POSTER), reward_root, market.signed_by_all(reward_root))
    document = json.loads(market.store.get(cid_from_digest(reward_root.evidence_digest, RAW)))
    cids = {name: record["cid"] for name, record in document["files"].items()}
    cids["evidence.json"] = cid_from_digest(reward_root.evidence_digest, RAW)
    cids["weights of adapter 1"] = document["adapters"][0]["weights_cid"]
    cids["manifest of adapter 1"] = document["adapters"][0]["manifest_cid"]
    for name, cid in cids.items():
        path = market.store.path_of(cid)
        honest = path.read_bytes()
        place = len(honest) // 2
        path.write_bytes(honest[:place] + bytes([honest[place] ^ 1]) + honest[place + 1 :])
        report = market.audit()
        path.write_bytes(honest)
        assert isinstance(report, Mismatch)
        assert report.reason.startswith(f"file {name}: "), report.reason
        # what an adapter is made from is no part of the evidence
        assert bool(report.missing_chunks) == ("adapter" not in name)


def test_signer__asked_for_a_false_root__refuses_and_names_the_difference(market):
    market.advance_past_epoch(1)
    inputs, result, _ = market.made()
    files = {**result.files, SCORES: bent(result.files[SCORES])[0]}
    document = evidence_document(inputs, replace(result, files=files), versions=local_versions())
    written = write_bundle(document, files, market.store)
    answer = ask_signer(market.signers[0], cid_from_digest(written.digest, RAW), bytes(32))
    assert isinstance(answer, str)
    assert "refused" in answer and "file scores.jsonl: receipt 0x" in answer
    assert not market.signers[0].protection.exists()
    with pytest.raises(QuorumMissed, match="0 of 1 signers signed, 2 are needed"):
        reward_root = result.reward_root(inputs.facts, written)
        collect_signatures(market.signers[:1], reward_root, facts=inputs.facts, threshold=2)


def test_signer__asked_for_a_second_root_of_the_epoch__refuses(market):
    market.advance_past_epoch(1)
    inputs, result, reward_root = market.made()
    address = inputs.facts.addresses.distributor
    first = ask(market, reward_root, address)
    assert isinstance(first, Signature)
    assert ask(market, reward_root, address) == first
    market.advance(1)
    assert market.made()[2] == reward_root  # whoever starts again comes to the same root and evidence
    document = evidence_document(inputs, result, versions={"python": "4"})  # honest too, and yet another bundle
    other = result.reward_root(inputs.facts, write_bundle(document, result.files, market.store))
    refusal = ask(market, other, address)
    assert isinstance(refusal, str) and "signed 0x" in refusal and "a second root needs a new attempt" in refusal


def bent(scores):
    """The file with its first score one higher; and which score that was."""
    line = json.loads(scores.splitlines()[0])
    contribution_id, score = line["scores"][0]
    higher = scores.replace(f'"{score}"'.encode(), f'"{int(score) + 1}"'.encode(), 1)
    return higher, line["receipt_id"], contribution_id, score


def test_signer__with_a_wrong_password__says_so_and_signs_nothing(market):
    market.advance_past_epoch(1)
    inputs, _, reward_root = market.made()
    market.signers[0].password_file.write_text("wrong horse")
    answer = ask(market, reward_root, inputs.facts.addresses.distributor)
    assert isinstance(answer, str) and "key.json cannot be opened" in answer
    assert "horse" not in answer and not market.signers[0].protection.exists()


def test_signer__that_skips_no_adapter__refuses_evidence_that_does(market):
    market.advance_past_epoch(1)
    inputs, result, _ = market.made()
    document = evidence_document(inputs, result, versions={}) | {"skipped_adapters": [2]}
    reward_root = result.reward_root(inputs.facts, write_bundle(document, result.files, market.store))
    answer = ask(market, reward_root, inputs.facts.addresses.distributor)
    assert isinstance(answer, str) and "skips adapters [2]; this signer agreed to skip []" in answer


def test_keystore__is_for_its_owner_alone_and_holds_no_plain_key(market):
    keystore = market.signers[0].keystore
    assert keystore.stat().st_mode & 0o077 == 0
    assert bytes(dev_account(2).key).hex() not in keystore.read_text()


def ask(market, reward_root, address):
    digest = root_digest(reward_root, chain_id=market.client.chain_id, contract=address)
    return ask_signer(market.signers[0], cid_from_digest(reward_root.evidence_digest, RAW), digest)


def reward_lines(tree):
    pairs = zip(tree.accounts, tree.cumulative_wei, strict=True)
    return canonical_lines({"account": account, "cumulative_wei": str(amount)} for account, amount in pairs)
