"""Compact signatures, apart from vouchers: every half of s and both values of v, with signatures that are valid.

No voucher's signature can be made with a chosen s, as its digest holds the payer; a digest on its own can be signed so.
"""

import boa
import pytest
from eth_keys.datatypes import PrivateKey

from chain.merkle import keccak

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
HALF_ORDER = ORDER // 2
NO_ONE = "0x" + "00" * 20
DIGEST = keccak(b"digest")

RECOVERER = """
# pragma version 0.4.3
from contracts.modules import signatures

@external
@view
def recover(digest: bytes32, r: bytes32, vs: bytes32) -> address:
    return signatures._recover_compact(digest, r, vs)

@external
@view
def recover_any_s(digest: bytes32, v: uint256, r: uint256, s: uint256) -> address:
    return ecrecover(digest, v, r, s)
"""


@pytest.fixture(scope="module")
def recoverer():
    return boa.loads(RECOVERER)


def signed_with(s, nonce=7):
    """A signer, and `r` and `v` of its signature of DIGEST with this `s`: its key follows from the nonce."""
    point = PrivateKey(nonce.to_bytes(32, "big")).public_key.to_bytes()
    r, is_odd = int.from_bytes(point[:32], "big"), point[63] & 1
    key = (s * nonce - int.from_bytes(DIGEST, "big")) * pow(r, -1, ORDER) % ORDER
    return PrivateKey(key.to_bytes(32, "big")).public_key.to_checksum_address(), r, 27 + is_odd


def compact(r, s, v):
    return r.to_bytes(32, "big"), ((v - 27) << 255 | s).to_bytes(32, "big")


@pytest.mark.parametrize("nonce", range(1, 9))
@pytest.mark.parametrize("s", [1, 2, HALF_ORDER - 1, HALF_ORDER])
def test_recover_compact__with_s_in_the_lower_half__gives_the_signer(recoverer, s, nonce):
    signer, r, v = signed_with(s, nonce)
    assert recoverer.recover(DIGEST, *compact(r, s, v)) == signer


@pytest.mark.parametrize("s", [HALF_ORDER + 1, 2**255 - 1])
def test_recover_compact__with_s_in_the_upper_half__gives_nobody(recoverer, s):
    signer, r, v = signed_with(s)
    assert recoverer.recover_any_s(DIGEST, v, r, s) == signer
    assert recoverer.recover(DIGEST, *compact(r, s, v)) == NO_ONE


@pytest.mark.parametrize(("r", "s"), [(0, 1), (1, 0), (0, 0), (ORDER, 1), (2**256 - 1, 1), (5, 1)])
def test_recover_compact__with_no_signature__gives_nobody(recoverer, r, s):
    # there is no point of the curve with x = 5
    assert recoverer.recover(DIGEST, *compact(r, s, 27)) == NO_ONE
