"""`python -m openledger.gateway_process --home PATH`: the gateway of a development installation, as a process."""

from __future__ import annotations

import argparse
from pathlib import Path
from urllib.parse import urlsplit

import uvicorn
from pydantic import SecretStr

from openledger.accounts import named_account
from openledger.answerer import RegisteredAnswerer
from openledger.gateway.app import create_app
from openledger.gateway.settings import GatewaySettings
from openledger.home import Home
from openledger.market import Market
from openledger.secrets_file import secrets_of

# an answer is short and its payer waits, so it may use both cores of a small machine
_THREADS = 2


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="the folder of the installation")
    market = Market.open(Home(parser.parse_args().home))
    secrets = secrets_of(market.home.secrets)
    builder = named_account("builder", chain_id=market.chain.chain_id)
    settings = GatewaySettings(
        database=market.home.receipts,
        operator_key=SecretStr(f"0x{bytes(builder.key).hex()}"),
        oracle_token=SecretStr(secrets.oracle_token),
        operator_token=SecretStr(secrets.operator_token),
    )
    answerer = RegisteredAnswerer(
        chain=market.chain,
        store=market.store,
        base_model=market.base_model,
        work=market.home.path / "served",
        threads=_THREADS,
    )
    address = urlsplit(market.addresses.gateway_url)
    assert address.hostname and address.port, "services write whole addresses"
    uvicorn.run(
        create_app(settings, market.chain, answerer), host=address.hostname, port=address.port, log_level="info"
    )


if __name__ == "__main__":
    main()
