"""The HTTP API over a real index: what it says is what the contracts say, of one block, in pages."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from chain.merkle import keccak
from indexer.api.app import create_app
from indexer.api.service import Service
from indexer.ranking import wilson_lower_bound_ppm
from indexer.rewards import RewardBook
from tests.indexer import scenario

OPEN = 10**18


def client_of(indexing, market):
    addresses = {name: record.address for name, record in market.deployment.contracts.items()}
    book = RewardBook(indexing.database, chain_id=31337, distributor=addresses["RewardDistributor"])
    return TestClient(create_app(Service(indexing.database, indexing.engine, 31337, addresses, book)))


@pytest.fixture(scope="module")
def api(busy_market, busy_index) -> TestClient:
    """The API of an index of the busy market, to which nothing is published."""
    return client_of(busy_index, busy_market)


@pytest.fixture
def publishing_api(busy_market, start_indexing) -> TestClient:
    """The same, of an index of the test's own."""
    indexing = start_indexing(busy_market.deployment, busy_market.node.rpc_url)
    indexing.catch_up()
    return client_of(indexing, busy_market)


def get(api, path, status=200, /, **parameters):
    response = api.get(path, params=parameters)
    assert response.status_code == status, response.text
    if status >= 400:
        assert response.headers["content-type"] == "application/problem+json"
        assert set(response.json()) >= {"type", "title", "status", "detail"}
    return response.json()


def pages(api, path, **parameters) -> Iterator[dict]:
    cursor = None
    while True:
        page = get(api, path, **parameters, **({"cursor": cursor} if cursor else {}))
        yield from page["items"]
        cursor = page["next"]
        if cursor is None:
            return


def leaves_of(market):
    tree = market.rewards
    pairs = zip(tree.accounts, tree.cumulative_wei, strict=True)
    return {"rewards": [{"account": account, "cumulative_wei": str(amount)} for account, amount in pairs]}


def test_health_ready_status(api, busy_market):
    head = busy_market.client.block("latest")
    assert get(api, "/health") == {"status": "up"}
    assert get(api, "/ready") == {"status": "ready"}
    status = get(api, "/status")
    assert (status["chain_id"], status["lag_blocks"], status["trouble"]) == (31337, 0, None)
    assert status["indexed_block"]["number"] == status["head_number"] == head.number
    assert status["contracts"]["OpenToken"] == busy_market.deployment.address("OpenToken")


def test_ready__before_the_head_is_reached__is_503(busy_market, start_indexing):
    indexing = start_indexing(busy_market.deployment, busy_market.node.rpc_url)
    api = client_of(indexing, busy_market)
    assert get(api, "/ready", 503)["detail"] == "still indexing; try again"
    assert get(api, "/health") == {"status": "up"}
    assert "no latest block" in get(api, "/datanets", 503)["detail"]


def test_every_reply_names_its_block(api, busy_market):
    paths = ["/datanets", "/datanets/1", "/contributions/1", "/datanets/1/ranking", "/bases", "/adapters/1"]
    paths += [
        "/adapters",
        "/epochs",
        "/epochs/1",
        "/epochs/1/claims",
        "/events",
        f"/accounts/{busy_market.payer.address}",
    ]
    head = busy_market.client.block("latest")
    for path in paths:
        latest, final = (get(api, path, finality=finality)["indexed_block"] for finality in ("latest", "finalized"))
        assert latest["number"] == head.number
        assert latest["hash"] == "0x" + bytes(head.hash).hex()
        assert latest["timestamp"] == head.timestamp
        assert final["number"] == final["finalized_number"] == latest["finalized_number"] == head.number - 2


