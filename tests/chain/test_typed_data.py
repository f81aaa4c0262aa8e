"""Typed data: the digests of another EIP-712 implementation, deterministic signatures, nothing malformed recovered."""

import json
from dataclasses import astuple, replace
from pathlib import Path

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data

from chain.merkle import keccak
from chain.typed_data import RewardRoot, Voucher, compact_signature, recover, root_digest, sign_digest, voucher_digest

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "typed_data.json").read_text(encoding="utf-8"))
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
CONTRACT = "0x" + "11" * 20
KEY = keccak(b"payer")
PAYER = Account.from_key(KEY).address
VOUCHER = Voucher(PAYER, "0x" + "22" * 20, 3, 10**18, 2**31)
ROOT = RewardRoot(
    reward_epoch=4,
    attempt=1,
    previous_root=keccak(b"previous root"),
    root=keccak(b"root"),
    total_wei=10**18,
    leaf_count=7,
    evidence_digest=keccak(b"evidence"),
    evidence_chunk_root=keccak(b"evidence chunks"),
    evidence_chunk_count=3,
    attribution_root=keccak(b"attribution"),
)
VOUCHER_FIELDS = ["payer:address", "operator:address", "adapterId:uint256", "cumulativeWei:uint256", "expiry:uint256"]
ROOT_FIELDS = [
    "rewardEpoch:uint256",
    "attempt:uint256",
    "previousRoot:bytes32",
    "root:bytes32",
    "totalWei:uint256",
    "leafCount:uint256",
    "evidenceDigest:bytes32",
    "evidenceChunkRoot:bytes32",
    "evidenceChunkCount:uint256",
    "attributionRoot:bytes32",
]


def signable(name, fields, message, contract_name):
    """The message as eth_account encodes it."""
    rows = [field.split(":") for field in fields]
    return encode_typed_data(
        {"name": contract_name, "version": "1", "chainId": 5, "verifyingContract": CONTRACT},
        {name: [{"name": field, "type": kind} for field, kind in rows]},
        dict(zip([field for field, _ in rows], astuple(message), strict=True)),
    )


def test_voucher_digest__is_what_eth_account_signs():
    message = signable("Voucher", VOUCHER_FIELDS, VOUCHER, "OpenLedger InferencePayments")
    digest = voucher_digest(VOUCHER, chain_id=5, contract=CONTRACT)
    assert sign_digest(digest, KEY) == bytes(Account.sign_message(message, KEY).signature)


def test_root_digest__is_what_eth_account_signs():
    message = signable("RewardRoot", ROOT_FIELDS, ROOT, "OpenLedger RewardDistributor")
    digest = root_digest(ROOT, chain_id=5, contract=CONTRACT)
    assert sign_digest(digest, KEY) == bytes(Account.sign_message(message, KEY).signature)


@pytest.mark.parametrize(
    "changes",
    [
        {"payer": CONTRACT},
        {"operator": CONTRACT},
        {"adapter_id": 4},
        {"cumulative_wei": 10**18 + 1},
        {"expiry": 0},
    ],
)
def test_voucher_digest__depends_on_every_field(changes):
    digests = [voucher_digest(v, chain_id=5, contract=CONTRACT) for v in (VOUCHER, replace(VOUCHER, **changes))]
    assert digests[0] != digests[1]


def test_digests__depend_on_chain_and_contract():
    other = "0x" + "33" * 20
    places = [(5, CONTRACT), (6, CONTRACT), (5, other)]
    vouchers = {voucher_digest(VOUCHER, chain_id=chain, contract=contract) for chain, contract in places}
    roots = {root_digest(ROOT, chain_id=chain, contract=contract) for chain, contract in places}
    assert len(vouchers | roots) == 6


def test_recover__gives_the_signer():
    assert recover(keccak(b"digest"), sign_digest(keccak(b"digest"), KEY)) == PAYER


