"""Training of one LoRA adapter (Hu et al. 2021): W x becomes W x + (alpha / rank) B A x, only A and B move.

The same base, examples, specification, library versions and thread count give the same bytes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainer.adapter_file import AdapterShape, write_adapter
from trainer.base_model import BaseModel, describe_base, load_base, load_tokenizer
from trainer.errors import InvalidExamples, TrainingDiverged
from trainer.examples import Encoded, Example, encode
from trainer.families import choose_targets
from trainer.frozen import from_layer, frozen_states
from trainer.spec import TrainSpec

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel

_WINDOW_BATCHES = 4
_FINAL_RATE = 0.1


@dataclass(frozen=True, slots=True)
class TrainProgress:
    """Where a job stands: step 1 … steps, and the step's mean loss in nats per answer token."""

    step: int
    steps: int
    loss: float


@dataclass(frozen=True, slots=True)
class TrainStep:
    """A step that is about to be taken: its learning rate, its rows by their place among the examples, and all that is
    trained, by name. The parameters are the trainer's own storage: copy what is to be kept.
    """

    rate: float
    rows: Sequence[int]
    parameters: Mapping[str, Tensor]


@dataclass(frozen=True, slots=True)
class TrainedAdapter:
    """A finished adapter: its folder, the sha-256 (32 bytes) of its weights file, the loss of every step, and the CPU
    threads that it was made with.
    """

    path: Path
    weights_sha256: bytes
    shape: AdapterShape
    losses: tuple[float, ...]
    threads: int


ReportProgress = Callable[[TrainProgress], None]
Watch = Callable[[TrainStep], None]


def train_adapter(
    base_path: Path,
    examples: Sequence[Example],
    spec: TrainSpec,
    out_dir: Path,
    progress: ReportProgress = lambda _: None,
    *,
    threads: int | None = None,
    watch: Watch = lambda _: None,
    left_out: Collection[int] = (),
) -> TrainedAdapter:
    """Trains an adapter on `examples` and writes it to `out_dir`.

    `threads` is the number of CPU threads (None: torch's choice); another number may change the last bits. `watch` sees
    every step before it is taken.
    The examples at the places `left_out` are not learned: their places in the batches stay empty, and all others are
    where they were, so that nothing but their absence makes the adapter another one.

    Raises:
        InvalidExamples: there are none.
        UnknownFamily: the base or a target is not in the table of families.
        TrainingDiverged: the loss is not finite.
    """
    if not examples:
        raise InvalidExamples("there is no example to train on; expected at least one accepted contribution with text")
    with _deterministic(spec.seed, threads) as used:
        model = load_base(base_path)
        shape = adapter_shape(describe_base(base_path), model.config, spec)
        tokenizer = load_tokenizer(base_path)
        encoded = [encode(example, tokenizer, spec.max_tokens) for example in examples]
        losses = _train(model, encoded, spec, shape, progress, watch, frozenset(left_out))
        digest = write_adapter(out_dir, _adapter_tensors(model), shape)
    return TrainedAdapter(path=out_dir, weights_sha256=digest, shape=shape, losses=tuple(losses), threads=used)


def adapter_shape(base: BaseModel, config: Any, spec: TrainSpec) -> AdapterShape:
    """The shape of the adapter that `spec` asks for on `base`; raises UnknownFamily."""
    count = config.num_hidden_layers
    first = max(0, count - spec.layers) if spec.layers else 0
    return AdapterShape(
        base_weights="0x" + base.weights_digest.hex(),
        base_tokenizer="0x" + base.tokenizer_digest.hex(),
        base_template="0x" + base.template_digest.hex(),
        model_type=config.model_type,
        rank=spec.rank,
        alpha=spec.alpha,
        targets=choose_targets(config.model_type, spec.targets),
        layers=tuple(range(first, count)),
    )


def completion_loss(
    model: PreTrainedModel, batch: Sequence[Encoded], entering: Sequence[Tensor] | None = None
) -> Tensor:
    """The mean negative log-likelihood of the batch's answer tokens, in nats; prompts count nothing.

    `entering` are the rows' states `(tokens, d)` at the model's first remaining layer, see `trainer.frozen`. The
    output head, a fifth of a small model, runs only where an answer token is predicted.
    """
    import torch
    from torch.nn import functional
    from torch.nn.utils.rnn import pad_sequence

    device = next(model.parameters()).device
    input_ids, attention_mask, predicts = (tensor.to(device) for tensor in _padded(batch))
    if entering is None:
        inputs = {"input_ids": input_ids}
    else:
        inputs = {"inputs_embeds": pad_sequence(list(entering), batch_first=True)}
    hidden = model.base_model(**inputs, attention_mask=attention_mask, use_cache=False)[0]
    logits = model.get_output_embeddings()(hidden[:, :-1][predicts])
    return functional.cross_entropy(logits.to(torch.float32), input_ids[:, 1:][predicts])


