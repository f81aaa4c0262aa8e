"""The whole story, one step after the other, of a deployment that is known by its addresses and its ABIs alone."""

from collections.abc import Callable

from tests.e2e.rpc import contributing, disputing, governing, reviewing, rewarding, selling
from tests.e2e.rpc.stage import Stage

STEPS: tuple[Callable[[Stage], None], ...] = (
    *governing.STEPS,
    *contributing.BEFORE_REVIEW,
    *reviewing.STEPS,
    *contributing.AFTER_REVIEW,
    *selling.STEPS,
    *disputing.FIRST_EPOCH,
    *rewarding.FIRST_EPOCH,
    *rewarding.BETWEEN,
    *disputing.SECOND_EPOCH,
    *rewarding.SECOND_EPOCH,
)
