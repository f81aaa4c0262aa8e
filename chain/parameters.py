"""The protocol's constants, as configs/protocol.toml states them: read by the deployment, the tests and the tools."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chain.errors import ChainError

_FULL_BPS = 10_000
_SPLIT = ("owner_bps", "contributors_bps", "stakers_bps", "treasury_bps", "burn_bps")


@dataclass(frozen=True, slots=True)
class GovernorParameters:
    """In the order of OpenGovernor's constructor, after the addresses; `quorum_numerator` in hundredths."""

    voting_delay_seconds: int
    voting_period_seconds: int
    proposal_threshold_wei: int
    quorum_numerator: int
    quorum_floor_wei: int
    late_quorum_extension_seconds: int


@dataclass(frozen=True, slots=True)
class ReviewParameters:
    """In the order of ReviewCourt's constructor, after the addresses."""

    commit_seconds: int
    reveal_seconds: int
    appeal_seconds: int
    appeal_bond_wei: int
    audit_bps: int

    @property
    def longest_seconds(self) -> int:
        """The longest that a review can take, as ReviewCourt counts it: eight rounds and three appeal windows."""
        return 8 * (self.commit_seconds + self.reveal_seconds) + 3 * self.appeal_seconds


@dataclass(frozen=True, slots=True)
class RewardParameters:
    """In the order of RewardDistributor's constructor, after the addresses."""

    epoch_seconds: int
    challenge_window_seconds: int
    resolution_seconds: int
    challenge_bond_wei: int
    root_bond_wei: int


@dataclass(frozen=True, slots=True)
class ProtocolParameters:
    """The constants that the constructors take; `split_bps` in the order of the ABI."""

    supply_wei: int
    minimum_delay_seconds: int
    exit_cooldown_seconds: int
    governor: GovernorParameters
    seat_wei: int
    leave_cooldown_seconds: int
    review: ReviewParameters
    deposit_wei: int
    withdrawal_delay_seconds: int
    split_bps: tuple[int, int, int, int, int]
    rewards: RewardParameters
    demand_bond_wei: int
    answer_seconds: int
    signer_count: int
    signer_threshold: int

    def __post_init__(self) -> None:
        if sum(self.split_bps) != _FULL_BPS:
            raise ValueError(f"payments.split sums to {sum(self.split_bps)}, not {_FULL_BPS}")
        vote = self.governor.voting_delay_seconds + self.governor.voting_period_seconds
        vote += self.governor.late_quorum_extension_seconds
        if self.exit_cooldown_seconds < vote:
            raise ValueError(f"exit_cooldown_seconds is below the {vote} of a vote: voters could leave before its end")
        if self.rewards.resolution_seconds < vote + self.minimum_delay_seconds:
            raise ValueError("resolution_seconds is below a vote and the timelock: no challenge could be decided")
        if self.leave_cooldown_seconds < self.review.longest_seconds:
            raise ValueError("leave_cooldown_seconds is below the longest review: validators could leave unpunished")


def read_parameters(path: Path) -> ProtocolParameters:
    """The parameters of a file like configs/protocol.toml.

    Raises:
        ChainError: the file is missing, or lacks a constant, or contradicts itself.
    """
    try:
        return parameters_from(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ChainError(
            f"{path} gives no protocol constants ({error!r}); compare it with configs/protocol.toml"
        ) from error


def parameters_from(content: Mapping[str, Any]) -> ProtocolParameters:
    """The parameters of a parsed file. Raises KeyError, TypeError or ValueError for one that is not usable."""
    split, oracle = content["payments"]["split"], content["oracle"]
    owner, contributors, stakers, treasury, burn = (int(split[name]) for name in _SPLIT)
    return ProtocolParameters(
        supply_wei=int(content["open_token"]["supply_wei"]),
        minimum_delay_seconds=int(content["timelock"]["minimum_delay_seconds"]),
        exit_cooldown_seconds=int(content["staked_open"]["exit_cooldown_seconds"]),
        governor=GovernorParameters(**_integers(content["governor"])),
        seat_wei=int(content["validators"]["seat_wei"]),
        leave_cooldown_seconds=int(content["validators"]["leave_cooldown_seconds"]),
        review=ReviewParameters(**_integers(content["review"])),
        deposit_wei=int(content["datanet"]["deposit_wei"]),
        withdrawal_delay_seconds=int(content["payments"]["withdrawal_delay_seconds"]),
        split_bps=(owner, contributors, stakers, treasury, burn),
        rewards=RewardParameters(**_integers(content["rewards"])),
        demand_bond_wei=int(content["disputes"]["demand_bond_wei"]),
        answer_seconds=int(content["disputes"]["answer_seconds"]),
        signer_count=int(oracle["signer_count"]),
        signer_threshold=int(oracle["signer_threshold"]),
    )


def _integers(table: Mapping[str, Any]) -> dict[str, int]:
    """Amounts in wei are strings in TOML, whose integers end at 2^63."""
    return {name: int(value) for name, value in table.items()}
