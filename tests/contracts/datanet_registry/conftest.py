"""A Datanet for text, contributors with OPEN, a court that is an account, and a way to contribute."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import boa
import pytest
from eth_abi import encode
from eth_utils import keccak

TEXT, IMAGE, AUDIO = 1, 2, 4
MARKDOWN, PLAIN_TEXT = 0, 1
OPEN = 10**18
# odd, so that its half is rounded
DEPOSIT_WEI = OPEN + 1


@dataclass(frozen=True, slots=True)
class Entry:
    """What a contributor commits to and reveals."""

    digest: bytes
    canonical_hash: bytes
    datanet_id: int = 1
    byte_count: int = 100
    format: int = MARKDOWN
    salt: bytes = b"\x05" * 32

    def commitment(self, contributor: str) -> bytes:
        """The commitment of docs/formats.md, computed apart from the contract."""
        types = ["address", "uint256", "bytes32", "bytes32", "bytes32"]
        fields = [contributor, self.datanet_id, self.digest, self.canonical_hash, self.salt]
        return bytes(keccak(encode(types, fields)))

    def arguments(self, contribution_id: int) -> tuple[Any, ...]:
        """The arguments of `reveal`."""
        content = (self.digest, self.canonical_hash, self.byte_count, self.format)
        return (contribution_id, self.datanet_id, *content, self.salt)


@pytest.fixture(scope="session")
def entry() -> Callable[..., Entry]:
    """`entry(name, **changes)`: an entry with its own digests."""

    def make(name: object = "entry", **changes: Any) -> Entry:
        digest = hashlib.sha256(f"file {name}".encode()).digest()
        canonical_hash = hashlib.sha256(f"text {name}".encode()).digest()
        return replace(Entry(digest, canonical_hash), **changes)

    return make


@pytest.fixture
def registry_owner(actor: Callable[[str], str]) -> str:
    return actor("registry_owner")


@pytest.fixture
def treasury(actor: Callable[[str], str]) -> str:
    return actor("treasury")


@pytest.fixture
def court(actor: Callable[[str], str]) -> str:
    return actor("court")


@pytest.fixture
def registry(factory: Callable[[str], Any], open_token: Any, treasury: str, registry_owner: str, court: str) -> Any:
    deployed = factory("DatanetRegistry").deploy(open_token, treasury, DEPOSIT_WEI, registry_owner)
    with boa.env.prank(registry_owner):
        deployed.set_court(court)
    return deployed


@pytest.fixture
def datanet_owner(actor: Callable[[str], str]) -> str:
    return actor("datanet_owner")


@pytest.fixture
def contributor(actor: Callable[[str], str]) -> str:
    return actor("contributor")


@pytest.fixture
def second_contributor(actor: Callable[[str], str]) -> str:
    return actor("second_contributor")


@pytest.fixture
def limits(protocol: dict[str, Any]) -> tuple[int, int, int, int]:
    """The default limits, in the order of the ABI."""
    names = ["contributor_bytes_per_day", "datanet_bytes_per_day", "contributor_files_per_day", "file_bytes"]
    return tuple(protocol["datanet"]["limits"][name] for name in names)


@pytest.fixture
def terms(protocol: dict[str, Any]) -> tuple[int, int, int]:
    """The default terms of review, in the order of the ABI."""
    names = ["committee_size", "review_fee_wei", "review_reward_wei"]
    return tuple(int(protocol["datanet"]["terms"][name]) for name in names)


@pytest.fixture
def create(registry: Any, datanet_owner: str, limits: tuple[int, ...], terms: tuple[int, ...]) -> Callable[..., int]:
    """`create(**changes)`: a Datanet of `datanet_owner`; returns its id."""

    def make(**changes: Any) -> int:
        arguments = {"modality": TEXT, "formats": 0b11, "terms": terms, "limits": limits, "metadata": b"\x09" * 32}
        with boa.env.prank(datanet_owner):
            return int(registry.create_datanet(*(arguments | changes).values()))

    return make


@pytest.fixture
def datanet_id(create: Callable[..., int]) -> int:
    return create()


@pytest.fixture
def fund(registry: Any, open_token: Any, open_holder: str) -> Callable[..., None]:
    """Gives an account OPEN, which it approves for the registry."""

    def run(account: str, amount_wei: int = 10**6 * OPEN) -> None:
        with boa.env.prank(open_holder):
            open_token.transfer(account, amount_wei)
        with boa.env.prank(account):
            open_token.approve(registry, 2**256 - 1)

    return run


@pytest.fixture
def add_deposits(registry: Any, fund: Callable[..., None]) -> Callable[[str, int, int], None]:
    """Pays deposits of an account into a Datanet, with new OPEN."""

    def run(account: str, datanet_id: int, count: int = 1) -> None:
        fund(account, count * DEPOSIT_WEI)
        with boa.env.prank(account):
            registry.add_deposits(datanet_id, count)

    return run


@pytest.fixture
def commit(registry: Any) -> Callable[[str, Entry], int]:
    """Commits to an entry, and waits one block; returns the id."""

    def run(account: str, committed: Entry) -> int:
        with boa.env.prank(account):
            contribution_id = int(registry.commit(committed.commitment(account)))
        boa.env.time_travel(blocks=1, block_delta=0)
        return contribution_id

    return run


@pytest.fixture
def contribute(registry: Any, commit: Callable[[str, Entry], int], add_deposits: Any) -> Callable[[str, Entry], int]:
    """Pays a deposit where none is free, commits, waits one block, reveals; returns the contribution's id."""

    def run(account: str, revealed: Entry) -> int:
        datanet_id = revealed.datanet_id
        if 0 < datanet_id <= registry.datanet_count() and registry.free_deposits(datanet_id, account) == 0:
            add_deposits(account, datanet_id)
        contribution_id = commit(account, revealed)
        with boa.env.prank(account):
            registry.reveal(*revealed.arguments(contribution_id))
        return contribution_id

    return run


@pytest.fixture
def begin_review(registry: Any, court: str) -> Callable[[int], None]:
    """The court begins to review a contribution."""

    def run(contribution_id: int) -> None:
        with boa.env.prank(court):
            registry.begin_review(contribution_id)

    return run


@pytest.fixture
def accept(registry: Any, court: str, entry: Callable[..., Entry]) -> Callable[..., None]:
    """The court accepts a contribution of `entry(name)` with a score."""

    def run(contribution_id: int, score: int = 80, name: object = "entry") -> None:
        with boa.env.prank(court):
            registry.resolve(contribution_id, entry(name).canonical_hash, True, score, False)

    return run


@pytest.fixture
def reject(registry: Any, court: str, entry: Callable[..., Entry]) -> Callable[..., None]:
    """The court rejects a contribution of `entry(name)`, as abuse or not."""

    def run(contribution_id: int, name: object = "entry", is_abusive: bool = False) -> None:
        with boa.env.prank(court):
            registry.resolve(contribution_id, entry(name).canonical_hash, False, 0, is_abusive)

    return run


@pytest.fixture
def withdraw(registry: Any, entry: Callable[..., Entry]) -> Callable[..., None]:
    """An account withdraws a contribution of `entry(name)`."""

    def run(account: str, contribution_id: int, name: object = "entry") -> None:
        with boa.env.prank(account):
            registry.withdraw_contribution(contribution_id, entry(name).canonical_hash)

    return run
