"""`openledger govern`: what holders of gOPEN do."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from openledger.commands import AccountOption, HomeOption, SkipTimeOption, account_of, market_of, say
from openledger.errors import AppError
from openledger.home import DEFAULT_HOME

govern_app = typer.Typer(help="Governance by gOPEN: stake, propose, vote, queue, execute.", no_args_is_help=True)

ProposalArgument = Annotated[str, typer.Argument(help="Id of the proposal; the newest without one.")]


@govern_app.command("stake")
def govern_stake(
    amount: Annotated[str, typer.Argument(help="OPEN to stake, for instance 1000.")],
    account: AccountOption = "holder",
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Stake OPEN for gOPEN, which votes, earns a part of all fees, and can be had back after a cooldown."""
    from openledger import governance
    from openledger.units import in_open, to_wei

    market = market_of(home)
    staker = account_of(market, account)
    governance.stake(market, staker, to_wei(amount))
    say(f"{in_open(market.chain.call('StakedOpen', 'getVotes', staker.address))} gOPEN vote for {staker.address}")


@govern_app.command("delegate")
def govern_delegate(
    delegatee: Annotated[str, typer.Argument(help="The address that votes with your gOPEN.")],
    account: AccountOption = "holder",
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Let another account vote with the gOPEN of an account."""
    from openledger import governance

    market = market_of(home)
    governance.delegate(market, account_of(market, account), delegatee)
    say(f"delegated to {delegatee}; proposals made from now on count it")


@govern_app.command("list")
def govern_list(home: HomeOption = DEFAULT_HOME) -> None:
    """Show every proposal and where it stands."""
    from openledger import governance

    market = market_of(home)
    for each in governance.proposals(market):
        say(f"{governance.state_of(market, each).name.lower():9} {each.proposal_id}  {escape(each.description)}")


@govern_app.command("propose-void")
def govern_propose_void(
    reward_epoch: Annotated[int, typer.Argument(help="Number of the reward epoch whose root is challenged.")],
    account: AccountOption = "holder",
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Propose to void a challenged reward root."""
    from openledger import governance

    market = market_of(home)
    proposer = account_of(market, account)
    made = governance.propose_decision(market, proposer, reward_epoch=reward_epoch, is_void=True)
    say(f"proposal {made.proposal_id}; votes count from block time {made.vote_start} to {made.vote_end}")


@govern_app.command("vote")
def govern_vote(
    proposal: ProposalArgument = "",
    against: Annotated[bool, typer.Option("--against", help="Vote against it.")] = False,
    abstain: Annotated[bool, typer.Option("--abstain", help="Count for the quorum only.")] = False,
    because: Annotated[str, typer.Option(help="The reason in words.")] = "",
    skip_time: SkipTimeOption = False,
    account: AccountOption = "holder",
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Vote for a proposal, or against it."""
    from openledger import epochs, governance
    from openledger.units import in_open

    if against and abstain:
        raise AppError("both --against and --abstain were given; expected one of them, or none to vote for it")
    market = market_of(home)
    found = governance.find_proposal(market, _number(proposal))
    if skip_time:
        epochs.advance_past(market, found.vote_start)
    support = (
        governance.Support.AGAINST if against else governance.Support.ABSTAIN if abstain else governance.Support.FOR
    )
    weight_wei = governance.vote(market, account_of(market, account), found, support, because=because)
    say(f"voted {support.name.lower()} with {in_open(weight_wei)} gOPEN")


@govern_app.command("queue")
def govern_queue(
    proposal: ProposalArgument = "",
    skip_time: SkipTimeOption = False,
    account: AccountOption = "holder",
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Queue a proposal that passed at the Timelock."""
    from openledger import epochs, governance

    market = market_of(home)
    found = governance.find_proposal(market, _number(proposal))
    if skip_time:
        # a late quorum moves the end, so the contract is asked
        epochs.advance_past(market, int(market.chain.call("OpenGovernor", "proposalDeadline", found.proposal_id)))
    eta = governance.queue(market, account_of(market, account), found)
    say(f"queued; it can be executed from block time {eta}")


@govern_app.command("execute")
def govern_execute(
    proposal: ProposalArgument = "",
    skip_time: SkipTimeOption = False,
    account: AccountOption = "holder",
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Execute a queued proposal once the Timelock's delay is over."""
    from openledger import epochs, governance

    market = market_of(home)
    found = governance.find_proposal(market, _number(proposal))
    if skip_time:
        epochs.advance_past(market, int(market.chain.call("OpenGovernor", "proposalEta", found.proposal_id)))
    governance.execute(market, account_of(market, account), found)
    say(f"executed: {escape(found.description)}")


def _number(proposal: str) -> int | None:
    """The id as a number (ids have up to 78 digits), None for the newest."""
    if not proposal:
        return None
    if not proposal.isdecimal():
        raise AppError(f'"{proposal}" is no proposal id; expected a number; see "openledger govern list"')
    return int(proposal)
