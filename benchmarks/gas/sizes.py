"""How large our contracts are: what is deployed, against the bounds of EIP-170 and of the project."""

from collections.abc import Iterator

from benchmarks.anchors.solidity import ROOT
from benchmarks.gas.bench import Bench, Row, runtime_size, solidity

MAX_RUNTIME_BYTES = 20_000
_ANCHORS = {
    "OpenToken": ("OZ ERC20Permit", "tokens", "OzToken"),
    "StakedOpen": ("OZ ERC20Votes", "tokens", "OzVotes"),
    "OpenGovernor": ("OZ Governor", "governance", "OzGovernor"),
    "Timelock": ("OZ TimelockController", "governance", "TimelockController"),
    "RewardDistributor": ("Merkl-shaped logic", "distributors", "ProxiedDistributor"),
}


def rows(_: Bench) -> Iterator[Row]:
    """Bytes, not gas: one row a deployable."""
    for path in sorted((ROOT / "contracts").glob("*.vy")):
        label, file, name = _ANCHORS.get(path.stem, ("", "", ""))
        anchors = {label: solidity(file)[name].runtime_size} if label else {}
        yield Row(f"{path.stem}, runtime bytes", anchors, runtime_size(path.stem), MAX_RUNTIME_BYTES)
