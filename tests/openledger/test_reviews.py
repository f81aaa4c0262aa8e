"""Reviews on the real contracts: every phase, what waits for whom, votes that survive a crash."""

import pytest

from openledger import contributions, reviews, validators, verdicts, votes
from openledger.checks import Reason, Verdict
from openledger.contributions import ACCEPTED, REJECTED, WITHDRAWN, contribution_of
from openledger.demo.corpus import as_text, junk_text, read_pairs
from openledger.epochs import advance_past, advance_time
from openledger.errors import AppError
from openledger.reviews import Due, Phase, Round, UntilBlock, UntilSomebody, UntilTime

GOOD = as_text(read_pairs("science"))
JUNK = "".join(junk_text(seed=seed) for seed in range(4))
NEVER = lambda line: None  # noqa: E731 - what a step says is not asked for


def round_with(**changes) -> Round:
    fields = dict.fromkeys(Round.__slots__, 0) | {"size": 3, "present": 3}
    return Round(**{**fields, **changes})


VOTING = {"phase": Phase.VOTING, "commit_ends_at": 100, "reveal_ends_at": 200}


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({}, Due.OPEN),
        ({"phase": Phase.OPENED, "draw_block": 9}, UntilBlock),
        ({"phase": Phase.OPENED, "draw_block": 8}, Due.DRAW),
        ({**VOTING, "commit_ends_at": 51}, Due.COMMIT),
        ({**VOTING, "commit_ends_at": 50, "committed": 3}, Due.REVEAL),
        ({**VOTING, "commit_ends_at": 50, "committed": 3, "revealed": 3}, Due.TALLY),
        ({**VOTING, "commit_ends_at": 10, "reveal_ends_at": 50, "committed": 3, "revealed": 1}, Due.TALLY),
        ({"phase": Phase.TALLIED, "draw_block": 9}, UntilBlock),
        ({"phase": Phase.TALLIED, "draw_block": 8}, Due.AUDIT),
        ({"phase": Phase.PROVISIONAL, "provisional_at": 41}, UntilTime),
        ({"phase": Phase.PROVISIONAL, "provisional_at": 40}, Due.SETTLE),
        ({"phase": Phase.PROVISIONAL, "provisional_at": 49, "level": 2}, Due.SETTLE),
        ({"phase": 32}, UntilSomebody),
    ],
)
def test_due__of_every_phase(found, expected) -> None:
    due = reviews.due(1, round_with(**found), now=50, block_number=8, appeal_seconds=10)
    assert due is expected if isinstance(expected, Due) else type(due) is expected


def test_step_through__accepts_good_work_and_rejects_junk(actors) -> None:
    actors.create_datanet()
    actors.join()
    good, junk = actors.contribute(GOOD), actors.contribute(JUNK, name="junk.txt")
    said: list[str] = []
    report = reviews.step_through(actors.market, actors.validators, said.append)
    assert report.waits == ()
    assert contribution_of(actors.market, good).status == ACCEPTED
    assert contribution_of(actors.market, good).score > 90
    assert contribution_of(actors.market, junk).status == REJECTED
    assert said[0] == "opened a review of contributions 1, 2"
    assert "settled contribution" in said[-1]
    assert not list(actors.market.home.pending_votes.iterdir())
    history = verdicts.history_of(actors.market, junk)
    assert (history.is_accepted, history.reason) == (False, Reason.UNREADABLE)
    assert "0 of 3 seats accept" in history.describe()
    paid = verdicts.pay_of(actors.market, [each.address for each in actors.validators])
    assert sum(each.votes for each in paid) >= 6
    assert sum(each.earned_wei for each in paid) > 0
    assert contributions.accepted_contributions(actors.market, 1)[0].contribution_id == good