def test_datanet_with_its_curators(api, busy_market):
    datanet = get(api, "/datanets/1")
    assert datanet["owner"] == busy_market.outsider.address
    assert datanet["curators"] == [busy_market.builder.address]
    assert (datanet["committee_size"], datanet["review_reward_wei"]) == (3, str(OPEN))
    assert datanet["review_funded_wei"] == str(1_000 * OPEN)
    assert (datanet["modality"], datanet["is_open"], datanet["file_bytes"]) == ("text", False, 4_096_000)
    counts = {name: datanet[name] for name in ("pending", "accepted", "rejected", "withdrawn")}
    assert counts == {"pending": 1, "accepted": 2, "rejected": 1, "withdrawn": 1}
    assert [each["datanet_id"] for each in get(api, "/datanets", owner=busy_market.outsider.address)["items"]] == [1]
    assert [each["datanet_id"] for each in get(api, "/datanets", owner=busy_market.owner.address)["items"]] == [2]


def test_contributions__filtered_and_paged(api, busy_market):
    accepted = get(api, "/datanets/1/contributions", status="accepted")["items"]
    assert [each["contribution_id"] for each in accepted] == [1, 3]
    assert [each["contribution_id"] for each in pages(api, "/datanets/1/contributions", limit=2)] == [1, 2, 3, 4, 5]
    of_first = get(api, "/datanets/1/contributions", contributor=busy_market.contributors[0].address.lower())["items"]
    assert [each["contribution_id"] for each in of_first] == [1, 2]


def test_contribution_with_its_reviews(api, busy_market):
    contribution = get(api, "/contributions/2")
    assert contribution["status"] == "rejected" and contribution["decided_at"] > 0
    # appealed against, so a larger committee voted again, and nobody accepted it
    first, *_, last = contribution["rounds"]
    assert (first["level"], first["seats"], first["accepts"], first["is_accepted"]) == (0, 3, 0, False)
    assert (last["seats"] >= 9, last["appellant"]) == (True, busy_market.contributors[0].address)
    assert len(contribution["reviews"]) == sum(each["revealed"] for each in contribution["rounds"])
    assert {review["reason"] for review in contribution["reviews"]} == {5}
    assert {review["validator"] for review in contribution["reviews"]} <= {v.address for v in busy_market.validators}


def test_validators__their_seats_their_votes_and_their_pay(api, busy_market):
    found = {each["validator"]: each for each in get(api, "/validators")["items"]}
    assert set(found) == {each.address for each in (*busy_market.validators, busy_market.sleeper)}
    one = busy_market.validators[0].address
    assert get(api, f"/validators/{one.lower()}")["stake_wei"] == str(2_000 * OPEN)
    votes = list(pages(api, f"/validators/{one}/reviews", limit=2))
    assert len([each for each in votes if each["status"] == "revealed"]) == found[one]["votes"] > 0
    assert sum(int(each["earned_wei"]) for each in votes) == int(found[one]["earned_wei"])
    asleep = found[busy_market.sleeper.address]
    assert asleep["votes"] == 0 and int(asleep["lost_wei"]) > 1_000 * OPEN and asleep["seats"] == 0
    assert [each["seat_id"] for each in get(api, "/seats", modality="text")["items"]] == [1, 2, 3, 4]
    assert get(api, "/seats", modality="audio")["items"] == []
    assert len(get(api, "/seats", validator=one)["items"]) == 2


def test_proposals_and_their_votes(api, busy_market):
    first, second, third = get(api, "/proposals")["items"]
    assert [each["status"] for each in (first, second, third)] == ["executed", "executed", "canceled"]
    assert list(pages(api, "/proposals", limit=1)) == [first, second, third]
    assert first["calls"][0]["target"] == busy_market.deployment.address("RewardDistributor")
    assert (first["for_wei"], third["abstain_wei"]) == (str(20_000_000 * OPEN), str(20_000_000 * OPEN))
    deadline = busy_market.client.call("OpenGovernor", "proposalDeadline", int(third["proposal_id"]))
    assert third["vote_end"] == deadline > third["vote_start"] + 14 * 86_400
    assert get(api, f"/proposals/{first['proposal_id']}")["description"] == "void: True"
    (cast,) = get(api, f"/proposals/{first['proposal_id']}/votes")["items"]
    assert (cast["voter"], cast["support"], cast["reason"]) == (
        busy_market.holder.address,
        "for",
        "the evidence says so",
    )


