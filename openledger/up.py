"""`openledger up`: all services on one machine, until Ctrl-C."""

from __future__ import annotations

import time

from rich.console import Console

from openledger.home import Home
from openledger.market import Market
from openledger.services import Services
from openledger.setting_up import cache_folder, give_open
from trainer.base_model import prepare_smollm2


def run_services(home: Home, console: Console) -> None:
    """Start them, tell where they answer, and stop them in order when told to."""
    base = prepare_smollm2(cache_folder(), console.print)
    with Services(home, base_model=base) as services:
        addresses = services.start(console.print)
        give_open(Market.open(home))
        for name in ("rpc_url", "indexer_url", "gateway_url"):
            console.print(f"  {name.removesuffix('_url'):8} {getattr(addresses, name)}")
        console.print(f'ready; work in another terminal, for instance: openledger status --home "{home.path}"')
        try:
            while True:
                services.check()
                time.sleep(1.0)
        except KeyboardInterrupt:
            console.print("stopping")
