"""The rule that orders contributors, written here and nowhere else.

1. By the sum of the validation scores of their accepted contributions: a rejection adds nothing and takes nothing.
2. Ties by the lower bound of the Wilson 95 % interval of the acceptance rate, in parts per million
   (Wilson 1927: p is the true rate, n the reviews, z = 1.96):

       (p + z²/2n − z·sqrt(p(1−p)/n + z²/4n²)) / (1 + z²/n)

3. Ties of both by address, so that the order is the same everywhere.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import isqrt

PPM = 1_000_000
# 1.96 in hundredths: the formula below is exact in integers, so that every reader computes the same order.
_Z_HUNDREDTHS = 196
_HUNDRED_SQUARED = 10_000


@dataclass(frozen=True, slots=True)
class Standing:
    """What counts for one contributor in one Datanet; `score_sum` is over accepted contributions only."""

    contributor: str
    accepted: int
    rejected: int
    score_sum: int


def wilson_lower_bound_ppm(*, accepted: int, rejected: int) -> int:
    """The lower bound of the acceptance rate in parts per million, rounded down; 0 without any decision.

    >>> wilson_lower_bound_ppm(accepted=1, rejected=0)
    206543
    >>> wilson_lower_bound_ppm(accepted=100, rejected=0)
    963005
    """
    count = accepted + rejected
    if count == 0:
        return 0
    z2 = _Z_HUNDREDTHS**2
    # All terms times 2n·10^4: numerator 2a + z² − z·sqrt(z² + 4a(n−a)/n), denominator 2(n + z²).
    centre = 2 * accepted * _HUNDRED_SQUARED + z2
    under_root = z2 * z2 * count + 4 * accepted * rejected * z2 * _HUNDRED_SQUARED
    # The root is rounded up at a millionth, so that the bound never exceeds the true one.
    root_ppm = _ceil_isqrt(-(-under_root * PPM * PPM // count))
    return max(0, centre * PPM - root_ppm) // (2 * (count * _HUNDRED_SQUARED + z2))


def rank(standings: Iterable[Standing]) -> list[Standing]:
    """The standings, best first."""
    return sorted(standings, key=order_key)


def order_key(standing: Standing) -> tuple[int, int, str]:
    """What `rank` sorts by, ascending."""
    bound = wilson_lower_bound_ppm(accepted=standing.accepted, rejected=standing.rejected)
    return -standing.score_sum, -bound, standing.contributor.lower()


def _ceil_isqrt(value: int) -> int:
    root = isqrt(value)
    return root if root * root == value else root + 1
