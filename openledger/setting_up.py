"""First steps on a development chain: the base model, and OPEN for everybody who plays."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from chain.node import DEV_CHAIN_ID
from openledger.accounts import DEV_NAMES, named_account
from openledger.market import Market

Say = Callable[[str], None]
# enough to post a root (its bond), to validate and to pay
ALLOWANCE_WEI = 50_000 * 10**18


def cache_folder() -> Path:
    """Where prepared base models lie: `OPENLEDGER_CACHE`, else `openledger` in the user's cache folder."""
    named = os.environ.get("OPENLEDGER_CACHE")
    if named:
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "openledger"


def share_cores() -> None:
    """Let the threads of child processes sleep while they wait for each other, instead of spinning.

    OpenMP's default burns a core per waiting thread: with several services on two cores, two threads were then three
    times slower than one. Set for children only, as OpenMP reads it when it is loaded.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def give_open(market: Market, names: tuple[str, ...] = tuple(DEV_NAMES), amount_wei: int = ALLOWANCE_WEI) -> None:
    """Let the holder of a development chain's supply give OPEN to the named accounts."""
    holder = named_account("holder", chain_id=market.chain.chain_id)
    assert market.chain.chain_id == DEV_CHAIN_ID, "named_account refuses other chains"
    for name in names:
        account = named_account(name, chain_id=DEV_CHAIN_ID)
        if name not in ("holder", "deployer") and market.chain.call("OpenToken", "balanceOf", account.address) == 0:
            market.chain.send(holder, "OpenToken", "transfer", account.address, amount_wei)
