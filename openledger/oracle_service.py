"""The oracle of one machine: the indexer and the gateway beside it, and its three signers with a keystore each."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
from eth_account.signers.local import LocalAccount

from attribution_oracle.inputs import EpochInputs, gather
from attribution_oracle.oracle import Closed, NothingToPay, close_epoch
from attribution_oracle.reader import Gateway, Indexer, read_receipts
from attribution_oracle.signer import SignerSettings, write_keystore
from openledger.accounts import named_account
from openledger.errors import AppError
from openledger.home import write_atomically
from openledger.market import PROJECT_ROOT, Market
from openledger.secrets_file import secrets_of

Say = Callable[[str], None]
SIGNERS = ("signer-1", "signer-2", "signer-3")
# a keystore of a public development key need not resist a search for its password
_DEV_SCRYPT_ITERATIONS = 4_096
_INDEXER_SECONDS = 120.0


def close(market: Market, reward_epoch: int, *, poster: LocalAccount, say: Say) -> Closed | NothingToPay:
    """Close a reward epoch: recompute, pin the evidence, have it signed, post the root, publish the leaves."""
    with TemporaryDirectory(dir=market.home.path) as work:
        return close_epoch(
            reward_epoch,
            client=market.chain,
            store=market.store,
            indexer=_indexer(market),
            gateways=[_gateway(market)],
            bases=[market.base_model],
            signers=[_signer(market, name) for name in SIGNERS],
            poster=poster,
            work=Path(work),
            indexes=market.home.indexes("oracle"),
            progress=say,
        )


def gather_inputs(market: Market, reward_epoch: int) -> EpochInputs:
    """The checked inputs of a reward epoch, as the oracle sees them."""
    facts = _indexer(market).epoch_facts(reward_epoch)
    receipts = read_receipts([_gateway(market)], facts.redemptions)
    return gather(facts, receipts, store=market.store)


def wait_for_indexer(market: Market) -> None:
    """Wait until the indexer holds the chain's newest block. Raises `AppError` when it does not get there."""
    wanted = market.chain.block("latest").number
    deadline = time.monotonic() + _INDEXER_SECONDS
    url = f"{market.addresses.indexer_url}/status"
    while time.monotonic() < deadline:
        try:
            if httpx.get(url, timeout=5.0).json()["indexed_block"]["number"] >= wanted:
                return
        except (httpx.HTTPError, KeyError, TypeError, ValueError):
            pass  # it is busy, or has indexed nothing yet
        time.sleep(0.2)
    raise AppError(
        f"the indexer did not reach block {wanted} in {_INDEXER_SECONDS:.0f} s; expected it to follow; see its log"
    )


def _indexer(market: Market) -> Indexer:
    return Indexer(market.addresses.indexer_url, market.chain)


def _gateway(market: Market) -> Gateway:
    return Gateway(market.addresses.gateway_url, secrets_of(market.home.secrets).oracle_token)


def _signer(market: Market, name: str) -> SignerSettings:
    """A signer with a keystore, a password file and signing records of its own."""
    home = market.home
    keystore, password_file = home.keystores / f"{name}.json", home.keystores / f"{name}.password"
    if not keystore.is_file():
        account = named_account(name, chain_id=market.chain.chain_id)
        password = secrets_of(home.secrets).keystore_password
        write_atomically(password_file, password.encode())
        write_keystore(keystore, bytes(account.key), password, iterations=_DEV_SCRYPT_ITERATIONS)
    return SignerSettings(
        keystore=keystore.resolve(),
        password_file=password_file.resolve(),
        protection=(home.signing_records / f"{name}.db").resolve(),
        rpc_url=market.addresses.rpc_url,
        root=PROJECT_ROOT,
        deployment=Path(market.addresses.deployment),
        store=str(home.content.resolve()),
        bases=(market.base_model.resolve(),),
        work=(home.path / "work" / name).resolve(),
        indexes=home.indexes(name).resolve(),
    )