def test_ranking__equal_sums_go_by_acceptance_rate(api, busy_market):
    # both have 80 points; the first also has a rejection, the second withdrew what had 10
    first, second = (account.address for account in busy_market.contributors)
    ranking = list(pages(api, "/datanets/1/ranking", limit=1))
    found = [(each["rank"], each["contributor"], each["score_sum"]) for each in ranking]
    assert found == [(1, second, 80), (2, first, 80)]
    assert ranking[1]["acceptance_lower_ppm"] == wilson_lower_bound_ppm(accepted=1, rejected=1)


def test_snapshots_and_adapter_lineage(api, busy_market):
    (snapshot,) = get(api, "/datanets/1/snapshots")["items"]
    assert snapshot["dataset_root"] == "0x" + keccak(b"dataset").hex()
    assert snapshot["contribution_count"] == "2"
    adapter = get(api, "/adapters/2")
    assert adapter["lineage"] == [{"adapter_id": 1, "owner": busy_market.builder.address, "royalty_bps": 1_000}]
    assert [each["dataset_root"] for each in adapter["datasets"]] == [snapshot["dataset_root"]]
    assert (adapter["owner"], adapter["is_active"]) == (busy_market.owner.address, False)
    assert adapter["input_price_wei_per_1k"] == str(3 * 10**15)
    operators = {busy_market.builder.address, busy_market.outsider.address}
    assert set(get(api, "/adapters/1")["operators"]) == operators
    assert [each["adapter_id"] for each in get(api, "/adapters", is_active=True)["items"]] == [1]
    assert [each["base_id"] for each in get(api, "/bases")["items"]] == [1]
    assert get(api, "/bases/1")["owner"] == busy_market.builder.address


def test_epoch__shows_both_attempts_and_what_became_of_the_bonds(api, busy_market):
    epoch = get(api, "/epochs/1")
    accrued = busy_market.client.call("RewardDistributor", "accrued", 1)
    assert epoch["accrued_wei"] == str(accrued)
    assert [(root["attempt"], root["status"]) for root in epoch["roots"]] == [(0, "void"), (1, "final")]
    assert [root["challenges"][0]["status"] for root in epoch["roots"]] == ["won", "lost"]
    assert [root["bond_status"] for root in epoch["roots"]] == ["lost", "returned"]
    assert epoch["root"] == epoch["roots"][1]
    assert epoch["remainder_wei"] == str(accrued - busy_market.rewards.total_wei)
    assert epoch["root"]["burned_wei"] == str(500 * OPEN)
    (listed,) = get(api, "/epochs")["items"]
    assert listed["root"]["root"] == "0x" + busy_market.rewards.root.hex()


def test_redemptions_and_claims_of_an_epoch(api, busy_market):
    redemptions = list(pages(api, "/epochs/1/redemptions", limit=1))
    assert [each["due_wei"] for each in redemptions] == [str(10 * OPEN), str(15 * OPEN)]
    assert [each["amount_wei"] for each in redemptions] == [str(10 * OPEN), str(5 * OPEN)]
    assert len(get(api, "/epochs/1/fee-splits")["items"]) == 2
    (claim,) = get(api, "/epochs/1/claims")["items"]
    assert (claim["account"], claim["amount_wei"]) == (busy_market.contributors[0].address, str(4 * OPEN))


