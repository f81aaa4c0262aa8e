"""The `openledger` command. Each says what it did, or what was wrong, what was expected and what to do next."""

from __future__ import annotations

import signal
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape

from openledger.errors import AppError
from openledger.home import DEFAULT_HOME, Home

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

    from openledger.market import Market

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
app.add_typer(dev_app, name="dev")

console = Console(highlight=False)


def say(text: str) -> None:
    """Print a line as it is: wrapped by the terminal, so that ids and hashes can be copied whole."""
    console.print(text, soft_wrap=True)


HomeOption = Annotated[Path, typer.Option("--home", help="Folder with the state of the services.")]
AccountOption = Annotated[
    str,
    typer.Option("--account", help="Who signs: a development account (see `openledger accounts`) or a keystore file."),
]
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

    market = _market(home)
    for name in DEV_NAMES:
        address = named_account(name, chain_id=market.chain.chain_id).address
        say(f"{name:14} {address}  {in_open(market.chain.call('OpenToken', 'balanceOf', address))} OPEN")


@app.command()
def status(home: HomeOption = DEFAULT_HOME) -> None:
    """Show where the chain, the Datanets, the adapters and the reward epochs stand."""
    from openledger.overview import print_status

    print_status(_market(home), console)


@datanet_app.command("create")
def datanet_create(
    name: Annotated[str, typer.Option(help="A few words.")],
    description: Annotated[str, typer.Option(help="What belongs into it.")] = "",
    formats: Annotated[str, typer.Option(help="Extensions, parted by commas.")] = "md,txt",
    validators: Annotated[
        str, typer.Option(help="Accounts that review, parted by commas.")
    ] = "validator-1,validator-2",
    account: AccountOption = "builder",
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Create a Datanet with the protocol's default limits, and name its validators."""
    from content.formats import format_of
    from openledger import contributions

    market = _market(home)
    owner = _account(market, account)
    chosen = [format_of(f"a.{extension.strip()}") for extension in formats.split(",")]
    limits, quorum = contributions.default_limits()
    datanet_id = contributions.create_datanet(
        market,
        owner,
        name=name,
        description=description,
        modality=chosen[0].modality,
        formats=sum({entry.mask for entry in chosen}),
        limits=limits,
        quorum=quorum,
    )
    for validator in (_account(market, part.strip()) for part in validators.split(",")):
        market.chain.send(owner, "DatanetRegistry", "set_validator", datanet_id, validator.address, True)
    say(f"Datanet {datanet_id} created; contribute with: openledger contribute FILE --datanet {datanet_id}")


@app.command()
def contribute(
    file: Annotated[Path, typer.Argument(help="The file to contribute.", exists=True, dir_okay=False)],
    datanet: DatanetOption = 1,
    account: AccountOption = "contributor-1",
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Check a file, pin it, and register its digest by commit and reveal."""
    from openledger import contributions

    market = _market(home)
    done = contributions.contribute(market, _account(market, account), datanet_id=datanet, path=file)
    say(
        f"contribution {done.contribution_id}: {done.cid}; "
        f"validators see it with: openledger review {done.contribution_id}"
    )


@app.command()
def review(
    contribution: Annotated[int, typer.Argument(help="Id of the contribution.")],
    auto: Annotated[bool, typer.Option("--auto", help="Vote as the automatic checks say.")] = False,
    accept: Annotated[int, typer.Option("--accept", help="Accept with this score, 1 to 100.")] = 0,
    reject: Annotated[str, typer.Option("--reject", help="Reject: low_quality, off_topic, duplicate, …")] = "",
    because: Annotated[str, typer.Option(help="The reason in words, for the contributor.")] = "",
    account: AccountOption = "validator-1",
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Show what the automatic checks say of a contribution, and vote on it."""
    from openledger import contributions
    from openledger.checks import verdict_of

    market = _market(home)
    found = contributions.check_contribution(market, contribution)
    say(f"automatic checks: {found.describe()}")
    verdict = found if auto else verdict_of(accept=accept, reject=reject, because=because)
    if verdict is None:
        say("not voted: use --auto, --accept SCORE or --reject REASON")
        return
    contributions.review(market, _account(market, account), contribution_id=contribution, verdict=verdict)
    say(f"voted: {verdict.describe()}")


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

    market = _market(home)
    spec = read_train_spec(config)
    with training_bar(console) as show:
        adapter = train_and_register(
            market,
            _account(market, account),
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

    market = _market(home)
    total = pay_in(market, _account(market, account), to_wei(amount))
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

    market = _market(home)
    payer = _account(market, account)
    bought = buy(market, payer, adapter_id=adapter, prompt=prompt, max_tokens=max_tokens, is_public=public)
    say(escape(bought.answer))
    say(f"[dim]{in_open(bought.fee_wei)} OPEN[/dim]")


@app.command()
def redeem(home: HomeOption = DEFAULT_HOME) -> None:
    """Have this installation's operator redeem what its answers earned."""
    from openledger.answers import redeem as take

    market = _market(home)
    console.print_json(data=take(market, _account(market, "payer-1")))


@epoch_app.command("close")
def epoch_close(
    reward_epoch: Annotated[int, typer.Argument(help="Number of the reward epoch.")],
    skip_time: Annotated[
        bool, typer.Option("--skip-time", help="Development chain: move the clock past its end.")
    ] = False,
    account: AccountOption = "builder",
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Measure influence, pin the evidence, have it signed by two of three signers, and post the reward root."""
    from attribution_oracle.oracle import NothingToPay
    from openledger import epochs, oracle_service

    market = _market(home)
    if skip_time:
        epochs.advance_past(market, market.chain.call("RewardDistributor", "epoch_end", reward_epoch))
        oracle_service.wait_for_indexer(market)
    closed = oracle_service.close(market, reward_epoch, poster=_account(market, account), say=say)
    if isinstance(closed, NothingToPay):
        say(f"nothing to pay for reward epoch {reward_epoch}: {closed.reason}")
        return
    say(f"posted root 0x{closed.reward_root.root.hex()}, evidence {closed.evidence_cid}")
    say(f"check it with: openledger audit {reward_epoch}")


@app.command()
def audit(
    reward_epoch: Annotated[int, typer.Argument(help="Number of the reward epoch.")],
    challenge: Annotated[
        bool, typer.Option("--challenge", help="Put the bond against a root that does not match.")
    ] = False,
    account: AccountOption = "holder",
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Recompute a reward root from the chain and the pinned evidence alone. Exit code 1 when it does not match."""
    from attribution_oracle import audit as auditing

    market = _market(home)
    report = auditing.audit_epoch(
        reward_epoch, client=market.chain, store=market.store, bases=[market.base_model], progress=say
    )
    match report:
        case auditing.Match():
            found = f"{report.total_wei} wei in {report.leaf_count} leaves, {report.receipt_count} receipts"
            say(f"[bold green]MATCH[/bold green] {found}")
        case auditing.NoRoot():
            raise AppError(f"reward epoch {reward_epoch} has no root; expected a posted one; see openledger status")
        case auditing.Mismatch():
            say(f"[bold red]MISMATCH[/bold red] {escape(report.reason)}")
            if challenge:
                digest = auditing.challenge(market.chain, _account(market, account), report, market.store)
                say(f"challenged; reason digest 0x{digest.hex()}")
            raise typer.Exit(1)


@app.command()
def claim(
    account: AccountOption = "contributor-1",
    skip_time: Annotated[
        bool, typer.Option("--skip-time", help="Development chain: move the clock past the window.")
    ] = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Make final what can be, and claim everything that an account is due."""
    from openledger import epochs, oracle_service
    from openledger.units import in_open

    market = _market(home)
    claimer = _account(market, account)
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

    market = _market(home)
    epochs.advance_time(market, seconds)
    say(f"it is now {market.chain.block('latest').timestamp}")


def _market(home: Path) -> Market:
    from openledger.market import Market

    return Market.open(Home(home))


def _account(market: Market, name: str) -> LocalAccount:
    from openledger.accounts import DEV_NAMES, keystore_account, named_account

    if name in DEV_NAMES or not Path(name).is_file():
        return named_account(name, chain_id=market.chain.chain_id)
    return keystore_account(Path(name), typer.prompt(f"Password of {name}", hide_input=True))


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
