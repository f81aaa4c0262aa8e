"""The cost of building gradient rows, beside a plain training pass of the same batch and beside a loop.

    python -m benchmarks.attribution.build_speed [--smollm2] [--rounds N] [--out FILE]

All in CPU-seconds of one thread, candidates in turn within each round, medians over rounds:
- `plain`: forward and backward of the library's own loss, gradients of the LoRA matrices summed over the batch;
- `rows`: the row of every example, true labels (target: at most 1.1 x plain);
- `both`: the rows of the true labels and of labels drawn from the model (beside 2 x plain);
- `index`: the same with the sums of EK-FAC's factors: all passes of an index;
- `loop`: rows by one backward pass an example, on a part of the examples.
Models: the bank's, 64 rows of 32 tokens a batch; with --smollm2 SmolLM2-135M as well (random weights of its shape where
it is not prepared), LoRA of rank 8 on all linear maps, 16 rows of 32 tokens.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import Tensor

from attribution_oracle.influence.ekfac import FactorSums
from attribution_oracle.influence.gradients import lora_matrices, per_example_gradients, stream_flows, write_rows
from benchmarks.attribution.bank import load_bank
from benchmarks.attribution.served import Row, peft_model, rows_of, trained
from trainer.base_model import SMOLLM2_NAME, load_base

CACHE = Path.home() / ".cache" / "openledger"
LOOPED = 16
TARGET = 1.1


def measure_build(*, rounds: int = 7, smollm2: bool = False) -> dict[str, Any]:
    """What `main` prints: the machine, the versions, and one entry for each model."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        bank = load_bank()
        model = peft_model(bank, trained(bank, [10]), 0)
        found = [_measured("bank", model, rows_of(bank.corpus.train), batch_size=64, rounds=rounds)]
        if smollm2:
            name, model = smollm2_model()
            draw = torch.Generator().manual_seed(0)
            rows = [Row(torch.randint(model.config.vocab_size, (32,), generator=draw).tolist()) for _ in range(16)]
            found.append(_measured(name, model, rows, batch_size=16, rounds=rounds))
    finally:
        torch.set_num_threads(threads)
    versions = {name: version(name) for name in ("torch", "transformers", "peft")}
    machine = {"processor": _processor(), "threads": 1, "python": platform.python_version()}
    return {"machine": machine, "versions": versions, "target_ratio": TARGET, "models": found}


def smollm2_model() -> tuple[str, Any]:
    """SmolLM2-135M with LoRA away from zero: prepared weights if the cache has them, else random ones."""
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(0)
    folder = CACHE / SMOLLM2_NAME
    known = folder.is_dir()
    base = load_base(folder) if known else random_llama(SMOLLM2_SHAPE)
    lora = LoraConfig(r=8, lora_alpha=16, target_modules="all-linear", init_lora_weights=False)
    return "SmolLM2-135M" if known else "SmolLM2-135M (random)", get_peft_model(base, lora).eval()


SMOLLM2_SHAPE = {
    "vocab_size": 49_152, "hidden_size": 576, "intermediate_size": 1_536, "num_hidden_layers": 30,
    "num_attention_heads": 9, "num_key_value_heads": 3, "tie_word_embeddings": True,
}  # fmt: skip


def random_llama(shape: dict[str, Any]) -> Any:
    """A frozen LLaMA of a shape with random weights."""
    from transformers import LlamaConfig, LlamaForCausalLM

    base: Any = LlamaForCausalLM(LlamaConfig(**shape))
    return base.requires_grad_(False)


def plain_pass(model: Any, ids: Tensor) -> None:
    """A training step's forward and backward pass, by the library, without the step."""
    for parameter in model.parameters():
        parameter.grad = None
    model(input_ids=ids, labels=ids).loss.backward()


def loop_rows(model: Any, rows: Sequence[Row]) -> Tensor:
    """Gradient rows by one autograd pass an example."""
    weights = [matrix.module.weight for matrix in lora_matrices(model)]
    found = []
    for row in rows:
        ids = torch.tensor([row.input_ids])
        logits = model(input_ids=ids).logits[0, row.completion_start - 1 : -1]
        loss = torch.nn.functional.cross_entropy(logits, ids[0, row.completion_start :], reduction="sum")
        found.append(torch.cat([gradient.flatten() for gradient in torch.autograd.grad(loss, weights)]))
    return torch.stack(found)


def _measured(name: str, model: Any, rows: Sequence[Row], *, batch_size: int, rounds: int) -> dict[str, Any]:
    ids = torch.tensor([row.input_ids for row in rows])
    candidates: dict[str, Callable[[], object]] = {
        "plain": lambda: [plain_pass(model, part) for part in ids.split(batch_size)],
        "rows": lambda: per_example_gradients(model, rows, batch_size=batch_size),
        "both": lambda: _both(model, rows, batch_size, with_factors=False),
        "index": lambda: _both(model, rows, batch_size, with_factors=True),
        "loop": lambda: loop_rows(model, rows[:LOOPED]),
    }
    seconds: dict[str, list[float]] = {label: [] for label in candidates}
    for turn in range(rounds + 1):
        for label, run in candidates.items():
            started = time.process_time()
            run()
            if turn:  # the first round fills caches and memory pools
                seconds[label].append(time.process_time() - started)
    typical = {label: median(values) for label, values in seconds.items()}
    ratios = sorted(ours / plain for ours, plain in zip(seconds["rows"], seconds["plain"], strict=True))
    exact = loop_rows(model, rows[:LOOPED])
    deviation = per_example_gradients(model, rows[:LOOPED], batch_size=batch_size) - exact
    return {
        "model": name,
        "lora_parameters": lora_matrices(model)[-1].stop,
        "examples": len(rows),
        "tokens": ids.shape[1],
        "batch_size": batch_size,
        "examples_per_cpu_second": {
            label: round((LOOPED if label == "loop" else len(rows)) / taken, 1) for label, taken in typical.items()
        },
        "rows_over_plain": round(median(ratios), 3),
        "rows_over_plain_range": [round(ratios[0], 3), round(ratios[-1], 3)],
        "both_over_two_plain": round(typical["both"] / (2 * typical["plain"]), 3),
        "index_over_two_plain": round(typical["index"] / (2 * typical["plain"]), 3),
        "largest_deviation_from_loop": float(deviation.abs().max() / exact.abs().max()),
        "rounds": rounds,
    }


def _both(model: Any, rows: Sequence[Row], batch_size: int, *, with_factors: bool) -> None:
    matrices = lora_matrices(model)
    true, sampled = (torch.empty(len(rows), matrices[-1].stop) for _ in range(2))
    factors = FactorSums(matrices)
    for flows in stream_flows(model, matrices, rows, batch_size=batch_size, seed=0):
        write_rows(true, flows.positions, flows.true)
        write_rows(sampled, flows.positions, flows.sampled)
        if with_factors:
            factors.add(flows.sampled)


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.processor()} ({torch.backends.cpu.get_cpu_capability()})"


def main() -> None:
    """Measure, print, and write the figures where `--out` says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--smollm2", action="store_true", help="measure SmolLM2-135M too, some CPU-minutes")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--out", type=Path, help="a JSON file for the figures")
    chosen = parser.parse_args()
    found = measure_build(rounds=chosen.rounds, smollm2=chosen.smollm2)
    print(json.dumps(found, indent=1))
    if chosen.out:
        chosen.out.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
