"""`openledger audit` and `openledger evidence`: what auditors and keepers of evidence do about a reward root."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from openledger.commands import AccountOption, HomeOption, account_of, market_of, say
from openledger.errors import AppError
from openledger.home import DEFAULT_HOME

if TYPE_CHECKING:
    from attribution_oracle.audit import Mismatch
    from openledger.market import Market

evidence_app = typer.Typer(
    help="Evidence of reward roots: demand what is withheld, show what is demanded.", no_args_is_help=True
)

EpochArgument = Annotated[int, typer.Argument(help="Number of the reward epoch.")]


def audit(
    reward_epoch: EpochArgument,
    prove: Annotated[
        bool, typer.Option("--prove", help="Make a root void at once, where the chain itself can see that it is false.")
    ] = False,
    challenge: Annotated[
        bool, typer.Option("--challenge", help="Put the bond against a root that does not match.")
    ] = False,
    anew: Annotated[bool, typer.Option("--anew", help="Use nothing that an earlier audit here kept.")] = False,
    account: AccountOption = "holder",
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Recompute a reward root from the chain and the pinned evidence alone. Exit code 1 when it does not match."""
    from attribution_oracle import audit as auditing

    market = market_of(home)
    report = auditing.audit_epoch(
        reward_epoch,
        client=market.chain,
        store=market.store,
        bases=[market.base_model],
        indexes=None if anew else market.home.indexes("auditor"),
        progress=say,
    )
    match report:
        case auditing.Match():
            found = f"{report.total_wei} wei in {report.leaf_count} leaves, {report.receipt_count} receipts"
            say(f"[bold green]MATCH[/bold green] {found}")
        case auditing.NoRoot():
            raise AppError(f"reward epoch {reward_epoch} has no root; expected a posted one; see openledger status")
        case auditing.Mismatch():
            say(f"[bold red]MISMATCH[/bold red] {escape(report.reason)}")
            _act(market, report, account, prove=prove, challenge=challenge)
            raise typer.Exit(1)


@evidence_app.command("demand")
def evidence_demand(
    reward_epoch: EpochArgument,
    limit: Annotated[int, typer.Option(help="How many chunks at most; each takes a bond.")] = 1,
    account: AccountOption = "holder",
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Demand on chain what the content store lacks of a root's evidence: unanswered, the root is void."""
    from attribution_oracle import demands
    from attribution_oracle.chain_facts import post_of

    market = market_of(home)
    post = post_of(market.chain, reward_epoch)
    if post is None:
        raise AppError(f"reward epoch {reward_epoch} has no root; expected a posted one; see openledger status")
    indexes = demands.demand_missing(market.chain, account_of(market, account), post, market.store, limit=limit)
    said = ", ".join(str(index) for index in indexes)
    say(f"demanded: chunks {said}" if indexes else "nothing is missing here")


@evidence_app.command("answer")
def evidence_answer(account: AccountOption = "holder", home: HomeOption = DEFAULT_HOME) -> None:
    """Show on chain every chunk that is demanded and lies in the content store; you get the demanders' bonds."""
    from attribution_oracle import demands

    market = market_of(home)
    outcomes = demands.answer_demands(market.chain, account_of(market, account), market.store)
    for outcome in outcomes:
        what = f"reward epoch {outcome.demand.reward_epoch}, chunk {outcome.demand.chunk_index}"
        match outcome:
            case demands.Answered():
                say(f"{what}: shown")
            case demands.NotAnswered():
                say(f"{what}: not shown: {escape(outcome.reason)}")
    if not outcomes:
        say("nothing is demanded")


@evidence_app.command("follow-up")
def evidence_follow_up(account: AccountOption = "holder", home: HomeOption = DEFAULT_HOME) -> None:
    """Make roots void whose evidence was demanded and not shown in time, and have the bonds of such demands paid."""
    from attribution_oracle import demands

    market = market_of(home)
    done = demands.follow_up(market.chain, account_of(market, account))
    for each in done:
        say(f"reward epoch {each.demand.reward_epoch}, chunk {each.demand.chunk_index}: {each.function}")
    if not done:
        say("nothing is due")


def _act(market: Market, report: Mismatch, account: str, *, prove: bool, challenge: bool) -> None:
    from attribution_oracle import audit as auditing

    if prove and report.proof is not None:
        auditing.prove(market.chain, account_of(market, account), report)
        say("proven on chain: the root is void")
        return
    if prove:
        say("nothing here can be proven on chain; put a bond against it with --challenge")
    if challenge:
        digest = auditing.challenge(market.chain, account_of(market, account), report, market.store)
        say(f"challenged; reason digest 0x{digest.hex()}")
