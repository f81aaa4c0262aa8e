"""The signer's memory: one root per (chain, contract, reward epoch, attempt, previous root, signer), for ever.

The previous root is part of what is signed, and the contract takes a root on that one alone. So a root that was signed
and never posted cannot keep its reward epoch closed once the root that it builds on is void: on another one the signer
signs again. And if the same previous root is ever posted again, so that the old signature is good again, the signer
remembers it.

The row is on disk before the key is used, so a signer that is killed at any point either has signed nothing or
remembers what it may have signed. Signing the same root again is harmless and allowed.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from attribution_oracle.errors import SigningRefused
from chain.typed_data import RewardRoot

_TABLE = """
CREATE TABLE IF NOT EXISTS signed_reward_roots (
    chain_id INTEGER NOT NULL,
    contract TEXT NOT NULL,
    reward_epoch INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    previous_root BLOB NOT NULL,
    signer TEXT NOT NULL,
    digest BLOB NOT NULL,
    PRIMARY KEY (chain_id, contract, reward_epoch, attempt, previous_root, signer)
) WITHOUT ROWID
"""
_WAIT_SECONDS = 30.0


def remember(path: Path, *, reward_root: RewardRoot, digest: bytes, chain_id: int, contract: str, signer: str) -> None:
    """Write down that `signer` is about to sign `digest`; returns only when that is durable.

    Raises:
        SigningRefused: another digest was written down for the same reward epoch, attempt and previous root.
    """
    signed = reward_root.reward_epoch, reward_root.attempt, reward_root.previous_root
    place = (chain_id, contract, *signed, signer)
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path, timeout=_WAIT_SECONDS)) as database:
        # FULL syncs the file on every commit: a power cut must not make the signer forget
        database.execute("PRAGMA synchronous = FULL")
        database.execute(_TABLE)
        with database:
            database.execute("INSERT OR IGNORE INTO signed_reward_roots VALUES (?, ?, ?, ?, ?, ?, ?)", (*place, digest))
        (known,) = database.execute(
            "SELECT digest FROM signed_reward_roots"
            " WHERE (chain_id, contract, reward_epoch, attempt, previous_root, signer) = (?, ?, ?, ?, ?, ?)",
            place,
        ).fetchone()
    if known != digest:
        raise SigningRefused(
            f"{signer} signed 0x{known.hex()} for reward epoch {reward_root.reward_epoch} attempt "
            f"{reward_root.attempt}; asked for 0x{digest.hex()}: a second root needs a new attempt, after the first "
            "is posted and voided"
        )
