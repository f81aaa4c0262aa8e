"""EIP-3009: an authorization that only its payee can use, so that nobody takes it out of the payee's transaction."""

from collections.abc import Callable
from typing import Any

import boa
import pytest

KIND = "ReceiveWithAuthorization"

Sign = Callable[..., tuple[int, bytes, bytes]]


def test_receive_with_authorization__by_the_payee__pays(
    token: Any, message: dict[str, Any], sign: Sign, payer: str, payee: str
) -> None:
    with boa.env.prank(payee):
        token.receiveWithAuthorization(*message.values(), *sign(KIND, message))
    assert (token.balanceOf(payer), token.balanceOf(payee)) == (93, 7)
    assert token.authorizationState(payer, message["nonce"])


def test_receive_with_authorization__logs_use_and_transfer(
    token: Any, message: dict[str, Any], sign: Sign, payer: str, payee: str, events: Callable[..., Any]
) -> None:
    with boa.env.prank(payee):
        token.receiveWithAuthorization(*message.values(), *sign(KIND, message))
    assert events(token, "AuthorizationUsed") == [{"authorizer": payer, "nonce": message["nonce"]}]
    assert events(token, "Transfer") == [{"sender": payer, "receiver": payee, "value": 7}]


@pytest.mark.parametrize("sender", ["outsider", "payer"])
def test_receive_with_authorization__by_another__reverts(
    token: Any, message: dict[str, Any], sign: Sign, sender: str, outsider: str, payer: str
) -> None:
    caller = {"outsider": outsider, "payer": payer}[sender]
    with boa.env.prank(caller), boa.reverts("authorizations: caller is not the payee"):
        token.receiveWithAuthorization(*message.values(), *sign(KIND, message))


def test_receive_with_authorization__by_another_who_names_himself__reverts(
    token: Any, message: dict[str, Any], sign: Sign, outsider: str
) -> None:
    with boa.env.prank(outsider), boa.reverts("authorizations: signature of another"):
        token.receiveWithAuthorization(*{**message, "to": outsider}.values(), *sign(KIND, message))


@pytest.mark.parametrize(
    ("field", "changed"),
    [
        ("from", "0x" + "11" * 20),
        ("value", 8),
        ("validAfter", 0),
        ("validBefore", 2**256 - 1),
        ("nonce", b"\x02" * 32),
    ],
)
def test_receive_with_authorization__sent_with_another_field__reverts(
    token: Any, message: dict[str, Any], sign: Sign, payee: str, field: str, changed: Any
) -> None:
    with boa.env.prank(payee), boa.reverts("authorizations: signature of another"):
        token.receiveWithAuthorization(*{**message, field: changed}.values(), *sign(KIND, message))


def test_receive_with_authorization__signed_for_a_transfer__reverts(
    token: Any, message: dict[str, Any], sign: Sign, payee: str
) -> None:
    with boa.env.prank(payee), boa.reverts("authorizations: signature of another"):
        token.receiveWithAuthorization(*message.values(), *sign("TransferWithAuthorization", message))


def test_receive_with_authorization__after_a_transfer_with_its_nonce__reverts(
    token: Any, message: dict[str, Any], sign: Sign, payee: str
) -> None:
    token.transferWithAuthorization(*message.values(), *sign("TransferWithAuthorization", message))
    with boa.env.prank(payee), boa.reverts("authorizations: nonce already used"):
        token.receiveWithAuthorization(*message.values(), *sign(KIND, message))


def test_receive_with_authorization__in_the_second_valid_after__reverts(
    token: Any, message: dict[str, Any], sign: Sign, payee: str, now: int
) -> None:
    message["validAfter"] = now
    with boa.env.prank(payee), boa.reverts("authorizations: not yet valid"):
        token.receiveWithAuthorization(*message.values(), *sign(KIND, message))


def test_receive_with_authorization__in_the_second_valid_before__reverts(
    token: Any, message: dict[str, Any], sign: Sign, payee: str, now: int
) -> None:
    message["validBefore"] = now
    with boa.env.prank(payee), boa.reverts("authorizations: expired"):
        token.receiveWithAuthorization(*message.values(), *sign(KIND, message))