def test_account__holds_everything_that_it_did(api, busy_market):
    call = busy_market.client.call
    payer = get(api, f"/accounts/{busy_market.payer.address.lower()}")
    assert payer["account"] == busy_market.payer.address
    assert payer["deposit"]["balance_wei"] == str(call("InferencePayments", "balance_of", busy_market.payer.address))
    builder = get(api, f"/accounts/{busy_market.builder.address}")["earnings"]
    assert (builder["earned_wei"], builder["unpaid_wei"]) == (builder["paid_wei"], "0")
    assert builder["by_adapter"] == [{"adapter_id": 1, "amount_wei": builder["earned_wei"]}]
    contributor = get(api, f"/accounts/{busy_market.contributors[0].address}")
    assert contributor["contributions"] == {"pending": 1, "accepted": 1, "rejected": 1, "withdrawn": 0}
    assert contributor["rewards"]["claimed_wei"] == str(4 * OPEN)
    assert contributor["rewards"]["recovery"] == busy_market.outsider.address
    assert (contributor["reviews"]["appeals"], contributor["reviews"]["appeals_upheld"]) == (1, 0)
    staker = get(api, f"/accounts/{busy_market.outsider.address}")["stake"]
    assert (staker["staked_wei"], staker["delegate"]) == (str(60 * OPEN), busy_market.builder.address)
    nobody = get(api, f"/accounts/{'0x' + '99' * 20}")
    assert nobody["deposit"]["balance_wei"] == nobody["stake"]["staked_wei"] == "0"
    path = f"/accounts/{busy_market.contributors[0].address}"
    assert len(get(api, f"{path}/contributions")["items"]) == 3
    assert len(get(api, f"{path}/claims")["items"]) == 1