def test_step__without_waiting__says_what_it_waits_for(actors) -> None:
    actors.create_datanet()
    actors.join()
    actors.contribute(GOOD)
    first = reviews.step(actors.market, actors.validators)
    assert first.done == ("opened a review of contribution 1",)
    (wait,) = first.waits
    assert isinstance(wait, UntilBlock)
    advance_time(actors.market, 0)
    second = reviews.step(actors.market, actors.validators[:1])
    assert second.done[0] == "drew a committee for contribution 1"
    (wait,) = second.waits
    # another validator's seats, or the block that chooses audits where the lot fell on one alone
    assert isinstance(wait, UntilTime | UntilBlock)


def test_step__without_a_budget_or_without_seats__waits_for_somebody(actors) -> None:
    actors.create_datanet(budget_wei=0)
    actors.contribute(GOOD)
    (wait,) = reviews.step(actors.market, actors.validators).waits
    assert isinstance(wait, UntilSomebody) and "validator join" in wait.what
    actors.join()
    (wait,) = reviews.step(actors.market, actors.validators).waits
    assert isinstance(wait, UntilSomebody) and "datanet fund 1" in wait.what


def test_step__without_an_account__is_refused(actors) -> None:
    with pytest.raises(AppError, match="at least one"):
        reviews.step(actors.market, [])


def draw_committee(actors) -> None:
    reviews.step(actors.market, actors.validators)
    advance_time(actors.market, 0)
    actors.market.chain.send(actors.builder, "ReviewCourt", "draw_committees", [1])


def test_cast__own_verdict__is_committed_once_and_counts(actors) -> None:
    actors.create_datanet()
    actors.join()
    actors.contribute(GOOD)
    draw_committee(actors)
    own = Verdict(0, Reason.OFF_TOPIC, "about something else")
    _, members = actors.market.chain.call("ReviewCourt", "committee", 1, 0)
    drawn = [each for each in actors.validators if each.address in members]
    assert sum(reviews.cast(actors.market, each, 1, own) for each in drawn) == 3
    with pytest.raises(AppError, match="cannot be changed"):
        # all committed, so reveals began; the vote stands
        reviews.cast(actors.market, drawn[0], 1, own)
    reviews.step_through(actors.market, actors.validators, NEVER)
    assert verdicts.history_of(actors.market, 1).committees[0].reasons == (Reason.OFF_TOPIC,) * 3
    assert actors.market.store.get(actors.market.store.put(b"about something else"))


def test_cast__before_the_draw_or_without_a_seat__is_refused(actors, named) -> None:
    actors.create_datanet()
    actors.join()
    actors.contribute(GOOD)
    own = Verdict(50, Reason.NONE, "")
    with pytest.raises(AppError, match="no committee votes"):
        reviews.cast(actors.market, actors.validators[0], 1, own)
    draw_committee(actors)
    with pytest.raises(AppError, match="has no seat"):
        reviews.cast(actors.market, named("contributor-8"), 1, own)


def test_vote__prepared_before_a_crash__is_the_one_that_is_sent(actors) -> None:
    actors.create_datanet()
    actors.join()
    actors.contribute(GOOD)
    draw_committee(actors)
    _, members = actors.market.chain.call("ReviewCourt", "committee", 1, 0)
    seat = votes.Seat(1, 0, 0, 0, members[0])
    before = votes.prepare(actors.market, seat, Verdict(7, Reason.NONE, "as I said"))
    reviews.step_through(actors.market, actors.validators, NEVER)
    (log,) = [
        log
        for log in actors.market.events("ReviewCourt", "Reviewed", contribution_id=1)
        if log["args"]["position"] == 0 and log["args"]["level"] == 0
    ]
    assert (log["args"]["score"], log["args"]["reason_digest"]) == (7, before.values[3])


