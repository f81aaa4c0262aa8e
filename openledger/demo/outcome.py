"""What the demo found, as plain values: the tables, report.html and the kept figures are made from this alone."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Contributor:
    """One account's work and pay; `influence_ppm` is its fee-weighted share of all answers, `paid_wei` of the epoch."""

    name: str
    role: str
    account: str
    handed_in: int
    accepted: int
    rejected: int
    refused: int
    influence_ppm: int
    paid_wei: int
    claimed_wei: int


@dataclass(frozen=True, slots=True)
class Credit:
    """The signed share of one contribution in one answer."""

    contribution_id: int
    contributor: str
    share_ppm: int


@dataclass(frozen=True, slots=True)
class Answer:
    """One paid answer; `credits` holds every contribution with a share, largest first.

    `taught` is the response of the example that the question was drawn from.
    """

    prompt: str
    answer: str
    topic: str | None
    taught: str | None
    fee_wei: int
    is_public: bool
    credits: tuple[Credit, ...]

    @property
    def top(self) -> tuple[Credit, ...]:
        """The three contributions that shaped it most."""
        return tuple(credit for credit in self.credits if credit.share_ppm > 0)[:3]

    @property
    def unattributed_ppm(self) -> int:
        return 1_000_000 - sum(max(0, credit.share_ppm) for credit in self.credits)


@dataclass(frozen=True, slots=True)
class BalanceSheet:
    """Where the fees of a reward epoch went, in wei; `remainder_wei` is what nobody is credited with."""

    fees_wei: int
    owner_wei: int
    contributors_wei: int
    remainder_wei: int
    stakers_wei: int
    treasury_wei: int
    burned_wei: int

    @property
    def difference_wei(self) -> int:
        """Zero when the books balance."""
        return self.fees_wei - (
            self.owner_wei
            + self.contributors_wei
            + self.remainder_wei
            + self.stakers_wei
            + self.treasury_wei
            + self.burned_wei
        )


@dataclass(frozen=True, slots=True)
class HitRate:
    """How often the contributor of a question's topic was first, or in the first three; for chance the mean."""

    method: str
    first: float
    first_three: float
    questions: int


@dataclass(frozen=True, slots=True)
class SpreadLine:
    """What one contributor gets of the pool: from the served adapter first, then from its sisters of other seeds."""

    name: str
    by_seed_wei: tuple[int, ...]
    deviation_wei: int

    @property
    def mean_wei(self) -> int:
        return sum(self.by_seed_wei) // len(self.by_seed_wei)


@dataclass(frozen=True, slots=True)
class Spread:
    """How far the credit depends on the seed of training; the last line is what nobody gets."""

    seeds: int
    lines: tuple[SpreadLine, ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A file that the rules turned away, and where it is now."""

    contributor: str
    file_name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Reviewed:
    """One contribution's way through its committees, in words, and what came out."""

    contribution_id: int
    contributor: str
    votes: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Validator:
    """What one validator did and was paid; `lost_wei` are the penalties."""

    name: str
    votes: int
    earned_wei: int
    lost_wei: int


@dataclass(frozen=True, slots=True)
class Attack:
    """The false root: what it asked for, what the audit said, what became of it."""

    reward_epoch: int
    accrued_wei: int
    false_total_wei: int
    finding: str
    voided_root: str
    status_after: str
    overdraft_refusal: str
    contract_balance_wei: int


@dataclass(frozen=True, slots=True)
class StageCost:
    """What one stage took, its child processes included."""

    name: str
    wall_seconds: float
    cpu_seconds: float
    peak_rss_mib: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """Everything that the demo shows at its end."""

    base_model: str
    examples: int
    loss_before: float
    loss_after: float
    adapter_digest: str
    evidence_cid: str
    reward_root: str
    audit: str
    contributors: tuple[Contributor, ...]
    refusals: tuple[Refusal, ...]
    reviews: tuple[Reviewed, ...]
    validators: tuple[Validator, ...]
    answers: tuple[Answer, ...]
    balance: BalanceSheet
    hit_rates: tuple[HitRate, ...]
    method: str
    spread: Spread
    attack: Attack
    stages: tuple[StageCost, ...]
    versions: dict[str, str]

    def as_json(self) -> dict[str, Any]:
        """The same as JSON values; wei as decimal strings."""
        found: dict[str, Any] = _strings_for_wei(asdict(self))
        return found


def _strings_for_wei(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _strings_for_wei(item, name) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_strings_for_wei(item, key) for item in value]
    return str(value) if key.endswith("_wei") else value
