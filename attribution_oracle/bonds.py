"""OPEN that is put down behind an act: a posted root, a challenge, a demand for evidence."""

from __future__ import annotations

from eth_account.signers.local import LocalAccount

from attribution_oracle.errors import BondMissing
from chain.client import ChainClient

_OPEN = 10**18


def check_bond(client: ChainClient, account: str, amount_wei: int, *, purpose: str) -> None:
    """Raise BondMissing when an account holds less OPEN than the bond."""
    balance_wei = int(client.call("OpenToken", "balanceOf", account))
    if balance_wei < amount_wei:
        raise BondMissing(
            f"{account} has {_in_open(balance_wei)} OPEN; expected the bond of {_in_open(amount_wei)} for {purpose}; "
            "give it more OPEN and try again"
        )


def approve_bond(client: ChainClient, account: LocalAccount, contract: str, amount_wei: int, *, purpose: str) -> None:
    """Let `contract` take the bond from the account, whose balance is checked first. Raises BondMissing, ChainError."""
    check_bond(client, account.address, amount_wei, purpose=purpose)
    spender = client.contract(contract).address
    if int(client.call("OpenToken", "allowance", account.address, spender)) < amount_wei:
        client.send(account, "OpenToken", "approve", spender, amount_wei)


def _in_open(amount_wei: int) -> str:
    """An amount in OPEN, all digits of it."""
    whole, rest = divmod(amount_wei, _OPEN)
    return f"{whole:,}" + f".{rest:018d}".rstrip("0").rstrip(".")