def test_vote__whose_record_is_lost__is_told_and_the_rest_goes_on(actors) -> None:
    actors.create_datanet()
    actors.join()
    actors.contribute(GOOD)
    draw_committee(actors)
    _, members = actors.market.chain.call("ReviewCourt", "committee", 1, 0)
    for each in actors.validators:
        if each.address in members:
            reviews.cast(actors.market, each, 1, Verdict(60, Reason.NONE, ""))
    for record in actors.market.home.pending_votes.iterdir():
        record.unlink()
    (wait,) = reviews.step(actors.market, actors.validators).waits
    assert isinstance(wait, UntilTime) and "not in this home folder" in wait.what
    advance_past(actors.market, wait.timestamp)
    # nobody revealed: the committee pays for it, and another one is drawn and votes
    reviews.step_through(actors.market, actors.validators, NEVER)
    assert contribution_of(actors.market, 1).status == ACCEPTED
    first, second, *_ = verdicts.history_of(actors.market, 1).committees
    assert (first.is_decided, first.revealed, second.cause) == (False, 0, "second draw")
    paid = verdicts.pay_of(actors.market, [each.address for each in actors.validators])
    assert sum(each.lost_wei for each in paid) == 3 * 5 * 10**18


def test_step__for_content_that_nobody_has__waits_for_a_person(actors) -> None:
    actors.create_datanet()
    actors.join()
    number = actors.contribute(GOOD)
    actors.market.store.path_of(contribution_of(actors.market, number).cid).unlink()
    draw_committee(actors)
    waits = reviews.step(actors.market, actors.validators).waits
    assert any(isinstance(wait, UntilSomebody) and "openledger review 1" in wait.what for wait in waits)


def test_contribution__withdrawn_under_review__is_judged_to_its_end(actors) -> None:
    actors.create_datanet()
    actors.join()
    number = actors.contribute(GOOD)
    draw_committee(actors)
    contributions.take_down(actors.market, actors.contributor, number)
    report = reviews.step_through(actors.market, actors.validators, NEVER)
    assert report.waits == ()
    assert contribution_of(actors.market, number).status == WITHDRAWN
    assert actors.market.chain.call("DatanetRegistry", "free_deposits", 1, actors.contributor.address) == 1


def to_provisional(actors) -> None:
    """Until all that is left is to wait for appeals."""
    while True:
        report = reviews.step(actors.market, actors.validators)
        if not any(isinstance(wait, UntilBlock) for wait in report.waits):
            return
        advance_time(actors.market, 0)


def test_appeal__that_a_larger_committee_rejects__costs_the_bond(actors) -> None:
    actors.create_datanet(budget_wei=1_000 * 10**18)
    actors.join()
    number = actors.contribute(JUNK)
    to_provisional(actors)
    balance = actors.market.chain.call("OpenToken", "balanceOf", actors.contributor.address)
    level = reviews.round_of(actors.market, number).level
    cost_wei = reviews.appeal(actors.market, actors.contributor, number, because="it is poetry")
    assert actors.market.chain.call("OpenToken", "balanceOf", actors.contributor.address) == balance - cost_wei
    reviews.step_through(actors.market, actors.validators, NEVER)
    history = verdicts.history_of(actors.market, number)
    assert (history.is_accepted, history.committees[level + 1].cause) == (False, "appeal")
    assert actors.market.chain.call("ReviewCourt", "earnings", actors.contributor.address) == 0


def test_validators__join_earn_leave_and_collect(actors) -> None:
    actors.create_datanet()
    actors.join()
    one = actors.validators[0]
    assert len(validators.seats_of(actors.market, one.address)) == 2
    actors.contribute(GOOD)
    reviews.step_through(actors.market, actors.validators, NEVER)
    earned = actors.market.chain.call("ReviewCourt", "earnings", one.address)
    ready_at = validators.leave(actors.market, one)
    assert validators.seats_of(actors.market, one.address) == []
    assert validators.collect(actors.market, one) == earned
    advance_past(actors.market, ready_at)
    assert validators.collect(actors.market, one) == 2_000 * 10**18
    with pytest.raises(AppError, match="has no seat"):
        validators.leave(actors.market, one)


def test_join__without_the_stake__says_what_is_missing(actors, named) -> None:
    from content.formats import Modality

    with pytest.raises(AppError, match=r"has 0 OPEN; expected 1,000\.000000 for 1 seat"):
        validators.join(actors.market, named("contributor-8"), modality=Modality.TEXT, seats=1)
