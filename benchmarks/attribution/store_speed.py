"""Speed and memory of the gradient store: `python -m benchmarks.attribution.store_speed [--rows N] [--keep]`.

Two measurements, each beside what the hardware does without a store, in one run:
- query: 80 queries on 768 stored rows of 20,480 columns (15.7 MB, in memory after the first time), CPU time of one
  thread, alternating with a bare float32 matrix product of the same shape whose operands are converted already;
- scale: N rows of 8,192 int8 columns through the real writer into a temporary folder and 80 queries on them, in child
  processes that may hold 2 GB of memory of their own; beside a plain write and a plain read of as many bytes. File
  pages are dropped from memory before each pass, so reads come from the disk (or from whatever caches it outside).
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from attribution_oracle.gradient_store import GradientStore, Segment, build_segment
from attribution_oracle.gradient_store.keys import keys_of_digests
from attribution_oracle.gradient_store.layout import ROW
from attribution_oracle.gradient_store.reader import StoredRows
from attribution_oracle.gradient_store.tree import root_of
from attribution_oracle.influence.products import float32_kernel, has_exact_int8, product_tiles
from attribution_oracle.influence.quantize import IntegerRows
from attribution_oracle.influence.scores import example_scores

QUERIES, EXAMPLES, COLUMNS = 80, 768, 20_480
SCALE_COLUMNS = 8_192
MEMORY_BYTES = 2 * 10**9
RESULTS = Path(__file__).parents[1] / "results"
_REPEATS = 15
_CHUNK = 16 * 2**20
_UNIT_BITS = 32

T = TypeVar("T")


def measure_store(rows: int = 100_000, folder: Path | None = None) -> dict[str, Any]:
    """Both measurements as plain numbers; needs 17 kB of disk a row, in `folder` or the usual place, and removes it."""
    with tempfile.TemporaryDirectory(dir=folder, prefix="store-speed-") as name:
        return {"query": measure_query(Path(name)), "scale": measure_scale(Path(name), rows)}


def measure_query(folder: Path) -> dict[str, Any]:
    """CPU seconds of one query batch, and its speed as a share of the bare product's."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return _measure_query(folder)
    finally:
        torch.set_num_threads(threads)


def measure_scale(folder: Path, rows: int) -> dict[str, Any]:
    """Build and query of `rows` synthetic rows in a child each, beside plain writing and reading."""
    needed = rows * (SCALE_COLUMNS * 2 + ROW.itemsize)
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise SystemExit(f"{rows} rows take {needed} bytes and {folder} has {free}; expected room; ask for fewer rows")
    found: dict[str, Any] = {"rows": rows, "columns": SCALE_COLUMNS, "bytes": rows * SCALE_COLUMNS}
    for work in (_build, _query, _plain_write):
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as child:
            found |= child.submit(work, folder, rows).result()
    for done, plain in (("build", "plain_write"), ("query", "plain_read")):
        for clock in ("s", "cpu_s"):
            found[f"{done}_to_{plain}_{clock}"] = found[f"{done}_{clock}"] / found[f"{plain}_{clock}"]
    return found


def _measure_query(folder: Path) -> dict[str, Any]:
    store, segment = GradientStore.open(folder / "small"), _segment(COLUMNS)
    build_segment(store, segment, _keys(segment, EXAMPLES), lambda places: _rows(places, COLUMNS))
    queries, train = _rows(range(QUERIES), COLUMNS, seed=1), _rows(range(EXAMPLES), COLUMNS)
    left, right = (torch.from_numpy(rows.codes).float() for rows in (queries, train))
    stored = store.rows(segment)
    expected = example_scores(queries, train, unit_bits=_UNIT_BITS)
    assert np.array_equal(example_scores(queries, stored, unit_bits=_UNIT_BITS), expected)

    def float32_products() -> None:
        kernel = float32_kernel(queries.codes)
        for tile in stored.tiles(128):
            kernel(tile.codes)

    times = _alternating(
        {
            "bare_float32": lambda: right @ left.T,
            "scores": lambda: example_scores(queries, stored, unit_bits=_UNIT_BITS),
            "products": lambda: list(product_tiles(queries, stored)),
            "products_by_float32": float32_products,
            "open_check_and_score": lambda: example_scores(queries, store.rows(segment), unit_bits=_UNIT_BITS),
        }
    )
    shares = {
        f"{name}_share_of_bare": times["bare_float32"] / times[name] for name in ("scores", "products_by_float32")
    }
    return {"has_int8_instructions": has_exact_int8(), **{f"{k}_cpu_s": v for k, v in times.items()}, **shares}


def _build(folder: Path, rows: int) -> dict[str, float]:
    _bound_memory()
    store, segment = GradientStore.open(folder / "large"), _segment(SCALE_COLUMNS)
    keys, synthetic = _keys(segment, rows), np.zeros(2)

    def rows_of(places: range) -> IntegerRows:
        nonlocal synthetic
        started = _clocks()
        made = _rows(places, SCALE_COLUMNS)
        synthetic += _clocks() - started
        return made

    started = _clocks()
    build_segment(store, segment, keys, rows_of)
    seconds, cpu = (_clocks() - started - synthetic).tolist()
    return {
        "build_s": seconds,
        "build_cpu_s": cpu,
        "build_rows_per_s": rows / seconds,
        "build_bytes_per_s": rows * SCALE_COLUMNS / seconds,
        "build_peak_bytes": _peak_bytes(),
    }


