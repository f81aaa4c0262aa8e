"""Errors of the gradient store.

OracleError
└── StoreError
    ├── StoreBusy       another writer holds the segment (may be retried)
    ├── StoreFull       the disk took no more; what was committed before stands (may be retried with more room)
    ├── StoreDamaged    a file is shorter, or has other bytes, than what was committed
    ├── StoreMismatch   the store or the rows are of another kind than was asked for
    └── ShardFailed     a worker could not compute its rows; what was committed before stands (may be retried)
"""

from attribution_oracle.errors import OracleError


class StoreError(OracleError):
    """Anything that the gradient store raises on purpose."""


class StoreBusy(StoreError):
    """Somebody else is writing; trying again later helps."""


class StoreFull(StoreError):
    """There is no room for the next rows; it works once there is."""


class StoreDamaged(StoreError):
    """What is on disk is not what was committed."""


class StoreMismatch(StoreError):
    """What is on disk, or handed in, is something else than what was asked for."""


class ShardFailed(StoreError):
    """The rows of one range of examples could not be computed."""
