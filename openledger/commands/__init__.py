"""Parts of the command line by subject, and what all of them share: options, accounts, the console."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from openledger.home import Home

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

    from openledger.market import Market

console = Console(highlight=False)

HomeOption = Annotated[Path, typer.Option("--home", help="Folder with the state of the services.")]
AccountOption = Annotated[
    str,
    typer.Option("--account", help="Who signs: a development account (see `openledger accounts`) or a keystore file."),
]
SkipTimeOption = Annotated[
    bool, typer.Option("--skip-time", help="Development chain: move the clock to where there is something to do.")
]


def say(text: str) -> None:
    """Print a line as it is: wrapped by the terminal, so that ids and hashes can be copied whole."""
    console.print(text, soft_wrap=True)


def market_of(home: Path) -> Market:
    """The market whose services run from a folder."""
    from openledger.market import Market

    return Market.open(Home(home))


def account_of(market: Market, name: str) -> LocalAccount:
    """A development account by name, or the account of a keystore file, whose password is asked for."""
    from openledger.accounts import DEV_NAMES, keystore_account, named_account

    if name in DEV_NAMES or not Path(name).is_file():
        return named_account(name, chain_id=market.chain.chain_id)
    return keystore_account(Path(name), typer.prompt(f"Password of {name}", hide_input=True))
