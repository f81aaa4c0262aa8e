"""A contribution earns, is claimed, and is audited; a false root is found and voided. One run, many questions to it."""

from typer.testing import CliRunner

from attribution_oracle.audit import AuditReport, Match, Mismatch, audit_epoch
from attribution_oracle.chain_facts import post_of
from attribution_oracle.counterfactual import counterfactuals
from attribution_oracle.evidence import FILES
from chain.contracts import CONTRACT_NAMES, load_deployment
from chain.deploy import OWNED_CONTRACTS
from content.cid import RAW, cid_from_digest
from content.store import FolderStore
from openledger import epochs, governance
from openledger.cli import app
from openledger.contributions import ACCEPTED, contribution_of
from openledger.demo import seeds
from openledger.demo.books import balance_sheet
from openledger.training import read_train_spec
from openledger.verdicts import pay_of


def test_loop__accepts_honest_files_and_refuses_the_others_with_reasons(told) -> None:
    story = told.story
    statuses = {
        name: [contribution_of(story.market, key).status for key in ids] for name, ids in story.handed_in.items()
    }
    assert all(ACCEPTED in statuses[player.name] for player in story.cast.contributors if player.role == "honest")
    assert ACCEPTED not in statuses["junk"]
    reasons = {refusal.file_name: refusal.reason for refusal in story.refusals}
    assert "already contributed" in reasons["copy.txt"]
    assert "not .txt" in reasons["picture.txt"]
    assert "bytes used up" in reasons["more-trivia.txt"]


def test_loop__copies_are_neither_trained_on_nor_paid(told) -> None:
    story = told.story
    copies = set(story.handed_in["copier"])
    assert copies and contribution_of(story.market, min(copies)).status == ACCEPTED
    assert not copies & {example.contribution_id for example in story.training_examples()}
    assert story.claimed["copier"] == 0


def test_loop__committees_drawn_by_lot_judge_everything(told) -> None:
    story = told.story
    judged = {history.contribution_id: history for history in story.histories}
    assert set(judged) == {key for ids in story.handed_in.values() for key in ids}
    assert all(history.committees[0].seats == 3 for history in judged.values())
    (junk,) = story.handed_in["junk"]
    assert (judged[junk].is_accepted, judged[junk].reason.name) == (False, "UNREADABLE")
    paid = pay_of(story.market, [account.address for account in story.cast.validators])
    # honest work always has its fee, and nobody voted against the checks
    assert sum(each.earned_wei for each in paid) > 0 == sum(each.lost_wei for each in paid)


def test_loop__books_balance_to_the_wei(told) -> None:
    books = balance_sheet(told.story.market, told.story.first_epoch)
    assert books.fees_wei == sum(sold.fee_wei for sold in told.story.sold[told.story.first_epoch]) > 0
    assert books.difference_wei == 0


def test_loop__claims_pay_exactly_the_payouts(told) -> None:
    story = told.story
    payouts = story.closed.result.payouts.payouts
    owed = {name: sum(payouts.get(key, 0) for key in ids) for name, ids in story.handed_in.items()}
    assert {name: amount for name, amount in story.claimed.items() if amount} == {
        name: amount for name, amount in owed.items() if amount
    }
    assert sum(story.claimed.values()) == story.closed.reward_root.total_wei


def test_loop__other_seeds_are_measured_as_the_served_adapter_is_paid(told) -> None:
    story = told.story
    pools = {answer.paid.receipt.receipt_id: answer.paid.pool_wei for answer in story.closed.result.answers}
    by_the_served_adapter = seeds.payouts_by(
        story.market.base_model,
        story.market.home.adapters / story.adapter.snapshot.root.hex(),
        weights_sha256=story.adapter.weights_sha256,
        examples=story.training_examples(),
        answers=[
            seeds.Given(sold.question.prompt, sold.answer, pools[sold.receipt_id])
            for sold in story.sold[story.first_epoch]
        ],
        max_tokens=read_train_spec(story.config).max_tokens,
    )
    assert by_the_served_adapter == story.closed.result.payouts.payouts
    columns = list(zip(*(line.by_seed_wei for line in story.measure_again().lines), strict=True))
    assert [sum(column) for column in columns] == [story.closed.result.payouts.pool_wei] * (1 + seeds.SISTERS)
    assert len(set(columns)) == len(columns), "another seed makes another adapter"


