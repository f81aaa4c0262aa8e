"""Evidence that is withheld is demanded on chain: shown there, everybody has it; not shown, the root is void."""

import pytest

from attribution_oracle.audit import Mismatch, audit_epoch
from attribution_oracle.chain_facts import post_of
from attribution_oracle.demands import (
    Answered,
    NotAnswered,
    answer_demands,
    demand_missing,
    follow_up,
    missing_chunks,
    open_demands,
    take_answers,
)
from attribution_oracle.errors import BondMissing
from attribution_oracle.evidence import EVIDENCE, FILES, SHARES, read_bundle
from attribution_oracle.oracle import post_root
from chain.node import dev_account
from content.cid import cid_of_bytes
from content.store import FolderStore

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::FutureWarning")]
AUDITOR, POSTER, PAUPER = dev_account(13), dev_account(14), dev_account(15)


@pytest.fixture
def post(market):
    """The log of an honest root, whose evidence lies in the market's store."""
    market.advance_past_epoch(1)
    _, _, reward_root = market.made()
    post_root(market.client, POSTER, reward_root, market.signed_by_all(reward_root))
    return post_of(market.client, 1)


@pytest.fixture
def empty(tmp_path) -> FolderStore:
    """The store of an auditor to whom nobody gives anything."""
    return FolderStore(tmp_path / "auditor")


def balance(market, account) -> int:
    return market.client.call("OpenToken", "balanceOf", account.address)


def test_withheld_evidence__demanded_and_shown__is_whole_in_the_end(market, post, empty):
    client, bond_wei = market.client, market.client.call("RootDisputes", "DEMAND_BOND_WEI")
    report = audit_epoch(1, client=client, store=empty, bases=[market.base])
    assert isinstance(report, Mismatch) and report.missing_chunks == (0,)
    before = balance(market, POSTER)
    assert demand_missing(client, AUDITOR, post, empty) == [0]
    assert demand_missing(client, AUDITOR, post, empty) == []
    assert [type(item) for item in answer_demands(client, POSTER, market.store)] == [Answered]
    assert balance(market, POSTER) == before + bond_wei
    assert open_demands(client) == []
    assert take_answers(client, post, empty) == [EVIDENCE]

    demanded = demand_missing(client, AUDITOR, post, empty)
    assert demanded == list(range(1, post["evidence_chunk_count"]))
    assert len(answer_demands(client, POSTER, market.store)) == len(demanded)
    assert set(take_answers(client, post, empty)) <= set(FILES)
    assert missing_chunks(client, post, empty) == ()
    digest = post["evidence_digest"]
    assert read_bundle(digest, empty).commitment == read_bundle(digest, market.store).commitment


def test_missing_chunks__are_those_of_the_files_that_are_not_there(market, post):
    bundle = read_bundle(post["evidence_digest"], market.store)
    path = market.store.path_of(cid_of_bytes(bundle.files[SHARES]))
    shares = path.read_bytes()
    path.unlink()
    missing = missing_chunks(market.client, post, market.store)
    assert b"".join(bundle.chunks.chunks[index] for index in missing) == shares
    path.write_bytes(shares)
    assert missing_chunks(market.client, post, market.store) == ()


def test_unanswered_demand__makes_the_root_void_and_pays_every_demander_back(market, post, empty):
    client, before = market.client, balance(market, AUDITOR)
    demand_missing(client, AUDITOR, post, empty)
    client.send(AUDITOR, "OpenToken", "approve", client.deployment.address("RootDisputes"), 10**20)
    client.send(AUDITOR, "RootDisputes", "demand_chunk", 1, 1)
    assert follow_up(client, POSTER) == []  # nobody is late yet
    (left, _) = answer_demands(client, POSTER, empty)
    assert isinstance(left, NotAnswered) and left.reason.startswith(f"file {EVIDENCE}: ")
    market.advance(client.call("RootDisputes", "ANSWER_SECONDS") + 1)
    assert answer_demands(client, POSTER, market.store) == []
    done = follow_up(client, POSTER)
    assert [(item.demand.chunk_index, item.function) for item in done] == [
        (0, "void_unanswered"),
        (1, "settle_demand"),
    ]
    assert client.call("RewardDistributor", "root", 1).status == 8  # void
    assert balance(market, AUDITOR) == before + client.call("RewardDistributor", "ROOT_BOND_WEI") // 2
    assert open_demands(client) == []


def test_demand__without_the_bond__says_what_is_missing(market, post, empty):
    with pytest.raises(BondMissing, match="expected the bond of 5 for demanding 1 chunks of evidence"):
        demand_missing(market.client, PAUPER, post, empty)
