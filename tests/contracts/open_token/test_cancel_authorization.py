"""EIP-3009: an authorization can be called off by its signer while it is unused."""

from collections.abc import Callable
from typing import Any

import boa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

KIND = "CancelAuthorization"

Sign = Callable[..., tuple[int, bytes, bytes]]


@pytest.fixture
def cancellation(message: dict[str, Any]) -> dict[str, Any]:
    return {"authorizer": message["from"], "nonce": message["nonce"]}


def test_cancel_authorization__sent_by_an_outsider__spends_the_nonce(
    token: Any, cancellation: dict[str, Any], sign: Sign, payer: str, outsider: str, events: Callable[..., Any]
) -> None:
    with boa.env.prank(outsider):
        token.cancelAuthorization(*cancellation.values(), *sign(KIND, cancellation))
    assert events(token, "AuthorizationCanceled") == [cancellation]
    assert token.authorizationState(payer, cancellation["nonce"])


def test_cancel_authorization__before_its_use__stops_both_kinds(
    token: Any, cancellation: dict[str, Any], message: dict[str, Any], sign: Sign, payee: str
) -> None:
    token.cancelAuthorization(*cancellation.values(), *sign(KIND, cancellation))
    with boa.reverts("authorizations: nonce already used"):
        token.transferWithAuthorization(*message.values(), *sign("TransferWithAuthorization", message))
    with boa.env.prank(payee), boa.reverts("authorizations: nonce already used"):
        token.receiveWithAuthorization(*message.values(), *sign("ReceiveWithAuthorization", message))
    assert token.balanceOf(payee) == 0


def test_cancel_authorization__after_its_use__reverts(
    token: Any, cancellation: dict[str, Any], message: dict[str, Any], sign: Sign
) -> None:
    token.transferWithAuthorization(*message.values(), *sign("TransferWithAuthorization", message))
    with boa.reverts("authorizations: nonce already used"):
        token.cancelAuthorization(*cancellation.values(), *sign(KIND, cancellation))


def test_cancel_authorization__twice__reverts(token: Any, cancellation: dict[str, Any], sign: Sign) -> None:
    signature = sign(KIND, cancellation)
    token.cancelAuthorization(*cancellation.values(), *signature)
    with boa.reverts("authorizations: nonce already used"):
        token.cancelAuthorization(*cancellation.values(), *signature)


@pytest.mark.parametrize(("field", "changed"), [("authorizer", "0x" + "11" * 20), ("nonce", b"\x02" * 32)])
def test_cancel_authorization__sent_with_another_field__reverts(
    token: Any, cancellation: dict[str, Any], sign: Sign, field: str, changed: Any
) -> None:
    with boa.reverts("authorizations: signature of another"):
        token.cancelAuthorization(*{**cancellation, field: changed}.values(), *sign(KIND, cancellation))


def test_cancel_authorization__signed_for_another_chain__reverts(
    token: Any, cancellation: dict[str, Any], sign: Sign
) -> None:
    with boa.reverts("authorizations: signature of another"):
        token.cancelAuthorization(*cancellation.values(), *sign(KIND, cancellation, chainId=2**40))


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)
@given(
    plan=st.lists(
        st.tuples(st.sampled_from(["transfer", "receive", "cancel"]), st.integers(0, 3)), min_size=4, max_size=12
    )
)
def test_each_nonce_is_spent_once_whatever_the_order(
    token: Any, message: dict[str, Any], sign: Sign, payer: str, payee: str, plan: list[tuple[str, int]]
) -> None:
    with boa.env.anchor():
        spent: set[bytes] = set()
        paid = 0
        for kind, number in plan:
            nonce = number.to_bytes(32, "big")
            arguments = {"authorizer": payer, "nonce": nonce} if kind == "cancel" else {**message, "nonce": nonce}
            name = "cancelAuthorization" if kind == "cancel" else f"{kind}WithAuthorization"
            call = getattr(token, name)
            signature = sign(name[0].upper() + name[1:], arguments)
            with boa.env.prank(payee):
                if nonce in spent:
                    with boa.reverts("authorizations: nonce already used"):
                        call(*arguments.values(), *signature)
                else:
                    call(*arguments.values(), *signature)
                    paid += 0 if kind == "cancel" else message["value"]
            spent.add(nonce)
            assert token.balanceOf(payee) == paid
        for number in range(4):
            nonce = number.to_bytes(32, "big")
            assert token.authorizationState(payer, nonce) is (nonce in spent)
