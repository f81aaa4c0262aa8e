"""Who signs: a named development account on a local chain, or an encrypted keystore file anywhere."""

from __future__ import annotations

import json
from pathlib import Path

from eth_account import Account
from eth_account.signers.local import LocalAccount

from chain.node import DEV_CHAIN_ID, DEV_DEPLOYER, DEV_GUARDIAN, DEV_HOLDER, DEV_SIGNERS, dev_account
from openledger.errors import AppError

# Who is who on a development chain; the first six are those of chain.node.
DEV_NAMES = {
    "deployer": DEV_DEPLOYER,
    "guardian": DEV_GUARDIAN,
    **{f"signer-{number}": index for number, index in enumerate(DEV_SIGNERS, start=1)},
    "holder": DEV_HOLDER,
    "builder": 6,
    "validator-1": 7,
    "validator-2": 8,
    "validator-3": 9,
    **{f"contributor-{number}": 9 + number for number in range(1, 9)},
    "payer-1": 18,
    "payer-2": 19,
}


def named_account(name: str, *, chain_id: int) -> LocalAccount:
    """The development account `name`. Raises `AppError` off the development chain: its keys are public."""
    if chain_id != DEV_CHAIN_ID:
        raise AppError(
            f'account "{name}" was asked for on chain {chain_id}; named accounts exist on the development chain '
            f"{DEV_CHAIN_ID} only, since everybody knows their keys; give a keystore file"
        )
    if name not in DEV_NAMES:
        raise AppError(
            f'there is no account "{name}"; expected one of {", ".join(DEV_NAMES)}; choose one or give a keystore file'
        )
    return dev_account(DEV_NAMES[name])


def keystore_account(path: Path, password: str) -> LocalAccount:
    """The account in an encrypted keystore file (the format that geth and MetaMask write)."""
    try:
        key = Account.decrypt(json.loads(path.read_text()), password)
    except FileNotFoundError:
        raise AppError(f"there is no keystore at {path}; expected a JSON file; check the path") from None
    except (ValueError, KeyError, TypeError) as error:
        raise AppError(f"{path} does not open ({error}); expected a keystore and its password; try again") from error
    account: LocalAccount = Account.from_key(key)
    return account