def test_sign_digest__is_deterministic_with_low_s():
    signatures = {sign_digest(keccak(b"%d" % n), KEY) for n in [*range(20), *range(20)]}
    assert len(signatures) == 20
    assert all(int.from_bytes(signature[32:64], "big") <= ORDER // 2 for signature in signatures)
    assert {signature[64] for signature in signatures} == {27, 28}


@pytest.mark.parametrize("change", ["short", "long", "v 0", "v 29", "zero r", "zero s", "r past the order"])
def test_recover__of_a_malformed_signature__raises(change):
    signature = sign_digest(keccak(b"digest"), KEY)
    r, s, v = signature[:32], signature[32:64], signature[64:]
    malformed = {
        "short": signature[:64],
        "long": signature + b"\x00",
        "v 0": r + s + b"\x00",
        "v 29": r + s + b"\x1d",
        "zero r": bytes(32) + s + v,
        "zero s": r + bytes(32) + v,
        "r past the order": ORDER.to_bytes(32, "big") + s + v,
    }[change]
    with pytest.raises(ValueError, match="sign again"):
        recover(keccak(b"digest"), malformed)


def test_compact_signature__keeps_r_s_and_v():
    seen = set()
    for n in range(20):
        signature = sign_digest(keccak(b"%d" % n), KEY)
        r, vs = compact_signature(signature)
        v = 27 + (vs[0] >> 7)
        seen.add(v)
        assert r + bytes([vs[0] & 0x7F]) + vs[1:] + bytes([v]) == signature
    assert seen == {27, 28}


def test_compact_signature__of_the_example_in_eip_2098():
    r = "68a020a209d3d56c46f38cc50a33f704f4a9a10a59377f8dd762ac66910e9b90"
    s = "7e865ad05c4035ab5792787d4a0297a43617ae897930a6fe4d822b8faea52064"
    assert compact_signature(bytes.fromhex(r + s + "1b")) == (bytes.fromhex(r), bytes.fromhex(s))
    r = "9328da16089fcba9bececa81663203989f2df5fe1faa6291a45381c81bd17f76"
    s = "139c6d6b623b42da56557e5e734a43dc83345ddfadec52cbe24d0cc64f550793"
    vs = "939c6d6b623b42da56557e5e734a43dc83345ddfadec52cbe24d0cc64f550793"
    assert compact_signature(bytes.fromhex(r + s + "1c")) == (bytes.fromhex(r), bytes.fromhex(vs))


@pytest.mark.parametrize("change", ["short", "v 0", "high s"])
def test_compact_signature__of_a_malformed_signature__raises(change):
    signature = sign_digest(keccak(b"digest"), KEY)
    twin = (ORDER - int.from_bytes(signature[32:64], "big")).to_bytes(32, "big")
    malformed = {
        "short": signature[:64],
        "v 0": signature[:64] + b"\x00",
        "high s": signature[:32] + twin + bytes([55 - signature[64]]),
    }[change]
    with pytest.raises(ValueError, match="sign again"):
        compact_signature(malformed)


def test_recover__of_the_twin_with_high_s__raises():
    signature = sign_digest(keccak(b"digest"), KEY)
    twin = (ORDER - int.from_bytes(signature[32:64], "big")).to_bytes(32, "big")
    with pytest.raises(ValueError, match="upper half"):
        recover(keccak(b"digest"), signature[:32] + twin + bytes([55 - signature[64]]))


def message_of(kind, wire):
    values = [bytes.fromhex(v[2:]) if len(v) == 66 else v if v.startswith("0x") else int(v) for v in wire.values()]
    return kind(*values)


@pytest.mark.parametrize(
    ("name", "kind", "digest_of", "contract"),
    [("vouchers", Voucher, voucher_digest, "payments"), ("reward_roots", RewardRoot, root_digest, "distributor")],
)
def test_vectors__hold(name, kind, digest_of, contract):
    for row in VECTORS[name]:
        message = message_of(kind, row["message"])
        digest = digest_of(message, chain_id=VECTORS["chain_id"], contract=VECTORS[contract])
        signature = sign_digest(digest, bytes.fromhex(VECTORS["private_key"][2:]))
        assert "0x" + digest.hex() == row["digest"]
        assert "0x" + signature.hex() == row["signature"]
        assert recover(digest, signature) == VECTORS["signer"]
