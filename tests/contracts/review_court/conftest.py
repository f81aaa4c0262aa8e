"""A court over the real pool, registry and token, with twelve validators, and a hand that drives reviews."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import boa
import pytest
from eth_abi import encode
from eth_utils import keccak

OPEN = 10**18
TEXT = 1
COMMIT_SECONDS, REVEAL_SECONDS, APPEAL_SECONDS = 1_000, 2_000, 4_000
# odd amounts, so that every half is rounded
BOND_WEI = 7 * OPEN + 1
FEE_WEI, REWARD_WEI = 3 * 10**17 + 1, OPEN + 3
AUDIT_BPS = 1_000
SEAT_WEI = 1_000 * OPEN
LEAVE_SECONDS = 8 * (COMMIT_SECONDS + REVEAL_SECONDS) + 3 * APPEAL_SECONDS
VALIDATORS, SEATS_EACH = 12, 4
ZERO = "0x" + "00" * 20

Vote = tuple[bool, int, int]
ACCEPT: Vote = (True, 80, 0)
REJECT: Vote = (False, 0, 1)
ABUSE: Vote = (False, 0, 4)
# commits, and does not reveal; None does neither
SILENT = "silent"
Strategy = Callable[[int, str], Any]


@cache
def _block_hash(number: int) -> bytes:
    return bytes(keccak(encode(["string", "uint256"], ["block", number])))


def salt(contribution_id: int, level: int, position: int) -> bytes:
    return bytes(keccak(encode(["uint256"] * 3, [contribution_id, level, position])))


def commitment(validator: str, contribution_id: int, level: int, position: int, vote: Vote) -> bytes:
    """The commitment of `vote_commitment`, computed apart from the contract."""
    types = ["address", "uint256", "uint256", "uint256", "bool", "uint256", "uint256", "bytes32", "bytes32"]
    words = [validator, contribution_id, level, position, *vote, bytes(32), salt(contribution_id, level, position)]
    return bytes(keccak(encode(types, words)))


@dataclass(slots=True)
class Reviews:
    """The contracts, and every step of a review."""

    token: Any
    pool: Any
    registry: Any
    court: Any
    holder: str
    treasury: str
    owner: str
    contributor: str
    validators: list[str]
    datanet_id: int = 1
    # hashes of blocks that a test chose
    hashes: dict[int, bytes] = field(default_factory=dict)

    @property
    def block(self) -> int:
        return int(boa.env.evm.patch.block_number)

    def mine(self, blocks: int = 1, seconds: int = 0) -> None:
        """Blocks have hashes here, as on a chain."""
        patch = boa.env.evm.patch
        patch.block_number += blocks
        patch.timestamp += seconds
        newest = patch.block_number - 1
        numbers = range(newest, newest - 256, -1)
        patch.prev_hashes = [self.hashes.get(number, _block_hash(number)) for number in numbers]

    def give(self, account: str, amount_wei: int, spender: Any) -> None:
        self.token.transfer(account, amount_wei, sender=self.holder)
        self.token.approve(spender, 2**256 - 1, sender=account)

    def create_datanet(self, *, size: int = 3, fee_wei: int = FEE_WEI, reward_wei: int = REWARD_WEI) -> int:
        limits = (2**27, 2**33, 62, 2**20)
        terms = (size, fee_wei, reward_wei)
        return int(self.registry.create_datanet(TEXT, 1, terms, limits, bytes(32), sender=self.owner))

    def fund(self, amount_wei: int, datanet_id: int = 1) -> None:
        self.give(self.holder, 0, self.court)
        self.court.fund(datanet_id, amount_wei, sender=self.holder)

    def canonical_hash(self, contribution_id: int) -> bytes:
        return bytes(keccak(encode(["string", "uint256"], ["content", contribution_id])))

    def contribute(self, contributor: str | None = None, datanet_id: int = 1) -> int:
        """One contribution, revealed, with its deposit."""
        account = contributor or self.contributor
        contribution_id = int(self.registry.contribution_count()) + 1
        canonical_hash = self.canonical_hash(contribution_id)
        digest = bytes(keccak(canonical_hash))
        committed = self.registry.commitment_of(account, datanet_id, digest, canonical_hash, bytes(32))
        self.registry.commit(committed, sender=account)
        self.mine()
        self.give(account, OPEN, self.registry)
        self.registry.add_deposits(datanet_id, 1, sender=account)
        content = (digest, canonical_hash, 100, 0, bytes(32))
        self.registry.reveal(contribution_id, datanet_id, *content, sender=account)
        return contribution_id

    def withdraw(self, contribution_id: int) -> None:
        canonical_hash = self.canonical_hash(contribution_id)
        self.registry.withdraw_contribution(contribution_id, canonical_hash, sender=self.contributor)

    def reserve_wei(self, level: int, datanet_id: int = 1) -> int:
        size, fee_wei, reward_wei = self.registry.datanet(datanet_id).terms
        return int([size, min(3 * size, 41), 41][level] * (fee_wei + reward_wei))

    def open(self, *contribution_ids: int) -> None:
        self.court.open_rounds(list(contribution_ids))

    def draw(self, *contribution_ids: int) -> None:
        self.mine(2)
        self.court.draw_committees(list(contribution_ids))

    def start(self, *contribution_ids: int) -> None:
        self.open(*contribution_ids)
        self.draw(*contribution_ids)

    def committee(self, contribution_id: int) -> list[str]:
        """The validators of the committee at work, by position."""
        return list(self.court.committee(contribution_id, self.court.round(contribution_id).level)[1])

    def _by_validator(self, contribution_id: int, strategy: Strategy) -> dict[str, list[tuple[int, Any]]]:
        found: dict[str, list[tuple[int, Any]]] = {}
        for position, validator in enumerate(self.committee(contribution_id)):
            vote = strategy(position, validator)
            if validator != ZERO and vote is not None:
                found.setdefault(validator, []).append((position, vote))
        return found

    def commit(self, contribution_id: int, strategy: Strategy) -> None:
        level = self.court.round(contribution_id).level
        for validator, votes in self._by_validator(contribution_id, strategy).items():
            entries = [
                (contribution_id, position, commitment(validator, contribution_id, level, position, vote))
                for position, vote in ((position, ACCEPT if vote == SILENT else vote) for position, vote in votes)
            ]
            self.court.commit_votes(entries, sender=validator)

    def reveal_entry(self, contribution_id: int, position: int, vote: Vote) -> tuple[Any, ...]:
        level = self.court.round(contribution_id).level
        return (contribution_id, position, *vote, bytes(32), salt(contribution_id, level, position))

    def reveal(self, contribution_id: int, strategy: Strategy) -> None:
        for validator, votes in self._by_validator(contribution_id, strategy).items():
            shown = [(position, vote) for position, vote in votes if vote != SILENT]
            entries = [self.reveal_entry(contribution_id, position, vote) for position, vote in shown]
            if entries:
                self.court.reveal_votes(entries, sender=validator)

    def vote(self, contribution_id: int, strategy: Strategy | Vote | None) -> None:
        """A whole committee commits and reveals; phases that somebody does not finish end by time."""
        chosen = strategy if callable(strategy) else lambda position, validator: strategy
        self.commit(contribution_id, chosen)
        self.pass_phase(self.court.round(contribution_id).commit_ends_at)
        self.reveal(contribution_id, chosen)
        round = self.court.round(contribution_id)
        if round.revealed < round.committed:
            self.pass_phase(round.reveal_ends_at)

    def pass_phase(self, ends_at: int) -> None:
        self.mine(seconds=max(0, ends_at - boa.env.timestamp))

    def decide(self, contribution_id: int, strategy: Strategy | Vote | None) -> None:
        """Votes and tally."""
        self.vote(contribution_id, strategy)
        self.court.tally([contribution_id])

    def choose_audit(self, contribution_id: int, is_audited: bool) -> None:
        """Gives the audit block a hash that decides so."""
        round = self.court.round(contribution_id)
        number, level = round.draw_block, round.level
        for nonce in range(10_000):
            hash_ = _block_hash(10**9 + nonce)
            seed = keccak(encode(["bytes32", "uint256", "uint256"], [hash_, contribution_id, level]))
            if (int.from_bytes(seed) % 10_000 < AUDIT_BPS) == is_audited:
                self.hashes[number] = hash_
                return

    def audit(self, contribution_id: int, is_audited: bool = False) -> None:
        self.choose_audit(contribution_id, is_audited)
        self.mine(2)
        self.court.audit([contribution_id])

    def settle(self, *contribution_ids: int) -> None:
        self.mine(seconds=APPEAL_SECONDS)
        hashes = [self.canonical_hash(contribution_id) for contribution_id in contribution_ids]
        self.court.settle(list(contribution_ids), hashes)

    def appeal(self, contribution_id: int, appellant: str) -> int:
        """Appeals, with new OPEN; what it took."""
        bond_wei, fees_wei = self.court.appeal_cost(contribution_id)
        self.give(appellant, bond_wei + fees_wei, self.court)
        self.court.appeal(contribution_id, bytes(32), sender=appellant)
        return int(bond_wei + fees_wei)

    def review(self, contribution_id: int, strategy: Strategy | Vote | None) -> None:
        """A whole first level, not audited, settled."""
        self.start(contribution_id)
        self.decide(contribution_id, strategy)
        self.audit(contribution_id)
        self.settle(contribution_id)


def deploy(
    factory: Callable[[str], Any],
    actor: Callable[[str], str],
    *,
    validators: int = VALIDATORS,
    seats: int = SEATS_EACH,
    token: Any = None,
) -> Reviews:
    holder, treasury, owner, contributor = map(actor, ("holder", "treasury", "owner", "contributor"))
    token = token or factory("OpenToken").deploy(holder)
    pool = factory("ValidatorPool").deploy(token, SEAT_WEI, LEAVE_SECONDS, owner)
    registry = factory("DatanetRegistry").deploy(token, treasury, OPEN, owner)
    times = (COMMIT_SECONDS, REVEAL_SECONDS, APPEAL_SECONDS)
    court = factory("ReviewCourt").deploy(token, registry, pool, treasury, *times, BOND_WEI, AUDIT_BPS)
    pool.set_court(court, sender=owner)
    registry.set_court(court, sender=owner)
    accounts = [actor(f"validator_{number}") for number in range(validators)]
    reviews = Reviews(token, pool, registry, court, holder, treasury, owner, contributor, accounts)
    # far enough from the first block for 256 hashes
    reviews.mine(1_000)
    for account in accounts:
        reviews.give(account, 100_000 * OPEN, pool)
        pool.join(TEXT, seats, sender=account)
    reviews.create_datanet()
    reviews.fund(10_000 * OPEN)
    return reviews


@pytest.fixture(scope="module")
def deployed(factory: Callable[[str], Any], actor: Callable[[str], str]) -> Reviews:
    """Deployed once a module; every test starts from here."""
    return deploy(factory, actor)


@pytest.fixture(scope="module")
def deploy_reviews(factory: Callable[[str], Any], actor: Callable[[str], str]) -> Callable[..., Reviews]:
    """`deploy_reviews(validators=, seats=, token=)`: another court and pool."""
    return lambda **changes: deploy(factory, actor, **changes)


@pytest.fixture
def reviews(deployed: Reviews) -> Iterator[Reviews]:
    deployed.mine()
    yield deployed
    deployed.hashes.clear()


@pytest.fixture
def appellant(actor: Callable[[str], str]) -> str:
    return actor("appellant")


@pytest.fixture
def votes() -> dict[str, Any]:
    """The votes that tests cast, by name."""
    return {"accept": ACCEPT, "reject": REJECT, "abuse": ABUSE, "silent": SILENT}
