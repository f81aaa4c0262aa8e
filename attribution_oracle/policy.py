"""The parameters of scores and payouts: constants of this release, written into every evidence bundle.

They are nobody's argument: an oracle that could choose the damping or the floor could tilt every payout. A signer and
an auditor refuse evidence that states other ones. Changing one is a release, with an ADR.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from attribution_oracle.influence.engine import ScoringSpec


@cache
def scoring() -> ScoringSpec:
    """The scoring parameters of this release."""
    # torch takes seconds to import, and most that asks for an epoch's values needs none of it
    from attribution_oracle.influence.engine import ScoringSpec

    return ScoringSpec()


def describe_scoring() -> str:
    """The method of this release in one line, for people."""
    spec = scoring()
    return (
        f"EK-FAC influence through the adapted weights, {float(spec.place):.0%} of the way to the adapter (labels "
        f"drawn from the model, damping {spec.damping}), rows of {spec.row_size:,} int8, less what earlier texts "
        f"explain, less {spec.noise_multiple} times the median score"
    )
