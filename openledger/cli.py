"""The `openledger` command. Each says what it did, or what was wrong, what was expected and what to do next."""

from __future__ import annotations

import signal
import sys
import warnings
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from openledger.commands import AccountOption, HomeOption, SkipTimeOption, account_of, console, market_of, say
from openledger.commands.asking_again import counterfactual
from openledger.commands.disputing import audit, evidence_app
from openledger.commands.evaluating import eval_app
from openledger.commands.governing import govern_app
from openledger.commands.reviewing import appeal, review, validator_app
from openledger.errors import AppError
from openledger.home import DEFAULT_HOME, Home

app = typer.Typer(
    help="OpenLedger: a market where data earns. Start the services with `up`, or watch the whole story with `demo`.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)
datanet_app = typer.Typer(help="Datanets: create them, see what they hold.", no_args_is_help=True)
epoch_app = typer.Typer(help="Reward epochs: close them, see where they stand.", no_args_is_help=True)
dev_app = typer.Typer(help="Development chain only: move its clock.", no_args_is_help=True)
app.add_typer(datanet_app, name="datanet")
app.add_typer(epoch_app, name="epoch")
app.add_typer(validator_app, name="validator")
app.add_typer(govern_app, name="govern")
app.add_typer(evidence_app, name="evidence")
app.add_typer(eval_app, name="eval")
app.add_typer(dev_app, name="dev")
app.command()(review)
app.command()(appeal)
app.command()(audit)
app.command()(counterfactual)

DatanetOption = Annotated[int, typer.Option("--datanet", help="Id of the Datanet.")]


@app.command()
def demo(
    home: Annotated[Path, typer.Option(help="Folder for the demo's state; emptied first.")] = Path(".openledger/demo"),
    report: Annotated[Path, typer.Option(help="Where the report is written.")] = Path("reports/demo/report.html"),
) -> None:
    """Run the whole loop on real input, and print who earned what and why."""
    from openledger.demo.run import run_demo

    run_demo(home, report, console)


@app.command()
def up(home: HomeOption = DEFAULT_HOME) -> None:
    """Start all services on this machine: a development chain with the contracts, the indexer, the gateway."""
    from openledger.up import run_services

    run_services(Home(home), console)


@app.command()
def accounts(home: HomeOption = DEFAULT_HOME) -> None:
    """List the development accounts and what they hold."""
    from openledger.accounts import DEV_NAMES, named_account
    from openledger.units import in_open

    market = market_of(home)
    for name in DEV_NAMES:
        address = named_account(name, chain_id=market.chain.chain_id).address
        say(f"{name:14} {address}  {in_open(market.chain.call('OpenToken', 'balanceOf', address))} OPEN")


@app.command()
def status(home: HomeOption = DEFAULT_HOME) -> None:
    """Show where the chain, the Datanets, the adapters and the reward epochs stand."""
    from openledger.overview import print_status

    print_status(market_of(home), console)


@datanet_app.command("create")
def datanet_create(
    name: Annotated[str, typer.Option(help="A few words.")],
    description: Annotated[str, typer.Option(help="What belongs into it.")] = "",
    formats: Annotated[str, typer.Option(help="Extensions, parted by commas.")] = "md,txt",
    committee: Annotated[int, typer.Option(help="Seats of a review, odd, 3 to 15; the protocol's default for 0.")] = 0,
    budget: Annotated[str, typer.Option(help="OPEN for reviews, paid by the account.")] = "100",
    account: AccountOption = "builder",
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Create a Datanet with the protocol's default limits and review terms, and fund its reviews."""
    from dataclasses import replace

    from content.formats import format_of
    from openledger import datanets
    from openledger.units import in_open, to_wei

    market = market_of(home)
    owner = account_of(market, account)
    chosen = [format_of(f"a.{extension.strip()}") for extension in formats.split(",")]
    limits, terms = datanets.default_rules()
    datanet_id = datanets.create_datanet(
        market,
        owner,
        name=name,
        description=description,
        modality=chosen[0].modality,
        formats=sum({entry.mask for entry in chosen}),
        terms=replace(terms, committee_size=committee or terms.committee_size),
        limits=limits,
    )
    held_wei = datanets.fund_reviews(market, owner, datanet_id=datanet_id, amount_wei=to_wei(budget))
    say(f"Datanet {datanet_id} created, {in_open(held_wei)} OPEN for its reviews")
    say(f"contribute with: openledger contribute FILE --datanet {datanet_id}")


@datanet_app.command("fund")
def datanet_fund(
    datanet: Annotated[int, typer.Argument(help="Id of the Datanet.")],
    amount: Annotated[str, typer.Argument(help="OPEN to add, for instance 100.")],
    account: AccountOption = "builder",
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Add OPEN to what the reviews of a Datanet are paid from."""
    from openledger.datanets import fund_reviews
    from openledger.units import in_open, to_wei

    market = market_of(home)
    held_wei = fund_reviews(market, account_of(market, account), datanet_id=datanet, amount_wei=to_wei(amount))
    say(f"{in_open(held_wei)} OPEN for the reviews of Datanet {datanet}")


@app.command()
def contribute(
    file: Annotated[Path, typer.Argument(help="The file to contribute.", exists=True, dir_okay=False)],
    datanet: DatanetOption = 1,
    account: AccountOption = "contributor-1",
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Check a file, pin it, pay its deposit, and register its digest by commit and reveal."""
    from openledger import contributions

    market = market_of(home)
    done = contributions.contribute(market, account_of(market, account), datanet_id=datanet, path=file)
    say(f"contribution {done.contribution_id}: {done.cid}; validators review it with: openledger validator step")


@app.command("take-down")
def take_down(
    contribution: Annotated[int, typer.Argument(help="Id of the contribution.")],
    account: AccountOption = "contributor-1",
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Withdraw a contribution: from now on it is in no snapshot and earns nothing. What it earned stays earned."""
    from openledger import contributions

    market = market_of(home)
    contributions.take_down(market, account_of(market, account), contribution)
    say(f"contribution {contribution} is withdrawn")


@app.command()
def train(
    datanet: Annotated[int, typer.Argument(help="Id of the Datanet.")],
    config: Annotated[Path, typer.Option(help="A file with a [training] table.")] = Path("configs/demo.toml"),
    account: AccountOption = "builder",
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Train an adapter on a Datanet's accepted contributions, pin it and register it."""
    from openledger.progress import training_bar
    from openledger.training import DEFAULT_PRICES, read_train_spec, train_and_register

    market = market_of(home)
    spec = read_train_spec(config)
    with training_bar(console) as show:
        adapter = train_and_register(
            market,
            account_of(market, account),
            datanet_id=datanet,
            spec=spec,
            prices=DEFAULT_PRICES,
            progress=show,
            threads=2,
        )
    losses = f"loss {adapter.losses[0]:.2f} → {adapter.losses[-1]:.2f}"
    say(f'adapter {adapter.adapter_id}, {losses}; ask it with: openledger ask {adapter.adapter_id} "…"')


@app.command()
def deposit(
    amount: Annotated[str, typer.Argument(help="OPEN to deposit, for instance 2.5.")],
    account: AccountOption = "payer-1",
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Put OPEN into the payments contract, for answers to come."""
    from openledger.answers import deposit as pay_in
    from openledger.units import in_open, to_wei

    market = market_of(home)
    total = pay_in(market, account_of(market, account), to_wei(amount))
    say(f"deposit: {in_open(total)} OPEN")


@app.command()
def ask(
    adapter: Annotated[int, typer.Argument(help="Id of the adapter.")],
    prompt: Annotated[str, typer.Argument(help="The question.")],
    max_tokens: Annotated[int, typer.Option(help="Longest answer, in tokens.")] = 40,
    public: Annotated[bool, typer.Option("--public/--private", help="May the text be in the public evidence?")] = False,
    account: AccountOption = "payer-1",
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Pay for one answer."""
    from openledger.answers import ask as buy
    from openledger.units import in_open

    market = market_of(home)
    payer = account_of(market, account)
    bought = buy(market, payer, adapter_id=adapter, prompt=prompt, max_tokens=max_tokens, is_public=public)
    say(escape(bought.answer))
    say(f"[dim]{in_open(bought.fee_wei)} OPEN[/dim]")


@app.command()
def redeem(home: HomeOption = DEFAULT_HOME) -> None:
    """Have this installation's operator redeem what its answers earned."""
    from openledger.answers import redeem as take

    market = market_of(home)
    console.print_json(data=take(market, account_of(market, "payer-1")))


@epoch_app.command("close")
def epoch_close(
    reward_epoch: Annotated[int, typer.Argument(help="Number of the reward epoch.")],
    skip_time: SkipTimeOption = False,
    account: AccountOption = "builder",
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Measure influence, pin the evidence, have it signed by two of three signers, and post the reward root."""
    from attribution_oracle.oracle import NothingToPay
    from openledger import epochs, oracle_service

    market = market_of(home)
    if skip_time:
        epochs.advance_past(market, market.chain.call("RewardDistributor", "epoch_end", reward_epoch))
        oracle_service.wait_for_indexer(market)
    closed = oracle_service.close(market, reward_epoch, poster=account_of(market, account), say=say)
    if isinstance(closed, NothingToPay):
        say(f"nothing to pay for reward epoch {reward_epoch}: {closed.reason}")
        return
    say(f"posted root 0x{closed.reward_root.root.hex()}, evidence {closed.evidence_cid}")
    say(f"check it with: openledger audit {reward_epoch}")


@app.command()
def claim(
    account: AccountOption = "contributor-1",
    skip_time: SkipTimeOption = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Make final what can be, and claim everything that an account is due."""
    from openledger import epochs, oracle_service
    from openledger.units import in_open

    market = market_of(home)
    claimer = account_of(market, account)
    last = market.chain.call("RewardDistributor", "last_posted_epoch")
    if skip_time and last:
        epochs.advance_past(market, epochs.challenge_window_end(market, last))
    epochs.finalize_all(market, claimer)
    oracle_service.wait_for_indexer(market)
    say(f"claimed {in_open(epochs.claim(market, claimer, claimer.address))} OPEN")


@dev_app.command("advance")
def dev_advance(seconds: Annotated[int, typer.Argument(help="How far.")], home: HomeOption = DEFAULT_HOME) -> None:
    """Move the clock of a development chain forward."""
    from openledger import epochs

    market = market_of(home)
    epochs.advance_time(market, seconds)
    say(f"it is now {market.chain.block('latest').timestamp}")


def main() -> None:
    """Run the command line; errors that a user can act on are one line on stderr and exit code 1."""
    from attribution_oracle.errors import OracleError
    from chain.errors import ChainError
    from content.errors import ContentError
    from trainer.errors import TrainerError

    # of transformers about itself; nothing that a user of the command could act on
    warnings.filterwarnings("ignore", category=FutureWarning, module="transformers")
    # a command that started services must unwind and stop them, also when it is asked to end
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        app()
    except (AppError, ChainError, ContentError, OracleError, TrainerError) as error:
        Console(stderr=True, highlight=False).print(f"[bold red]error:[/bold red] {escape(str(error))}", soft_wrap=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