def _query(folder: Path, rows: int) -> dict[str, float]:
    _bound_memory()
    store, segment = GradientStore.open(folder / "large"), _segment(SCALE_COLUMNS)
    queries = _rows(range(QUERIES), SCALE_COLUMNS, seed=1)
    path = folder / "large" / "segments" / segment.digest.hex() / "codes.bin"
    (open_s, _), stored = _both_clocks(lambda: store.rows(segment))
    (root_s, root_cpu_s), root = _both_clocks(lambda: root_of(stored.source.table["leaf"].tobytes()))
    assert root == stored.source.commit.root
    found = {"open_s": open_s, "root_s": root_s, "root_cpu_s": root_cpu_s}
    for name in ("first_query", "query"):
        _forget(path)
        times, scores = _both_clocks(lambda: example_scores(queries, stored, unit_bits=_UNIT_BITS))
        found |= {f"{name}_s": times[0], f"{name}_cpu_s": times[1]}
    found["query_peak_bytes"] = _peak_bytes()
    _check_some(scores, queries, stored)
    _forget(path)
    times, _ = _both_clocks(lambda: _read(path))
    return found | {"plain_read_s": times[0], "plain_read_cpu_s": times[1]}


def _plain_write(folder: Path, rows: int) -> dict[str, float]:
    """Write as many bytes as the codes have, in chunks of as many as a shard, flushed to the disk after each."""
    data = _rows(range(4_096), SCALE_COLUMNS).codes.data.cast("B")
    started, left = _clocks(), rows * SCALE_COLUMNS
    with (folder / "plain").open("wb", buffering=0) as file:
        while left:
            left -= file.write(data[:left])
            os.fsync(file.fileno())
    seconds, cpu = (_clocks() - started).tolist()
    return {"plain_write_s": seconds, "plain_write_cpu_s": cpu}


def _check_some(scores: Any, queries: IntegerRows, stored: StoredRows) -> None:
    """A thousand rows spread over the store, computed anew from what they were made of."""
    for start in np.linspace(0, len(stored) - 1, 1_000).astype(int).tolist():
        exact = queries.codes.astype(np.int64) @ _rows(range(start, start + 1), SCALE_COLUMNS).codes[0].astype(np.int64)
        assert np.array_equal(scores[:, start], exact * queries.scales * stored.scales[start] >> 48 - _UNIT_BITS)


def _segment(columns: int) -> Segment:
    return Segment(adapter_digest=bytes(32), spec={"seed": 0}, role="train", columns=columns)


def _keys(segment: Segment, count: int) -> list[bytes]:
    return keys_of_digests(segment, (place.to_bytes(32, "big") for place in range(count)))


def _rows(places: range, columns: int, *, seed: int = 0) -> IntegerRows:
    """Rows of random codes and about length one; row `e` is a pool of random bytes from its own place on."""
    pool = np.random.default_rng(seed).integers(-127, 128, 2 * columns + 65_537, dtype=np.int8)
    starts = np.array(places) * 7_919 % (len(pool) - columns)
    codes = np.stack([pool[start : start + columns] for start in starts.tolist()])
    lengths = np.sqrt(IntegerRows(codes, starts).squares)
    return IntegerRows(codes, (2**24 / lengths).astype(np.int64))


def _alternating(works: dict[str, Callable[[], object]]) -> dict[str, float]:
    """The median CPU seconds of each, all of them in turn."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(_REPEATS):
        for name, work in works.items():
            started = time.process_time()
            work()
            times[name].append(time.process_time() - started)
    return {name: statistics.median(found) for name, found in times.items()}


def _both_clocks(work: Callable[[], T]) -> tuple[list[float], T]:
    """Seconds that passed and seconds of this process, and what the work returned."""
    started = _clocks()
    result = work()
    return (_clocks() - started).tolist(), result


def _clocks() -> NDArray[np.float64]:
    return np.array([time.perf_counter(), time.process_time()])


def _forget(path: Path) -> None:
    """Drop a file's pages from memory."""
    handle = os.open(path, os.O_RDONLY)
    os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(handle)


def _read(path: Path) -> int:
    buffer, total = bytearray(_CHUNK), 0
    with path.open("rb", buffering=0) as file:
        while count := file.readinto(buffer):
            total += count
    return total


def _bound_memory() -> None:
    torch.set_num_threads(1)
    # memory of its own; the pages of a mapped file are the system's to take back, but count in the peak all the same
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))


def _peak_bytes() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def main() -> None:
    """Measure and print; `--keep` writes benchmarks/results/store_speed.json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, help="where to put the temporary folder")
    parser.add_argument("--keep", action="store_true")
    chosen = parser.parse_args()
    text = json.dumps(measure_store(chosen.rows, chosen.folder), indent=1)
    print(text)
    if chosen.keep:
        (RESULTS / "store_speed.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
