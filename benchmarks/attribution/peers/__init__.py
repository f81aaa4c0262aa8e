"""The libraries that people use today, run on the bank's adapters: bergson, kronfluence, dattri."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[3]
SITE = Path(__file__).parent / "site"
PEERS = ("bergson", "kronfluence", "dattri")


@dataclass(frozen=True, slots=True)
class PeerScores:
    """A peer's table `(n_query, n_train)` in our sign, and the CPU-seconds that it took without start and loading."""

    scores: NDArray[np.float64]
    cpu_seconds: float


@dataclass(frozen=True, slots=True)
class PeerRun:
    """The tables of a peer by method and seed of the adapter, and CPU-seconds of other things that it did."""

    tables: dict[tuple[str, int], PeerScores]
    cpu_seconds: dict[str, float]


def run_peer(peer: str, bank: Path, seeds: Sequence[int]) -> PeerRun:
    """Runs a peer on adapters of a bank, in one process. RuntimeError with its last lines where it fails."""
    if not (SITE / ".ready").exists():
        raise RuntimeError(f"{SITE} does not hold the peers; expected them installed; run `make peers`")
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "scores.npz"
        command = [
            sys.executable,
            "-m",
            f"benchmarks.attribution.peers.{peer}_peer",
            str(bank),
            ",".join(map(str, seeds)),
            str(out),
        ]
        # the folder comes last: what the project has installed itself, a peer must use too
        search = os.pathsep.join([str(ROOT), str(SITE)])
        quiet = {"TQDM_DISABLE": "1", "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
        done = subprocess.run(
            command, env={**os.environ, **quiet, "PYTHONPATH": search}, cwd=scratch, capture_output=True, text=True
        )
        if done.returncode:
            raise RuntimeError(f"{peer} failed with {done.returncode}:\n{done.stderr[-3_000:]}")
        found = np.load(out)
        seconds = json.loads(str(found["seconds"]))
        tables = {}
        for name in set(found.files) & seconds.keys():
            method, _, seed = name.rpartition("|")
            tables[method, int(seed)] = PeerScores(found[name], seconds[name])
        return PeerRun(tables, {name: taken for name, taken in seconds.items() if name not in found})
