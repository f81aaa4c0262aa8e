"""Writes the golden vectors beside this file: `python -m tests.vectors.generate`.

The files are what Python, Vyper and JavaScript are all tested against. They change only with docs/formats.md.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from eth_keys.datatypes import PrivateKey
from eth_utils.address import to_checksum_address

from chain import merkle
from chain.typed_data import RewardRoot, Voucher, root_digest, sign_digest, voucher_digest

FOLDER = Path(__file__).parent
CHAIN_ID = 31_337
DISTRIBUTOR = to_checksum_address(merkle.keccak(b"distributor")[:20])
PAYMENTS = to_checksum_address(merkle.keccak(b"payments")[:20])
# for tests only: everybody knows it
TEST_KEY = merkle.keccak(b"openledger test vector key")
LEAF_COUNTS = (1, 2, 3, 5, 8, 1_000)
RECEIPT_COUNTS = (1, 2, 3, 5)


def _hex(value: bytes) -> str:
    return "0x" + value.hex()


def _account(number: int) -> str:
    return to_checksum_address(merkle.keccak(b"account %d" % number)[:20])


def _amount(number: int) -> int:
    return int.from_bytes(merkle.keccak(b"amount %d" % number)[:10], "big")


def _reward_tree(leaf_count: int) -> dict[str, Any]:
    rewards = {_account(number): _amount(number) for number in range(leaf_count)}
    tree = merkle.reward_tree(chain_id=CHAIN_ID, distributor=DISTRIBUTOR, rewards=rewards)
    proven = tree.accounts if leaf_count <= 8 else [tree.accounts[n] for n in (0, 1, 499, 511, 512, 998, 999)]
    return {
        "rewards": [{"account": account, "cumulative_wei": str(amount)} for account, amount in rewards.items()],
        "root": _hex(tree.root),
        "total_wei": str(tree.total_wei),
        "leaf_count": tree.leaf_count,
        "proofs": [_reward_proof(tree, account) for account in proven],
    }


def _reward_proof(tree: merkle.RewardTree, account: str) -> dict[str, Any]:
    index, amount, proof = tree.proof_of(account)
    return {"account": account, "cumulative_wei": str(amount), "index": index, "proof": list(map(_hex, proof))}


def _shares(receipt: int) -> list[tuple[int, int]]:
    """(contribution id, share ppm) of one receipt: receipt 0 has none, others as many as their number."""
    return [(7 * n + receipt, (-1) ** n * (500_000 >> n)) for n in range(receipt)]


def _receipt(number: int) -> dict[str, Any]:
    shares = _shares(number)
    tree = merkle.IndexedTree([merkle.share_leaf(contribution_id=i, share_ppm=ppm) for i, ppm in shares])
    fields: dict[str, Any] = {
        "receipt_id": merkle.keccak(b"receipt %d" % number),
        "adapter_digest": merkle.keccak(b"adapter"),
        "answer_hash": merkle.keccak(b"answer %d" % number),
        "fee_wei": _amount(number),
        "shares_root": tree.root,
    }
    leaf = merkle.receipt_leaf(chain_id=CHAIN_ID, distributor=DISTRIBUTOR, **fields)
    listed = [
        {"contribution_id": i, "share_ppm": ppm, "proof": list(map(_hex, tree.proof(n)))}
        for n, (i, ppm) in enumerate(shares)
    ]
    wire = {name: str(value) if isinstance(value, int) else _hex(value) for name, value in fields.items()}
    return {**wire, "leaf": _hex(leaf), "shares": listed}


def _attribution_tree(receipt_count: int) -> dict[str, Any]:
    receipts = [_receipt(number) for number in range(receipt_count)]
    tree = merkle.IndexedTree([bytes.fromhex(receipt["leaf"][2:]) for receipt in receipts])
    proofs = [{"proof": list(map(_hex, tree.proof(n)))} for n in range(receipt_count)]
    return {"root": _hex(tree.root), "receipts": [a | b for a, b in zip(receipts, proofs, strict=True)]}


def _signed(message: Any, digest: bytes) -> dict[str, Any]:
    wire = {name: _hex(value) if isinstance(value, bytes) else str(value) for name, value in asdict(message).items()}
    return {"message": wire, "digest": _hex(digest), "signature": _hex(sign_digest(digest, TEST_KEY))}


def _typed_data() -> dict[str, Any]:
    signer = PrivateKey(TEST_KEY).public_key.to_checksum_address()
    vouchers = [Voucher(signer, _account(n), n + 1, _amount(n), 2**31 + n) for n in range(3)]
    words = [merkle.keccak(b"word %d" % n) for n in range(5)]
    # previous root, root; evidence digest, evidence chunk root; attribution root
    roots = [
        RewardRoot(n + 1, n % 2, words[3], words[0], _amount(n), n + 1, words[1], words[4], 7 * n + 1, words[2])
        for n in range(3)
    ]
    return {
        "chain_id": CHAIN_ID,
        "payments": PAYMENTS,
        "distributor": DISTRIBUTOR,
        "private_key": _hex(TEST_KEY),
        "signer": signer,
        "vouchers": [_signed(v, voucher_digest(v, chain_id=CHAIN_ID, contract=PAYMENTS)) for v in vouchers],
        "reward_roots": [_signed(r, root_digest(r, chain_id=CHAIN_ID, contract=DISTRIBUTOR)) for r in roots],
    }


def _write(name: str, document: dict[str, Any]) -> None:
    (FOLDER / name).write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    place = {"chain_id": CHAIN_ID, "distributor": DISTRIBUTOR}
    _write("reward_trees.json", {**place, "trees": [_reward_tree(count) for count in LEAF_COUNTS]})
    _write("attribution_trees.json", {**place, "trees": [_attribution_tree(count) for count in RECEIPT_COUNTS]})
    _write("typed_data.json", _typed_data())


if __name__ == "__main__":
    main()
