"""The payout rules R0, R1, R2, R3, R5 in exact integers: scores of answers in, wei of accounts out.

Notation: answer q with pool P_q, contribution i with score s_qi, share h_qi in ppm, weight W_i in wei·ppm.

    P_q  = contributors_r · fee_q // amount_r, for q in redemption r                              (R0)
    h_qi = s_qi / max(Σ_j |s_qj|, floor), in ppm, signed, |h| rounded by largest remainder       (R3)
    W_i  = Σ_q P_q · h_qi                                                                        (R3)
    p_i  = max(0, W_i) // 1_000_000                                                              (R3)
    reward of an account = Σ p_i over the contributions that it owns                             (R1)

R0, the budget holds: contributors_r is what the payments contract accrued for redemption r, amount_r its whole
    amount and the sum of its fees, so Σ_q∈r P_q ≤ contributors_r. Σ_i |h_qi| ≤ 10⁶ for each q, so
    Σ_i max(0, W_i) ≤ Σ_q P_q · 10⁶ and Σ_i p_i ≤ Σ_q P_q ≤ what was accrued. What is left is never shared out again:
    it goes to the treasury.
R1, by content: p_i is floored before it is summed by account and does not depend on who owns i. Splitting or
    merging accounts changes no sum.
R2, wash inference loses: a coalition that pays fees F adds Σ_i |ΔW_i| ≤ Σ_q∈own P_q · 10⁶ to the weights. max(0, ·)
    moves by no more than its argument and each floor by less than one wei more, so the coalition's n contributions
    gain at most P_own + n wei, where P_own ≤ c·F and c < 1 is the contributors' part of a fee.
R3, no renormalising: clipping happens once an epoch and the rest is not scaled up. Scaling up would let a
    coalition's own answers divide other people's money, and would turn noise in the scores into its income.
R5, duplicates: the scores of a duplicate are zero (`attribution_oracle.influence.novelty`), and a zero score
    gets a zero share here and changes no other share.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

PPM = 1_000_000


@dataclass(frozen=True, slots=True)
class Answer:
    """What one paid answer hands out: its part of the fee and the signed shares (ppm) of contributions."""

    pool_wei: int
    shares: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class PayoutResult:
    """Weights (wei·ppm, signed) and payouts (wei) by contribution id, and the pool that nobody gets."""

    weights: dict[int, int]
    payouts: dict[int, int]
    pool_wei: int
    remainder_wei: int


def pool_wei(fee_wei: int, *, amount_wei: int, contributors_wei: int) -> int:
    """The contributors' part of one fee: its part of what its redemption accrued, rounded down (R0).

    Taken from the redemption itself and not from the split in basis points, so that a vote that changes the split
    in the middle of a reward epoch needs no history of splits to recompute.

    >>> pool_wei(400_001, amount_wei=1_000_003, contributors_wei=450_001)
    180000
    """
    return contributors_wei * fee_wei // amount_wei


def shares_ppm(scores: Mapping[int, int], *, floor: int, excluded: frozenset[int] = frozenset()) -> dict[int, int]:
    """The non-zero shares of one answer in ppm, signed, in order of contribution id (R3).

    `excluded` contributions count in the denominator and get no share (withdrawn ones): theirs is not given to others.

    `scores` maps contribution ids to integers, `floor` > 0 is the least denominator: an answer that nothing
    influenced much pays little, instead of paying noise in full. Σ |share| = min(10⁶, 10⁶·Σ|score| // floor).

    >>> shares_ppm({1: 2, 2: -1, 3: 0}, floor=1)
    {1: 666667, 2: -333333}
    """
    if floor <= 0:
        raise ValueError(f"floor is {floor}; expected a positive score: set share_floor in the scoring parameters")
    mass = sum(abs(score) for score in scores.values())
    denominator = max(mass, floor)
    parts = {key: divmod(abs(scores[key]) * PPM, denominator) for key in sorted(scores)}
    missing = mass * PPM // denominator - sum(whole for whole, _ in parts.values())
    # sorted() is stable and the keys ascend, so a tie goes to the lower contribution id; an exact quotient
    # (a zero score among them) has remainder 0 and there are always more non-zero remainders than missing units
    rounded_up = set(sorted(parts, key=lambda key: -parts[key][1])[:missing])
    sizes = {key: whole + (key in rounded_up) for key, (whole, _) in parts.items()}
    return {key: size if scores[key] > 0 else -size for key, size in sizes.items() if size and key not in excluded}


def epoch_payouts(answers: Iterable[Answer]) -> PayoutResult:
    """Payouts of one reward epoch by contribution id: weights summed over answers, clipped once at zero (R3).

    Σ payouts + remainder_wei = pool_wei exactly, and remainder_wei ≥ 0 (R0).
    """
    weights: defaultdict[int, int] = defaultdict(int)
    total = 0
    for answer in answers:
        total += answer.pool_wei
        for contribution_id, share in answer.shares.items():
            weights[contribution_id] += answer.pool_wei * share
    ordered = {key: weights[key] for key in sorted(weights)}
    payouts = {key: max(0, weight) // PPM for key, weight in ordered.items()}
    remainder = total - sum(payouts.values())
    assert remainder >= 0, "shares of an answer pass 10^6 ppm"
    return PayoutResult(weights=ordered, payouts=payouts, pool_wei=total, remainder_wei=remainder)


def account_rewards(
    previous: Mapping[str, int], payouts: Mapping[int, int], owners: Mapping[int, str]
) -> dict[str, int]:
    """Cumulative rewards (wei) by account after this epoch: `previous` plus what its contributions earn (R1).

    Raises KeyError when a paid contribution has no owner. Accounts that never earned anything are left out.
    """
    rewards = defaultdict(int, previous)
    for contribution_id, amount in payouts.items():
        rewards[owners[contribution_id]] += amount
    return {account: rewards[account] for account in sorted(rewards, key=_as_number) if rewards[account]}


def _as_number(account: str) -> int:
    return int(account, 16)