def test_loop__second_claim_pays_nothing(told) -> None:
    player = next(p for p in told.story.cast.contributors if told.story.claimed[p.name])
    assert epochs.claim(told.story.market, player.account, player.account.address) == 0


def test_loop__audit_of_the_honest_root_matches(told) -> None:
    assert isinstance(told.story.audit, Match)
    assert told.story.audit.receipt_count == len(told.story.sold[told.story.first_epoch])


def test_loop__counterfactual_trains_the_served_adapter_again_and_asks_it(told) -> None:
    story, market = told.story, told.story.market
    post = post_of(market.chain, story.first_epoch)
    bases = [market.base_model]
    found = counterfactuals(post, client=market.chain, store=market.store, bases=bases, is_linear=True)
    (one,) = found
    sold = story.sold[story.first_epoch]
    assert one.is_reproduced
    assert len(one.receipt_ids) + one.private_count == len(sold)
    assert set(one.contribution_ids) == {example.contribution_id for example in story.training_examples()}
    assert one.nats.shape == one.shares_ppm.shape == (len(one.receipt_ids), len(one.contribution_ids))
    assert one.nats.any() and one.shares_ppm.any()
    home = str(market.home.path)
    said = CliRunner().invoke(app, ["counterfactual", str(story.first_epoch), "--home", home])
    assert said.exit_code == 0, said.output
    assert "trained again, the same bytes" in said.output
    assert "training it without contribution" in said.output
    assert "nats an answer" in said.output
    refused = CliRunner().invoke(app, ["counterfactual", "999", "--home", home])
    assert "has no root" in str(refused.exception)


def test_loop__false_root_is_found_named_and_voided(told) -> None:
    story = told.story
    assert isinstance(story.finding, Mismatch)
    assert story.finding.wrong_leaf is not None
    assert story.market.chain.call("RewardDistributor", "root", story.second_epoch).status == epochs.VOID
    assert story.market.chain.call("RewardDistributor", "last_posted_epoch") == story.first_epoch
    (proposal,) = governance.proposals(story.market)
    assert governance.state_of(story.market, proposal) is governance.State.EXECUTED
    assert "accrued" in story.attempted.overdraft_refusal


def test_loop__audit_names_the_file_whose_byte_was_changed(told, tmp_path) -> None:
    """Another auditor's store, a copy of the pinned files, with one byte of one file turned."""
    story = told.story
    store = FolderStore(tmp_path / "store")
    for cid in story.market.store.pins():
        store.put(story.market.store.get(cid))

    def audit() -> AuditReport:
        bases = [story.market.base_model]
        return audit_epoch(story.first_epoch, client=story.market.chain, store=store, bases=bases)

    names = {record["cid"]: name for name, record in _evidence_files(story).items() if record["byte_count"] > 0}
    assert set(names.values()) <= set(FILES)
    for cid, name in names.items():
        path = store.path_of(cid)
        good = path.read_bytes()
        path.chmod(0o644)
        path.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
        report = audit()
        assert isinstance(report, Mismatch) and name in report.reason, (name, report)
        path.write_bytes(good)
    assert isinstance(audit(), Match)


def test_loop__deployment_leaves_the_deployer_without_a_role(told) -> None:
    deployment = load_deployment(told.story.market.home.deployment)
    assert set(deployment.contracts) == set(CONTRACT_NAMES)
    timelock = deployment.address("Timelock")
    for name in OWNED_CONTRACTS:
        assert told.story.market.chain.call(name, "owner") == timelock


def _evidence_files(story) -> dict[str, dict]:
    import json

    digest = story.closed.reward_root.evidence_digest
    return json.loads(story.market.store.get(cid_from_digest(digest, RAW)))["files"]
