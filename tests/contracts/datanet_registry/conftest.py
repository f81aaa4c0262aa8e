"""A Datanet for text with three validators and a quorum of two, and a way to contribute to it."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import boa
import pytest
from eth_abi import encode
from eth_utils import keccak

TEXT, IMAGE, AUDIO = 1, 2, 4
RAW, DAG_PB = 0x55, 0x70
MARKDOWN, PLAIN_TEXT = 0, 1
DAY = 86_400


@dataclass(frozen=True, slots=True)
class Entry:
    """What a contributor commits to and reveals."""

    digest: bytes
    canonical_hash: bytes
    datanet_id: int = 1
    codec: int = RAW
    byte_count: int = 100
    format: int = MARKDOWN
    salt: bytes = b"\x05" * 32

    def commitment(self, contributor: str) -> bytes:
        """The commitment of docs/formats.md, computed apart from the contract."""
        types = ["address", "uint256", "bytes32", "bytes32", "bytes32"]
        fields = [contributor, self.datanet_id, self.digest, self.canonical_hash, self.salt]
        return bytes(keccak(encode(types, fields)))

    def arguments(self) -> tuple[Any, ...]:
        """The arguments of `reveal`."""
        content = (self.digest, self.codec, self.canonical_hash, self.byte_count)
        return (self.datanet_id, *content, self.format, self.salt)


@pytest.fixture(scope="session")
def entry() -> Callable[..., Entry]:
    """`entry(name, **changes)`: an entry with its own digests."""

    def make(name: object = "entry", **changes: Any) -> Entry:
        digest = hashlib.sha256(f"file {name}".encode()).digest()
        canonical_hash = hashlib.sha256(f"text {name}".encode()).digest()
        return replace(Entry(digest, canonical_hash), **changes)

    return make


@pytest.fixture
def registry(factory: Callable[[str], Any]) -> Any:
    return factory("DatanetRegistry").deploy()


@pytest.fixture
def datanet_owner(actor: Callable[[str], str]) -> str:
    return actor("datanet_owner")


@pytest.fixture
def validators(actor: Callable[[str], str]) -> list[str]:
    return [actor(f"validator_{number}") for number in range(3)]


@pytest.fixture
def contributor(actor: Callable[[str], str]) -> str:
    return actor("contributor")


@pytest.fixture
def second_contributor(actor: Callable[[str], str]) -> str:
    return actor("second_contributor")


@pytest.fixture
def limits(protocol: dict[str, Any]) -> tuple[int, int, int, int]:
    """The default limits, in the order of the ABI."""
    defaults = protocol["datanet"]
    names = ["contributor_bytes_per_day", "datanet_bytes_per_day", "contributor_files_per_day", "file_bytes"]
    return tuple(defaults[name] for name in names)


@pytest.fixture
def create(registry: Any, datanet_owner: str, limits: tuple[int, ...]) -> Callable[..., int]:
    """`create(**changes)`: a Datanet of `datanet_owner`; returns its id."""

    def make(**changes: Any) -> int:
        arguments = {"modality": TEXT, "formats": 0b11, "quorum": 2, "limits": limits, "metadata": b"\x09" * 32}
        with boa.env.prank(datanet_owner):
            return int(registry.create_datanet(*(arguments | changes).values()))

    return make


@pytest.fixture
def datanet_id(registry: Any, create: Callable[..., int], datanet_owner: str, validators: list[str]) -> int:
    created = create()
    with boa.env.prank(datanet_owner):
        for validator in validators:
            registry.set_validator(created, validator, True)
    return created


@pytest.fixture
def contribute(registry: Any) -> Callable[[str, Entry], int]:
    """Commits, waits one block, reveals; returns the contribution's id."""

    def run(account: str, revealed: Entry) -> int:
        with boa.env.prank(account):
            registry.commit(revealed.commitment(account))
            boa.env.time_travel(blocks=1, block_delta=0)
            return int(registry.reveal(*revealed.arguments()))

    return run


@pytest.fixture
def accept(registry: Any, validators: list[str]) -> Callable[..., None]:
    """A quorum accepts a contribution with a score."""

    def run(contribution_id: int, score: int = 80) -> None:
        for validator in validators[:2]:
            with boa.env.prank(validator):
                registry.review(contribution_id, True, score, 0, bytes(32))

    return run


@pytest.fixture
def reject(registry: Any, validators: list[str]) -> Callable[[int], None]:
    """A quorum rejects a contribution as off topic."""

    def run(contribution_id: int) -> None:
        for validator in validators[:2]:
            with boa.env.prank(validator):
                registry.review(contribution_id, False, 0, 3, bytes(32))

    return run