def _padded(batch: Sequence[Encoded]) -> tuple[Tensor, Tensor, Tensor]:
    import torch

    width = max(len(row.input_ids) for row in batch)
    input_ids = torch.zeros(len(batch), width, dtype=torch.long)
    attention_mask = torch.zeros(len(batch), width, dtype=torch.long)
    predicts = torch.zeros(len(batch), width - 1, dtype=torch.bool)
    for index, row in enumerate(batch):
        length = len(row.input_ids)
        input_ids[index, :length] = torch.tensor(row.input_ids)
        attention_mask[index, :length] = 1
        # position t predicts token t + 1
        predicts[index, row.completion_start - 1 : length - 1] = True
    return input_ids, attention_mask, predicts


def _train(
    model: PreTrainedModel,
    encoded: Sequence[Encoded],
    spec: TrainSpec,
    shape: AdapterShape,
    progress: ReportProgress,
    watch: Watch,
    left_out: frozenset[int],
) -> list[float]:
    from peft import inject_adapter_in_model

    inject_adapter_in_model(shape.lora_config(), model)
    for parameter in model.parameters():
        if parameter.requires_grad:  # steps are too small for the eight bits of bf16, which a CUDA base has
            parameter.data = parameter.data.float()
    first = shape.layers[0]
    states = frozen_states(model, encoded, first)
    if states is None:
        return list(_steps(model, encoded, None, spec, progress, watch, left_out))
    with from_layer(model, first):
        return list(_steps(model, encoded, states, spec, progress, watch, left_out))


def _steps(
    model: PreTrainedModel,
    encoded: Sequence[Encoded],
    states: Sequence[Tensor] | None,
    spec: TrainSpec,
    progress: ReportProgress,
    watch: Watch,
    left_out: frozenset[int],
) -> Iterator[float]:
    import torch

    named = {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}
    trainable = list(named.values())
    optimizer = torch.optim.AdamW(trainable, lr=spec.learning_rate, weight_decay=spec.weight_decay)
    batches = list(_batches([len(row.input_ids) for row in encoded], spec))
    for step, rows in enumerate(batches):
        rate = spec.learning_rate * _rate(step, steps=len(batches), warmup=spec.warmup_steps)
        for group in optimizer.param_groups:
            group["lr"] = rate
        watch(TrainStep(rate, rows, named))
        kept = [row for row in rows if row not in left_out]
        if kept:
            entering = None if states is None else [states[row] for row in kept]
            loss = completion_loss(model, [encoded[row] for row in kept], entering)
        else:  # momentum goes on
            loss = torch.stack([parameter.sum() for parameter in trainable]).sum() * 0.0
        if len(kept) < len(rows):
            loss = loss * (_answer_tokens(encoded, kept) / _answer_tokens(encoded, rows))
        if not math.isfinite(loss.item()):
            raise TrainingDiverged(
                f"loss is {loss.item()} at step {step + 1}, expected a number; lower the learning rate"
            )
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(trainable, spec.max_gradient_norm)
        optimizer.step()
        optimizer.zero_grad()
        progress(TrainProgress(step=step + 1, steps=len(batches), loss=loss.item()))
        yield loss.item()


def _answer_tokens(encoded: Sequence[Encoded], rows: Sequence[int]) -> int:
    return sum(len(encoded[row].input_ids) - encoded[row].completion_start for row in rows)


def _batches(lengths: Sequence[int], spec: TrainSpec) -> Iterator[list[int]]:
    """The rows of each step: every example once a train epoch, in an order drawn from the seed.

    Neighbours of a few batches are sorted by length first, which spares most of the padding.
    """
    import torch

    generator = torch.Generator().manual_seed(spec.seed)
    size = spec.batch_size
    for _ in range(spec.train_epochs):
        order = torch.randperm(len(lengths), generator=generator).tolist()
        for start in range(0, len(order), size * _WINDOW_BATCHES):
            window = sorted(order[start : start + size * _WINDOW_BATCHES], key=lambda row: lengths[row])
            yield from (window[at : at + size] for at in range(0, len(window), size))


def _rate(step: int, *, steps: int, warmup: int) -> float:
    """The share of the learning rate at `step` (from 0): linear warm-up, then half a cosine down to a tenth."""
    if step < warmup:
        return (step + 1) / (warmup + 1)
    done = (step - warmup) / max(1, steps - warmup)
    return _FINAL_RATE + (1 - _FINAL_RATE) * (1 + math.cos(math.pi * done)) / 2


def _adapter_tensors(model: PreTrainedModel) -> dict[str, Tensor]:
    from peft import get_peft_model_state_dict

    return {"base_model.model." + name: tensor for name, tensor in get_peft_model_state_dict(model).items()}


@contextmanager
def _deterministic(seed: int, threads: int | None) -> Iterator[int]:
    """Gives the number of threads."""
    import torch

    before = (torch.get_num_threads(), torch.are_deterministic_algorithms_enabled())
    torch.set_num_threads(threads or before[0])
    # CUDA's matrix products are only repeatable with a setting made before the process starts: warn there, go on
    torch.use_deterministic_algorithms(True, warn_only=torch.cuda.is_available())
    try:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            yield torch.get_num_threads()
    finally:
        torch.set_num_threads(before[0])
        torch.use_deterministic_algorithms(before[1])
