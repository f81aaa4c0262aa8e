"""Commands of validators and of voters, one after the other, as they are typed."""

import pytest
from typer.testing import CliRunner

from chain.contracts import save_deployment
from openledger.cli import app
from openledger.contributions import ACCEPTED, REJECTED, contribution_of
from openledger.demo.corpus import as_text, junk_text, read_pairs
from openledger.errors import AppError
from openledger.home import Addresses

POWER = "20000000"


@pytest.fixture
def run(actors, node, deployment, tmp_path):
    """Runs a command line in the actors' home; its output. Raises what the command raised."""
    path = tmp_path / "deployment.json"
    save_deployment(deployment, path)
    home = actors.market.home
    home.write_addresses(Addresses(node.rpc_url, "", "", str(path), ""))

    def typed(line: str, *more: str) -> str:
        result = CliRunner().invoke(app, [*line.split(), *more, "--home", str(home.path)])
        if result.exception is not None:
            raise result.exception
        return result.output

    return typed


def test_review__from_the_seats_to_the_verdict(run, actors) -> None:
    assert "Datanet 1 created, 100.000000 OPEN" in run("datanet create --name Tests --committee 3")
    assert "150.000000 OPEN" in run("datanet fund 1 50")
    for number in (1, 2, 3):
        assert "validator step" in run(f"validator join --seats 2 --account validator-{number}")
    good = actors.write("good.txt", as_text(read_pairs("science")))
    junk = actors.write("junk.txt", "".join(junk_text(seed=seed) for seed in range(4)))
    assert "contribution 1" in run("contribute", str(good))
    assert "contribution 2" in run("contribute", str(junk))
    said = run("validator step")
    assert "opened a review of contributions 1, 2" in said and "waits for the block that draws" in said
    said = run("validator step --skip-time")
    assert "settled" in said and "nothing waits for a review" in said
    assert [contribution_of(actors.market, number).status for number in (1, 2)] == [ACCEPTED, REJECTED]
    said = run("review 2")
    assert "rejected: unreadable" in said and "not voted" in said
    assert "OPEN paid out" in run("validator collect")
    assert "from block time" in run("validator leave")
    assert "is withdrawn" in run("take-down 1")


def test_review__by_hand_and_appeal(run, actors) -> None:
    run("datanet create --name Tests --committee 3 --budget 1000")
    run("validator join --seats 2 --account validator-1")
    run("contribute", str(actors.write("good.txt", as_text(read_pairs("science")))))
    run("validator step --account validator-1")
    run("dev advance 0")
    actors.market.chain.send(actors.builder, "ReviewCourt", "draw_committees", [1])
    said = run("review 1 --reject off_topic --because cars")
    assert "under review" in said and "automatic checks: accept" in said and "voted with 3 seat(s)" in said
    for _ in range(9):
        if "appeal" in run("validator step --account validator-1"):
            break
        run("dev advance 0")
    assert "100.000000" not in run("appeal 1 --because no")
    run("validator step --account validator-1 --skip-time")
    # the larger committee votes as the checks say
    assert contribution_of(actors.market, 1).status == ACCEPTED


def test_vote__from_the_stake_to_the_execution(run, actors) -> None:
    with pytest.raises(AppError, match="there is no proposal"):
        run("govern vote")
    assert "20,000,000.000000 gOPEN vote" in run(f"govern stake {POWER}")
    run("dev advance 1")
    # no root is challenged: the proposal can be voted for, and fails when it is executed
    assert "votes count from" in run("govern propose-void 1")
    assert "pending" in run("govern list")
    assert "voted for with 20,000,000" in run("govern vote --skip-time")
    assert "can be executed from" in run("govern queue --skip-time")
    assert "queued" in run("govern list")
    with pytest.raises(AppError, match="is no proposal id"):
        run("govern vote newest")
    with pytest.raises(AppError, match="one of them"):
        run("govern vote --against --abstain")
    with pytest.raises(Exception, match="reverted"):
        run("govern execute --skip-time")


def test_evidence__without_any_demand__says_so(run) -> None:
    assert "nothing is demanded" in run("evidence answer")
    assert "nothing is due" in run("evidence follow-up")


def test_evidence_demand__of_an_epoch_without_a_root__is_refused(run) -> None:
    with pytest.raises(AppError, match="reward epoch 1 has no root"):
        run("evidence demand 1")
