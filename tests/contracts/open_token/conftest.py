from collections.abc import Callable
from typing import Any

import boa
import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data

PAYER = Account.from_key(b"\x07" * 32)

TRANSFER_FIELDS = [
    ("from", "address"),
    ("to", "address"),
    ("value", "uint256"),
    ("validAfter", "uint256"),
    ("validBefore", "uint256"),
    ("nonce", "bytes32"),
]
AUTHORIZATION_TYPES = {
    "TransferWithAuthorization": TRANSFER_FIELDS,
    "ReceiveWithAuthorization": TRANSFER_FIELDS,
    "CancelAuthorization": [("authorizer", "address"), ("nonce", "bytes32")],
}


@pytest.fixture(scope="module")
def deployer() -> str:
    return boa.env.generate_address("deployer")


@pytest.fixture(scope="module")
def holder() -> str:
    return boa.env.generate_address("holder")


@pytest.fixture(scope="module")
def outsider() -> str:
    return boa.env.generate_address("outsider")


@pytest.fixture(scope="module")
def payee() -> str:
    return boa.env.generate_address("payee")


@pytest.fixture(scope="module")
def token_factory(factory: Callable[[str], Any]) -> Any:
    return factory("OpenToken")


@pytest.fixture
def token(token_factory: Any, deployer: str, holder: str) -> Any:
    with boa.env.prank(deployer):
        return token_factory.deploy(holder)


@pytest.fixture
def now() -> int:
    """Block time of the next call."""
    return int(boa.env.evm.patch.timestamp)


@pytest.fixture
def payer(token: Any, holder: str) -> str:
    """PAYER's address, with 100 wei of OPEN."""
    with boa.env.prank(holder):
        token.transfer(PAYER.address, 100)
    return str(PAYER.address)


@pytest.fixture
def message(payer: str, payee: str, now: int) -> dict[str, Any]:
    """What PAYER authorizes unless a test says otherwise."""
    return {
        "from": payer,
        "to": payee,
        "value": 7,
        "validAfter": now - 1,
        "validBefore": now + 1,
        "nonce": b"\x01" * 32,
    }


@pytest.fixture
def sign(token: Any) -> Callable[..., tuple[int, bytes, bytes]]:
    """`sign(kind, message, **changes)`: (v, r, s) by eth_account of the message, or the domain, as changed."""

    def signed(kind: str, message: dict[str, Any], **changes: Any) -> tuple[int, bytes, bytes]:
        domain = {
            "name": "OpenLedger",
            "version": "1",
            "chainId": boa.env.evm.patch.chain_id,
            "verifyingContract": token.address,
        }
        message = dict(message)
        for key, value in changes.items():
            (domain if key in domain else message)[key] = value
        types = {kind: [{"name": name, "type": type_} for name, type_ in AUTHORIZATION_TYPES[kind]]}
        signature = PAYER.sign_message(encode_typed_data(domain, types, message))
        return signature.v, signature.r.to_bytes(32, "big"), signature.s.to_bytes(32, "big")

    return signed
