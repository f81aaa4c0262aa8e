"""ABIs from the build, and where the contracts of a chain are."""

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from eth_utils.address import to_checksum_address

from chain.artifacts import CONTRACTS_FOLDER, artifact_path, ensure
from chain.errors import ArtifactMissing, DeploymentMissing

# Every contract of the protocol, in the order in which they are deployed.
CONTRACT_NAMES = (
    "Timelock",
    "OpenToken",
    "StakedOpen",
    "OpenGovernor",
    "ValidatorPool",
    "DatanetRegistry",
    "ReviewCourt",
    "ModelRegistry",
    "RewardDistributor",
    "RootDisputes",
    "InferencePayments",
)


@dataclass(frozen=True, slots=True)
class ContractRecord:
    """Where a contract is, and the transaction that put it there."""

    address: str
    block_number: int
    transaction_hash: str


@dataclass(frozen=True, slots=True)
class Deployment:
    """The protocol on one chain; `block_number` is the first block that can hold one of its events."""

    chain_id: int
    block_number: int
    commit: str
    contracts: Mapping[str, ContractRecord]

    def address(self, name: str) -> str:
        """The checksummed address of a contract.

        Raises:
            DeploymentMissing: this deployment has no such contract.
        """
        if name not in self.contracts:
            known = ", ".join(sorted(self.contracts)) or "none"
            raise DeploymentMissing(
                f"no {name} in the deployment on chain {self.chain_id}; it has {known}; check the name"
            )
        return self.contracts[name].address


def abi(name: str, root: Path) -> list[dict[str, Any]]:
    """The ABI of the contract `name`, built first when its artifact is missing or stale.

    Raises:
        ArtifactMissing: there is no such contract.
    """
    entries: list[dict[str, Any]] = _artifact(name, root)["abi"]
    return entries


def bytecode(name: str, root: Path) -> bytes:
    """The code that deploys the contract `name`, without constructor arguments; built first when stale."""
    return bytes.fromhex(_artifact(name, root)["bytecode"])


def deployment_path(chain_id: int, root: Path) -> Path:
    """Where the deployment on a chain is kept."""
    return root / "deployments" / f"{chain_id}.json"


def load_deployment(path: Path) -> Deployment:
    """Read a deployment file.

    Raises:
        DeploymentMissing: it is not there, or is not one.
    """
    advice = "deploy first (`brownie run deploy`) or name another file"
    try:
        content = json.loads(path.read_bytes())
        return Deployment(
            chain_id=int(content["chain_id"]),
            block_number=int(content["block_number"]),
            commit=str(content["commit"]),
            contracts={name: _record(entry) for name, entry in content["contracts"].items()},
        )
    except FileNotFoundError as error:
        raise DeploymentMissing(f"no deployment at {path}; {advice}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DeploymentMissing(f"{path} is no deployment file ({error!r}); {advice}") from error


def save_deployment(deployment: Deployment, path: Path) -> None:
    """Write a deployment file; a reader sees the old one or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    with os.fdopen(handle, "w") as stream:
        json.dump(asdict(deployment), stream, indent=2)
        stream.write("\n")
    os.chmod(temporary, 0o644)  # mkstemp's files are private, and this one is read by every service
    os.replace(temporary, path)


def _artifact(name: str, root: Path) -> dict[str, Any]:
    if name not in CONTRACT_NAMES:
        known = ", ".join(CONTRACT_NAMES)
        raise ArtifactMissing(f"no contract {name!r}; expected one of {known}; check the name")
    ensure(root / CONTRACTS_FOLDER / f"{name}.vy", root)
    content: dict[str, Any] = json.loads(artifact_path(name, root).read_bytes())
    return content


def _record(entry: Mapping[str, Any]) -> ContractRecord:
    return ContractRecord(
        address=to_checksum_address(entry["address"]),
        block_number=int(entry["block_number"]),
        transaction_hash=str(entry["transaction_hash"]),
    )
