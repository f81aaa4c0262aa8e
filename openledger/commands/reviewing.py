"""`openledger validator …`, `openledger review`, `openledger appeal`: how contributions are judged."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from openledger.commands import AccountOption, HomeOption, SkipTimeOption, account_of, market_of, say
from openledger.errors import AppError
from openledger.home import DEFAULT_HOME

validator_app = typer.Typer(help="Validators: take seats, review what falls due, leave.", no_args_is_help=True)

VALIDATORS = "validator-1,validator-2,validator-3"


@validator_app.command("join")
def validator_join(
    seats: Annotated[int, typer.Option(help="How many; each costs its stake and is drawn with the same chance.")] = 1,
    modality: Annotated[str, typer.Option(help="What they judge: text, image or audio.")] = "text",
    account: AccountOption = "validator-1",
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Stake OPEN for seats, from which committees are drawn by lot."""
    from content.formats import Modality
    from openledger import validators

    if modality.upper() not in Modality.__members__:
        raise AppError(f'"{modality}" is no modality; expected text, image or audio')
    market = market_of(home)
    first = validators.join(market, account_of(market, account), modality=Modality[modality.upper()], seats=seats)
    say(f"seats {first} to {first + seats - 1}; review what falls due with: openledger validator step")


@validator_app.command("leave")
def validator_leave(account: AccountOption = "validator-1", home: HomeOption = DEFAULT_HOME) -> None:
    """Give up every seat; the stake is free after a cooldown that outlasts the longest review."""
    from openledger import validators

    market = market_of(home)
    ready_at = validators.leave(market, account_of(market, account))
    say(f"left; the stake can be had with: openledger validator collect, from block time {ready_at}")


@validator_app.command("collect")
def validator_collect(account: AccountOption = "validator-1", home: HomeOption = DEFAULT_HOME) -> None:
    """Have everything paid out that is free: what reviews earned, and stake whose cooldown is over."""
    from openledger import validators
    from openledger.units import in_open

    market = market_of(home)
    say(f"{in_open(validators.collect(market, account_of(market, account)))} OPEN paid out")


@validator_app.command("step")
def validator_step(
    account: Annotated[
        str, typer.Option("--account", help="Whose seats vote: accounts or keystore files, parted by commas.")
    ] = VALIDATORS,
    skip_time: SkipTimeOption = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Do everything that is due: draw committees, vote as the automatic checks say, reveal, tally, audit, settle."""
    from openledger import reviews

    market = market_of(home)
    accounts = [account_of(market, part.strip()) for part in account.split(",")]
    if skip_time:
        report = reviews.step_through(market, accounts, say)
    else:
        report = reviews.step(market, accounts)
        for line in report.done:
            say(line)
    for wait in report.waits:
        say(escape(_waiting(wait)))
    if not report.waits:
        say("nothing waits for a review")


def review(
    contribution: Annotated[int, typer.Argument(help="Id of the contribution.")],
    auto: Annotated[bool, typer.Option("--auto", help="Vote as the automatic checks say.")] = False,
    accept: Annotated[int, typer.Option("--accept", help="Accept with this score, 1 to 100.")] = 0,
    reject: Annotated[str, typer.Option("--reject", help="Reject: low_quality, off_topic, duplicate, …")] = "",
    because: Annotated[str, typer.Option(help="The reason in words, for the contributor.")] = "",
    account: AccountOption = "validator-1",
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Show a contribution's reviews and what the automatic checks say, and vote with your seats in its committee."""
    from content.errors import ContentError
    from openledger import contributions, reviews, verdicts
    from openledger.checks import verdict_of

    market = market_of(home)
    say(f"reviews: {verdicts.history_of(market, contribution).describe()}")
    found = None
    try:
        found = contributions.check_contribution(market, contribution)
        say(f"automatic checks: {found.describe()}")
    except ContentError as error:
        say(f"automatic checks: {escape(str(error))}")
    verdict = found if auto else verdict_of(accept=accept, reject=reject, because=because)
    if verdict is None:
        say("not voted: use --auto, --accept SCORE or --reject REASON")
        return
    validator = account_of(market, account)
    seats = reviews.cast(market, validator, contribution, verdict)
    say(f"voted with {seats} seat(s): {verdict.describe()}")
    say("the vote is hidden until all have voted; show it with: openledger validator step")


def appeal(
    contribution: Annotated[int, typer.Argument(help="Id of the contribution.")],
    because: Annotated[str, typer.Option(help="Why the outcome is wrong, for the larger committee.")],
    account: AccountOption = "contributor-1",
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Put a bond against a provisional outcome: a larger committee votes again. All of it is back if it is changed."""
    from openledger import reviews
    from openledger.units import in_open

    market = market_of(home)
    cost_wei = reviews.appeal(market, account_of(market, account), contribution, because=because)
    say(f"appealed; {in_open(cost_wei)} OPEN of bond and fees are at stake")


def _waiting(wait: object) -> str:
    from openledger.reviews import UntilBlock, UntilSomebody, UntilTime

    match wait:
        case UntilTime(number, timestamp, what):
            return f"contribution {number} waits for {what}, until block time {timestamp}"
        case UntilBlock(number, block_number, what):
            return f"contribution {number} waits for {what}, block {block_number}"
        case UntilSomebody(number, what):
            return f"contribution {number} waits for {what}"
    raise AssertionError(f"{wait!r} is no wait")
