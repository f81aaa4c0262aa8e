"""Delegation by signature: every field of the typed data counts, and each signature once."""

from collections.abc import Callable
from typing import Any

import boa
import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data

OPEN = 10**18
SIGNER = Account.from_key(b"\x07" * 32)
CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141

DELEGATION = {
    "Delegation": [
        {"name": "delegatee", "type": "address"},
        {"name": "nonce", "type": "uint256"},
        {"name": "expiry", "type": "uint256"},
    ]
}


def now() -> int:
    return int(boa.env.evm.patch.timestamp)


@pytest.fixture
def sign(staked_open: Any, delegate: str) -> Callable[..., tuple[Any, ...]]:
    """Signs a delegation; a keyword replaces one field of the message or of the domain."""

    def signed(**changes: Any) -> tuple[Any, ...]:
        fields, name, version, chain_id, contract, *_ = staked_open.eip712Domain()
        assert fields == b"\x0f"
        domain = {"name": name, "version": version, "chainId": chain_id, "verifyingContract": str(contract)}
        message = {"delegatee": delegate, "nonce": 0, "expiry": now() + 60}
        sent = dict(message)
        for key, value in changes.items():
            (domain if key in domain else message)[key] = value
        signature = SIGNER.sign_message(encode_typed_data(domain, DELEGATION, message))
        halves = (signature.r.to_bytes(32, "big"), signature.s.to_bytes(32, "big"))
        return delegate, sent["nonce"], sent["expiry"], signature.v, *halves

    return signed


@pytest.fixture(autouse=True)
def signer_stake(fund: Callable[[str], None], staked_open: Any) -> None:
    fund(SIGNER.address)
    with boa.env.prank(SIGNER.address):
        staked_open.stake(3 * OPEN)


def test_delegate_by_sig__delegates_for_the_signer(
    staked_open: Any, sign: Callable[..., Any], delegate: str, outsider: str, events: Callable[..., Any]
) -> None:
    with boa.env.prank(outsider):
        staked_open.delegateBySig(*sign())
    assert events(staked_open, "DelegateChanged")[0]["delegator"] == SIGNER.address
    assert staked_open.delegates(SIGNER.address) == delegate
    assert staked_open.getVotes(delegate) == 3 * OPEN
    assert staked_open.nonces(SIGNER.address) == 1


def test_delegate_by_sig__twice__reverts(staked_open: Any, sign: Callable[..., Any]) -> None:
    arguments = sign()
    staked_open.delegateBySig(*arguments)
    with boa.reverts("votes: nonce is not the next"):
        staked_open.delegateBySig(*arguments)


def test_delegate_by_sig__in_its_last_second__counts(staked_open: Any, sign: Callable[..., Any], delegate: str) -> None:
    arguments = sign()
    boa.env.time_travel(seconds=60)
    staked_open.delegateBySig(*arguments)
    assert staked_open.delegates(SIGNER.address) == delegate


def test_delegate_by_sig__a_second_late__reverts(staked_open: Any, sign: Callable[..., Any]) -> None:
    arguments = sign()
    boa.env.time_travel(seconds=61)
    with boa.reverts("votes: signature expired"):
        staked_open.delegateBySig(*arguments)


@pytest.mark.parametrize(
    "change",
    [
        {"delegatee": "0x" + "11" * 20},
        {"expiry": 2**40},
        {"name": "OpenLedger InferencePayments"},
        {"version": "2"},
        {"chainId": 5},
        {"verifyingContract": "0x" + "22" * 20},
    ],
    ids=lambda change: next(iter(change)),
)
def test_delegate_by_sig__with_another_field_signed__is_not_the_signers(
    staked_open: Any, sign: Callable[..., Any], change: dict[str, Any]
) -> None:
    # the signature then recovers to some other account, which has no stake to delegate
    staked_open.delegateBySig(*sign(**change))
    assert staked_open.delegates(SIGNER.address) == "0x" + "00" * 20
    assert staked_open.nonces(SIGNER.address) == 0


def test_delegate_by_sig__with_high_s__reverts(staked_open: Any, sign: Callable[..., Any]) -> None:
    *head, v, r, s = sign()
    high_s = (CURVE_ORDER - int.from_bytes(s, "big")).to_bytes(32, "big")
    with boa.reverts("ecdsa: invalid signature `s` value"):
        staked_open.delegateBySig(*head, 55 - v, r, high_s)


def test_delegate_by_sig__of_nobody__reverts(staked_open: Any, sign: Callable[..., Any]) -> None:
    *head, _, r, s = sign()
    with boa.reverts("ecdsa: invalid signature"):
        staked_open.delegateBySig(*head, 26, r, s)