def test_events__filtered_and_paged_are_the_same_as_all_at_once(api):
    everything = get(api, "/events", limit=1_000)["items"]
    assert list(pages(api, "/events", limit=7)) == everything
    transfers = get(api, "/events", contract="OpenToken", event="Transfer", limit=1_000)["items"]
    wanted = [each for each in everything if (each["contract"], each["event"]) == ("OpenToken", "Transfer")]
    assert transfers == wanted != []
    middle = everything[len(everything) // 2]["block_number"]
    later = get(api, "/events", from_block=middle, limit=1_000)["items"]
    assert later == [each for each in everything if each["block_number"] >= middle]
    assert get(api, "/events", to_block=middle - 1, limit=1_000)["items"] == everything[: -len(later)]


def test_rewards__published_once_they_hash_to_the_root__then_prove_every_claim(publishing_api, busy_market):
    api = publishing_api
    unpublished = get(api, f"/epochs/1/proofs/{busy_market.contributors[0].address}", 409)
    assert "POST them" in unpublished["detail"]
    assert api.post("/epochs/1/rewards", json=leaves_of(busy_market)).status_code == 201
    assert api.post("/epochs/1/rewards", json=leaves_of(busy_market)).status_code == 200
    for account, amount in zip(busy_market.rewards.accounts, busy_market.rewards.cumulative_wei, strict=True):
        proof = get(api, f"/epochs/1/proofs/{account}")
        nodes = [bytes.fromhex(node[2:]) for node in proof["proof"]]
        claim = (account, int(proof["cumulative_wei"]), proof["index"], nodes)
        assert int(proof["cumulative_wei"]) == amount
        assert busy_market.client.call("RewardDistributor", "verify_reward", 1, *claim)
    listed = [(each["account"], int(each["cumulative_wei"])) for each in pages(api, "/epochs/1/rewards", limit=1)]
    assert listed == list(zip(busy_market.rewards.accounts, busy_market.rewards.cumulative_wei, strict=True))
    assert "no reward" in get(api, f"/epochs/1/proofs/{busy_market.payer.address}", 404)["detail"]


@pytest.mark.parametrize(
    "change",
    [
        lambda leaves: leaves[:1],
        lambda leaves: [leaves[0], {**leaves[1], "cumulative_wei": "7"}],
        lambda leaves: [{**leaves[0], "account": leaves[1]["account"]}, {**leaves[1], "account": leaves[0]["account"]}],
        lambda leaves: [*leaves, leaves[0]],
        lambda leaves: [{**leaves[0], "cumulative_wei": "-1"}, leaves[1]],
        lambda leaves: [{**leaves[0], "cumulative_wei": 5}, leaves[1]],
        lambda leaves: [{**leaves[0], "account": "0x12"}, leaves[1]],
        lambda leaves: [],
    ],
)
def test_rewards__that_do_not_hash_to_the_root__are_refused_and_not_stored(api, busy_market, change):
    leaves = {"rewards": change(leaves_of(busy_market)["rewards"])}
    response = api.post("/epochs/1/rewards", json=leaves)
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    get(api, "/epochs/1/rewards", 409)


def test_rewards__body_without_length_or_too_large__are_refused(api):
    assert api.post("/epochs/1/rewards", content=iter([b"{}"])).status_code == 411
    assert api.post("/epochs/1/rewards", content=b"", headers={"Content-Length": str(2**40)}).status_code == 413


@pytest.mark.parametrize(
    "path",
    [
        *("/datanets/9", "/datanets/9/contributions", "/datanets/9/ranking", "/contributions/99"),
        *(
            f"/validators/0x{'12' * 20}",
            "/proposals/7",
            "/adapters/9",
            "/bases/9",
            "/epochs/9",
            "/epochs/9/rewards",
            f"/epochs/9/proofs/0x{'11' * 20}",
            "/nowhere",
        ),
    ],
)
def test_things_that_do_not_exist__are_404(api, path):
    get(api, path, 404)


@pytest.mark.parametrize(
    ("path", "parameters"),
    [
        ("/datanets", {"limit": 0}),
        ("/datanets", {"limit": 1_001}),
        ("/datanets", {"cursor": "?"}),
        ("/datanets", {"cursor": "WyJhIl0"}),
        ("/datanets", {"finality": "soon"}),
        ("/datanets", {"owner": "0x12"}),
        ("/datanets/x", {}),
        (f"/datanets/{2**63}", {}),
        ("/datanets/1/contributions", {"status": "maybe"}),
        ("/datanets/1/ranking", {"cursor": "WzFd"}),
        ("/accounts/0x12", {}),
        ("/events", {"from_block": -1}),
        ("/epochs/1/proofs/0xzz", {}),
        ("/proposals/x", {}),
        ("/seats", {"modality": "smell"}),
    ],
)
def test_requests_that_make_no_sense__are_422(api, path, parameters):
    get(api, path, 422, **parameters)


def test_min_block__not_indexed_yet__is_409(api, busy_market):
    head = busy_market.client.block("latest").number
    assert get(api, "/datanets", min_block=head)["items"]
    assert "try again" in get(api, "/datanets", 409, min_block=head + 1)["detail"]
    get(api, "/datanets", 409, min_block=head, finality="finalized")


def test_finalized__shows_the_state_before_the_newest_blocks(market, start_indexing):
    market.open_datanet()
    contribution = market.contribute(market.contributors[0])
    scenario.join(market, market.validators[0])
    votes = {contribution: scenario.accept(42)}
    scenario.open_reviews(market, votes)
    scenario.vote(market, votes)
    market.finalize_all()
    scenario.settle(market, votes)
    indexing = start_indexing(market.deployment, market.node.rpc_url)
    indexing.catch_up()
    api = client_of(indexing, market)
    latest, final = (get(api, f"/contributions/{contribution}", finality=each) for each in ("latest", "finalized"))
    assert (latest["status"], latest["score"]) == ("accepted", 42)
    assert (final["status"], final["score"]) == ("pending", 0)
    earned = [sum(int(each["earned_wei"]) for each in state["reviews"]) for state in (latest, final)]
    assert earned[0] > earned[1] == 0 and len(final["reviews"]) == len(latest["reviews"])
    assert get(api, "/datanets/1/ranking", finality="finalized")["items"] == []
    assert get(api, "/datanets/1/contributions", finality="finalized", status="accepted")["items"] == []
    assert len(get(api, "/events", event="Settled")["items"]) == 1
    assert get(api, "/events", event="Settled", finality="finalized")["items"] == []


def test_openapi__lists_every_endpoint(api):
    paths = api.get("/openapi.json").json()["paths"]
    assert {"/datanets/{datanet_id}/ranking", "/epochs/{reward_epoch}/proofs/{address}", "/events"} <= set(paths)
