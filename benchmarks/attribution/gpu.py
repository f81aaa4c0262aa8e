"""Gradient rows and stored queries on one GPU, beside a plain training step and the memory's bandwidth.

    python -m benchmarks.attribution.gpu --out FILE [--device cuda] [--rounds N]
    python -m benchmarks.attribution.gpu --out FILE --device cpu --tiny         a smoke test without a GPU

- *build*: SmolLM2-135M's shape and a LLaMA of about 1 B, random weights, base in bf16, LoRA (rank 16, all linear maps)
  and rows in float32: rows and tokens a second against the library's forward and backward pass of the same batch
  (target: at most 1.15 times its time), and the peak memory of both;
- *query*: 32 queries against a store of int8 and of fp16 rows, bytes read a second against a copy's (target: 0.70);
- *equal*: integer scores of the same rows on this device and by the CPU's exact path, compared byte for byte.
Times are wall-clock, the device waited for, candidates in turn within each round, medians over rounds.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import platform
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from attribution_oracle.influence.gradients import lora_matrices, per_example_gradients
from attribution_oracle.influence.quantize import SCALE_BITS, IntegerRows
from attribution_oracle.influence.scores import example_scores
from benchmarks.attribution.build_speed import SMOLLM2_SHAPE, plain_pass, random_llama
from benchmarks.attribution.served import Row

BUILD_TARGET, QUERY_TARGET = 1.15, 0.70
LLAMA_1B = {
    "vocab_size": 128_256, "hidden_size": 2_048, "intermediate_size": 8_192, "num_hidden_layers": 16,
    "num_attention_heads": 32, "num_key_value_heads": 8, "tie_word_embeddings": True,
}  # fmt: skip
TINY = {
    "vocab_size": 512, "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2,
    "num_attention_heads": 4, "num_key_value_heads": 2, "tie_word_embeddings": True,
}  # fmt: skip
QUERIES, STORE_COLUMNS, UNIT_BITS = 32, 8_192, 32


def measure_gpu(device: torch.device, *, tiny: bool, rounds: int) -> dict[str, Any]:
    """All figures, as they are written to the file."""
    shapes = {"tiny": TINY} if tiny else {"SmolLM2-135M": SMOLLM2_SHAPE, "LLaMA 1B": LLAMA_1B}
    size = (4, 16) if tiny else (32, 256)
    builds = [_build(name, shape, device, *size, rounds=rounds) for name, shape in shapes.items()]
    store = 2_048 if tiny else 1_000_000
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.processor()
    return {
        "device": name or device.type,
        "is_smoke_test": tiny or device.type == "cpu",
        "versions": {package: version(package) for package in ("torch", "transformers", "peft")},
        "cuda": torch.version.cuda,
        "targets": {"rows_over_plain": BUILD_TARGET, "query_of_bandwidth": QUERY_TARGET},
        "build": builds,
        "query": _query(device, store, rounds),
        "equal": _equal(device, columns=STORE_COLUMNS),
    }


def integer_products(store: Tensor, queries: Tensor) -> Tensor:
    """The exact products int32 `(n_store, n_query)` of int8 rows; sums stay below 2**31 up to 131,072 columns."""
    products: Tensor = torch._int_mm(store, queries.T)
    return products


def _build(
    name: str, shape: dict[str, Any], device: torch.device, batch_size: int, tokens: int, *, rounds: int
) -> dict[str, Any]:
    model = _adapted(shape, device)
    draw = torch.Generator().manual_seed(1)
    ids = torch.randint(shape["vocab_size"], (batch_size, tokens), generator=draw)
    rows = [Row(line) for line in ids.tolist()]
    out = torch.empty(batch_size, lora_matrices(model)[-1].stop, device=device)
    on_device = ids.to(device)
    candidates: dict[str, Callable[[], object]] = {
        "plain": lambda: plain_pass(model, on_device),
        "rows": lambda: per_example_gradients(model, rows, batch_size=batch_size, out=out),
    }
    peaks = {label: _peak_bytes(run, device) for label, run in candidates.items()}
    seconds = _timed(candidates, device, rounds)
    return {
        "model": name,
        "parameters": sum(p.numel() for name, p in model.named_parameters() if "lora_" not in name),
        "lora_parameters": out.shape[1],
        "batch_size": batch_size,
        "tokens": tokens,
        "rows_per_second": round(batch_size / seconds["rows"], 2),
        "tokens_per_second": round(batch_size * tokens / seconds["rows"], 1),
        "plain_tokens_per_second": round(batch_size * tokens / seconds["plain"], 1),
        "rows_over_plain": round(seconds["rows"] / seconds["plain"], 3),
        "peak_bytes": peaks,
        "row_bytes": out.numel() * out.element_size(),
        "rows_are_finite": bool(out.isfinite().all()),
    }


def _adapted(shape: dict[str, Any], device: torch.device) -> Any:
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(0)
    base = random_llama(shape).to(device=device, dtype=torch.bfloat16)
    model = get_peft_model(base, LoraConfig(r=16, target_modules="all-linear", init_lora_weights=False)).eval()
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.float()
    return model


def _query(device: torch.device, rows: int, rounds: int) -> dict[str, Any]:
    draw = torch.Generator(device=device).manual_seed(2)
    codes = torch.randint(-127, 128, (rows, STORE_COLUMNS), generator=draw, device=device, dtype=torch.int8)
    queries = torch.randint(-127, 128, (QUERIES, STORE_COLUMNS), generator=draw, device=device, dtype=torch.int8)
    halves, half_queries, copied = codes.half(), queries.half() / 127, torch.empty_like(codes)
    candidates: dict[str, Callable[[], object]] = {
        "copy": lambda: copied.copy_(codes),
        "int8": lambda: integer_products(codes, queries),
        "fp16": lambda: halves @ half_queries.T,
    }
    seconds = _timed(candidates, device, rounds)
    # a copy reads and writes
    moved = {"copy": 2 * codes.numel(), "int8": codes.numel(), "fp16": 2 * codes.numel()}
    rates = {label: moved[label] / taken for label, taken in seconds.items()}
    return {
        "rows": rows,
        "columns": STORE_COLUMNS,
        "queries": QUERIES,
        "bytes_per_second": {label: round(rate) for label, rate in rates.items()},
        "of_bandwidth": {label: round(rates[label] / rates["copy"], 3) for label in ("int8", "fp16")},
    }


def _equal(device: torch.device, *, columns: int) -> dict[str, Any]:
    """Scores of the same integer rows, here and by the exact path that `epoch close` runs on the CPU."""
    draw = np.random.default_rng(3)
    scales = np.full(512, 2**SCALE_BITS // (127 * 128), dtype=np.int64)
    store = IntegerRows(draw.integers(-127, 128, (512, columns), dtype=np.int8), scales)
    queries = IntegerRows(draw.integers(-127, 128, (QUERIES, columns), dtype=np.int8), scales[:QUERIES])
    codes, asked = (torch.from_numpy(rows.codes).to(device) for rows in (store, queries))
    products = integer_products(codes, asked).T.long()
    left, right = (torch.from_numpy(rows.scales).to(device) for rows in (queries, store))
    found = ((products * left[:, None] * right[None, :]) >> (2 * SCALE_BITS - UNIT_BITS)).cpu().numpy()
    expected = example_scores(queries, store, unit_bits=UNIT_BITS)
    return {
        "scores": int(expected.size),
        "differing": int((found != expected).sum()),
        "sha256_device": _digest(found),
        "sha256_cpu": _digest(expected),
    }


def _digest(scores: NDArray[np.int64]) -> str:
    return hashlib.sha256(np.ascontiguousarray(scores).astype("<i8").tobytes()).hexdigest()


def _timed(candidates: dict[str, Callable[[], object]], device: torch.device, rounds: int) -> dict[str, float]:
    seconds: dict[str, list[float]] = {label: [] for label in candidates}
    for turn in range(rounds + 2):
        for label, run in candidates.items():
            _wait(device)
            started = time.perf_counter()
            run()
            _wait(device)
            if turn >= 2:  # the first rounds choose kernels and fill pools
                seconds[label].append(time.perf_counter() - started)
    return {label: median(values) for label, values in seconds.items()}


def _peak_bytes(run: Callable[[], object], device: torch.device) -> int | None:
    if device.type != "cuda":
        return None
    run()
    torch.cuda.reset_peak_memory_stats(device)
    run()
    _wait(device)
    return torch.cuda.max_memory_allocated(device)


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="a JSON file for the figures")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--tiny", action="store_true", help="a model and a store of no weight, to see that it runs")
    chosen = parser.parse_args()
    found = measure_gpu(torch.device(chosen.device), tiny=chosen.tiny, rounds=chosen.rounds)
    chosen.out.write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
