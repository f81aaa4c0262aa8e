"""EIP-3009: who pays signs, anyone sends, and every field counts."""

from collections.abc import Callable
from typing import Any

import boa
import pytest

NO_ONE = "0x" + "00" * 20
CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
KIND = "TransferWithAuthorization"

Sign = Callable[..., tuple[int, bytes, bytes]]


def test_transfer_with_authorization__sent_by_an_outsider__pays(
    token: Any, message: dict[str, Any], sign: Sign, payer: str, payee: str, outsider: str
) -> None:
    with boa.env.prank(outsider):
        token.transferWithAuthorization(*message.values(), *sign(KIND, message))
    assert (token.balanceOf(payer), token.balanceOf(payee)) == (93, 7)
    assert token.authorizationState(payer, message["nonce"])
    assert token.nonces(payer) == 0


def test_transfer_with_authorization__logs_use_and_transfer(
    token: Any, message: dict[str, Any], sign: Sign, payer: str, payee: str, events: Callable[..., Any]
) -> None:
    token.transferWithAuthorization(*message.values(), *sign(KIND, message))
    assert events(token, "AuthorizationUsed") == [{"authorizer": payer, "nonce": message["nonce"]}]
    assert events(token, "Transfer") == [{"sender": payer, "receiver": payee, "value": 7}]


def test_transfer_with_authorization__used_again__reverts(token: Any, message: dict[str, Any], sign: Sign) -> None:
    signature = sign(KIND, message)
    token.transferWithAuthorization(*message.values(), *signature)
    with boa.reverts("authorizations: nonce already used"):
        token.transferWithAuthorization(*message.values(), *signature)


def test_transfer_with_authorization__other_nonces_in_any_order__all_pay(
    token: Any, message: dict[str, Any], sign: Sign, payee: str
) -> None:
    for nonce in (2**256 - 1, 0, 5, 4):
        message["nonce"] = nonce.to_bytes(32, "big")
        token.transferWithAuthorization(*message.values(), *sign(KIND, message))
    assert token.balanceOf(payee) == 28


def test_transfer_with_authorization__nonce_of_another_authorizer__is_free(
    token: Any, message: dict[str, Any], sign: Sign, outsider: str
) -> None:
    token.transferWithAuthorization(*message.values(), *sign(KIND, message))
    assert not token.authorizationState(outsider, message["nonce"])


CHANGED_FIELDS = [
    ("from", "0x" + "11" * 20),
    ("to", "0x" + "22" * 20),
    ("value", 8),
    ("validAfter", 0),
    ("validBefore", 2**256 - 1),
    ("nonce", b"\x02" * 32),
]


@pytest.mark.parametrize(("field", "changed"), CHANGED_FIELDS, ids=[field for field, _ in CHANGED_FIELDS])
def test_transfer_with_authorization__sent_with_another_field__reverts(
    token: Any, message: dict[str, Any], sign: Sign, field: str, changed: Any
) -> None:
    signature = sign(KIND, message)
    with boa.reverts("authorizations: signature of another"):
        token.transferWithAuthorization(*{**message, field: changed}.values(), *signature)


CHANGED_DOMAINS = [
    {"name": "OpenLedger StakedOpen"},
    {"version": "2"},
    {"chainId": 2**40},
    {"verifyingContract": "0x" + "33" * 20},
]


@pytest.mark.parametrize("change", CHANGED_DOMAINS, ids=lambda change: next(iter(change)))
def test_transfer_with_authorization__signed_for_another_domain__reverts(
    token: Any, message: dict[str, Any], sign: Sign, change: dict[str, Any]
) -> None:
    with boa.reverts("authorizations: signature of another"):
        token.transferWithAuthorization(*message.values(), *sign(KIND, message, **change))


def test_transfer_with_authorization__after_the_chain_split__counts_on_one_side_only(
    token: Any, message: dict[str, Any], sign: Sign, payee: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    old_chain_id = boa.env.evm.patch.chain_id
    monkeypatch.setattr(boa.env.evm.patch, "chain_id", old_chain_id + 1)
    with boa.reverts("authorizations: signature of another"):
        token.transferWithAuthorization(*message.values(), *sign(KIND, message, chainId=old_chain_id))
    token.transferWithAuthorization(*message.values(), *sign(KIND, message, chainId=old_chain_id + 1))
    assert token.balanceOf(payee) == 7


def test_transfer_with_authorization__signed_for_receiving__reverts(
    token: Any, message: dict[str, Any], sign: Sign
) -> None:
    with boa.reverts("authorizations: signature of another"):
        token.transferWithAuthorization(*message.values(), *sign("ReceiveWithAuthorization", message))


def test_transfer_with_authorization__in_the_second_valid_after__reverts(
    token: Any, message: dict[str, Any], sign: Sign, now: int
) -> None:
    message["validAfter"] = now
    with boa.reverts("authorizations: not yet valid"):
        token.transferWithAuthorization(*message.values(), *sign(KIND, message))


def test_transfer_with_authorization__in_the_second_valid_before__reverts(
    token: Any, message: dict[str, Any], sign: Sign, now: int
) -> None:
    message["validBefore"] = now
    with boa.reverts("authorizations: expired"):
        token.transferWithAuthorization(*message.values(), *sign(KIND, message))


def test_transfer_with_authorization__above_the_balance__reverts_and_leaves_the_nonce(
    token: Any, message: dict[str, Any], sign: Sign, payer: str
) -> None:
    message["value"] = 101
    with boa.reverts("erc20: transfer amount exceeds balance"):
        token.transferWithAuthorization(*message.values(), *sign(KIND, message))
    assert not token.authorizationState(payer, message["nonce"])


def test_transfer_with_authorization__to_the_zero_address__reverts(
    token: Any, message: dict[str, Any], sign: Sign
) -> None:
    message["to"] = NO_ONE
    with boa.reverts("erc20: transfer to the zero address"):
        token.transferWithAuthorization(*message.values(), *sign(KIND, message))


def test_transfer_with_authorization__with_high_s__reverts(token: Any, message: dict[str, Any], sign: Sign) -> None:
    v, r, s = sign(KIND, message)
    high_s = (CURVE_ORDER - int.from_bytes(s, "big")).to_bytes(32, "big")
    with boa.reverts("ecdsa: invalid signature `s` value"):
        token.transferWithAuthorization(*message.values(), 55 - v, r, high_s)


def test_transfer_with_authorization__of_the_zero_address__reverts(
    token: Any, message: dict[str, Any], sign: Sign
) -> None:
    _, r, s = sign(KIND, message)
    # what recovers to nobody is not nobody's signature
    with boa.reverts("ecdsa: invalid signature"):
        token.transferWithAuthorization(*{**message, "from": NO_ONE}.values(), 26, r, s)
