"""EIP-712 digests and signatures of docs/formats.md ("Typed data"): vouchers and reward roots.

Pure: chain id and contract come from the caller, as the contracts read both at run time.
"""

from dataclasses import dataclass

from eth_keys.datatypes import PrivateKey, Signature
from eth_keys.exceptions import BadSignature
from eth_utils.exceptions import ValidationError

from chain.merkle import keccak, word

PAYMENTS_NAME = "OpenLedger InferencePayments"
DISTRIBUTOR_NAME = "OpenLedger RewardDistributor"
DOMAIN_VERSION = "1"

VOUCHER_TYPEHASH = keccak(
    b"Voucher(address payer,address operator,uint256 adapterId,uint256 cumulativeWei,uint256 expiry)"
)
REWARD_ROOT_TYPEHASH = keccak(
    b"RewardRoot(uint256 rewardEpoch,uint256 attempt,bytes32 previousRoot,bytes32 root,uint256 totalWei,"
    b"uint256 leafCount,bytes32 evidenceDigest,bytes32 evidenceChunkRoot,uint256 evidenceChunkCount,"
    b"bytes32 attributionRoot)"
)
_DOMAIN_TYPEHASH = keccak(b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
# signatures with s above half the order of secp256k1 are second copies of valid ones
_HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0


@dataclass(frozen=True, slots=True)
class Voucher:
    """A ceiling: everything that the payer will ever owe this operator for this adapter. `expiry` is a block time."""

    payer: str
    operator: str
    adapter_id: int
    cumulative_wei: int
    expiry: int


@dataclass(frozen=True, slots=True)
class RewardRoot:
    """What oracle signers sign; `attempt` counts the roots posted for this reward epoch before.

    `previous_root` is the root that this one builds on, zero for the first: with a void root die all that name it.
    """

    reward_epoch: int
    attempt: int
    previous_root: bytes
    root: bytes
    total_wei: int
    leaf_count: int
    evidence_digest: bytes
    evidence_chunk_root: bytes
    evidence_chunk_count: int
    attribution_root: bytes


def voucher_digest(voucher: Voucher, *, chain_id: int, contract: str) -> bytes:
    """The 32-byte digest that the payer signs for the InferencePayments at `contract`."""
    struct_hash = _hash_struct(
        VOUCHER_TYPEHASH,
        voucher.payer,
        voucher.operator,
        voucher.adapter_id,
        voucher.cumulative_wei,
        voucher.expiry,
    )
    return _typed_digest(struct_hash, name=PAYMENTS_NAME, chain_id=chain_id, contract=contract)


def root_digest(reward_root: RewardRoot, *, chain_id: int, contract: str) -> bytes:
    """The 32-byte digest that oracle signers sign for the RewardDistributor at `contract`."""
    struct_hash = _hash_struct(
        REWARD_ROOT_TYPEHASH,
        reward_root.reward_epoch,
        reward_root.attempt,
        reward_root.previous_root,
        reward_root.root,
        reward_root.total_wei,
        reward_root.leaf_count,
        reward_root.evidence_digest,
        reward_root.evidence_chunk_root,
        reward_root.evidence_chunk_count,
        reward_root.attribution_root,
    )
    return _typed_digest(struct_hash, name=DISTRIBUTOR_NAME, chain_id=chain_id, contract=contract)


def sign_digest(digest: bytes, private_key: bytes) -> bytes:
    """r || s || v (65 bytes, v 27 or 28, s in the lower half), deterministic by RFC 6979."""
    signature = PrivateKey(bytes(private_key)).sign_msg_hash(digest)
    return word(signature.r) + word(signature.s) + bytes([27 + signature.v])


def recover(digest: bytes, signature: bytes) -> str:
    """The checksummed address that signed. Raises ValueError for any signature that the contracts would refuse."""
    r, s, v = _parts(signature)
    try:
        public_key = Signature(vrs=(v - 27, r, s)).recover_public_key_from_msg_hash(digest)
    except (BadSignature, ValidationError) as error:
        raise ValueError("signature recovers to no key; sign again") from error
    return str(public_key.to_checksum_address())


def compact_signature(signature: bytes) -> tuple[bytes, bytes]:
    """The same signature as the `r` and `vs` of EIP-2098, 32 bytes each: v - 27 is the highest bit of `vs`, s the rest.

    Raises ValueError for r || s || v that the contracts would refuse by its form.
    """
    r, s, v = _parts(signature)
    return word(r), word((v - 27) << 255 | s)


def _parts(signature: bytes) -> tuple[int, int, int]:
    if len(signature) != 65 or signature[64] not in (27, 28):
        raise ValueError("signature is not r || s || v of 65 bytes with v 27 or 28; sign again")
    r, s, v = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:64], "big"), signature[64]
    if s > _HALF_ORDER:
        raise ValueError("signature has its s in the upper half; expected the lower one; sign again")
    return r, s, v


def _hash_struct(type_hash: bytes, *fields: int | bytes | str) -> bytes:
    return keccak(type_hash + b"".join(map(word, fields)))


def _typed_digest(struct_hash: bytes, *, name: str, chain_id: int, contract: str) -> bytes:
    domain = _hash_struct(_DOMAIN_TYPEHASH, keccak(name.encode()), keccak(DOMAIN_VERSION.encode()), chain_id, contract)
    return keccak(b"\x19\x01" + domain + struct_hash)
