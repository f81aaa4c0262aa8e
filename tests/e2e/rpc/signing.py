"""EIP-712 signatures of docs/formats.md: permits, vouchers, reward roots."""

from typing import Any

from eth_account.signers.local import LocalAccount
from eth_utils.address import to_checksum_address

from tests.e2e.rpc.contract import Contract

PERMIT = "address owner,address spender,uint256 value,uint256 nonce,uint256 deadline"
VOUCHER = "address payer,address operator,uint256 adapterId,uint256 cumulativeWei,uint256 expiry"
REWARD_ROOT = (
    "uint256 rewardEpoch,uint256 attempt,bytes32 previousRoot,bytes32 root,uint256 totalWei,uint256 leafCount,"
    "bytes32 evidenceDigest,bytes32 evidenceChunkRoot,uint256 evidenceChunkCount,bytes32 attributionRoot"
)


def sign(account: LocalAccount, contract: Contract, struct: str, fields: str, values: tuple[Any, ...]) -> bytes:
    """r || s || v over a struct, in the domain that the contract tells by EIP-5267."""
    _, name, version, chain_id, verifying_contract, _, _ = contract.read("eip712Domain")
    domain = {
        "name": name,
        "version": version,
        "chainId": chain_id,
        "verifyingContract": to_checksum_address(verifying_contract),
    }
    types = [dict(zip(("type", "name"), field.split(), strict=True)) for field in fields.split(",")]
    message = {item["name"]: value for item, value in zip(types, values, strict=True)}
    return bytes(account.sign_typed_data(domain, {struct: types}, message).signature)


def parts(signature: bytes) -> tuple[int, bytes, bytes]:
    """v, r, s."""
    return signature[64], signature[:32], signature[32:64]


def compact(signature: bytes) -> tuple[bytes, bytes]:
    """r and vs of EIP-2098: the highest bit of vs says which of the two v it is."""
    v, r, s = parts(signature)
    return r, (int.from_bytes(s, "big") | (v - 27) << 255).to_bytes(32, "big")
