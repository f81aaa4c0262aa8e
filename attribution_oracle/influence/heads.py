"""How an example becomes a loss: what a model predicts for it, and the loss's gradient where the predictions begin.

Formulas, for logits `z` (n, C) of the n predictions of a batch and labels `y`, true or drawn from the model:
    loss      = - sum over predictions k of log p_k[y_k],   p = softmax(z)              a sum, not a mean
    dloss/dz  = p - onehot(y)
    dloss/dh  = p V - V[y]          where z = V h (+ b), h the hidden states before an output head of weights V
A text predicts each of its completion tokens; an image or a sound predicts its class, once.

The product `p V` serves every labelling of a batch, and only completion positions reach the output head: logits over a
vocabulary are the dearest product of a small model. Whether a language model's head is such a product is not a matter
of its name: `head_of` compares, on two tokens, what enters and leaves the head with the model's own hidden states and
logits. Where they are not equal to the last bit (scaled or capped logits, an adapted head, ...) the gradient goes
through the model's whole forward pass, by autograd.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from attribution_oracle.influence.draws import draw_labels

# A matrix product of few rows takes another path through a CPU's library and rounds its last bits differently: below 16
# tokens, or 20 predictions, rows depended on the batch size by 1e-6 of the largest gradient; from there on by nothing.
# It still does where a product's rows are not the batch's tokens: an expert's share of them, one row an image.
_FEWEST_ROWS = 24
# Logits of this many numbers are made at a time (64 MiB): all of a batch are as much memory as a small model. A device
# reads the head's weights for every part, so there the parts are larger.
_LOGITS_AT_A_TIME = 1 << 24
_LOGITS_AT_A_TIME_ON_A_DEVICE = 1 << 27


class Encoded(Protocol):
    """A tokenised text; tokens from `completion_start` on are what the model is held to."""

    @property
    def input_ids(self) -> list[int]: ...

    @property
    def completion_start(self) -> int: ...


class Labelled(Protocol):
    """An image or a sound and its class: `inputs` are the model's arguments (`pixel_values`, ...) without a batch."""

    @property
    def inputs(self) -> Mapping[str, Tensor]: ...

    @property
    def label(self) -> int: ...


Example: TypeAlias = Encoded | Labelled


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of one batch's forward graph, and the loss's gradient there: for the true labels, then for drawn ones."""

    root: Tensor
    upstreams: list[Tensor]


class Head(Protocol):
    """One way in which the examples of a model become a loss."""

    def batches(self, examples: Sequence[Any], batch_size: int) -> list[list[int]]:
        """Positions of examples that can share a batch without padding, at most `batch_size` together."""

    def counts(self, batch: Sequence[Any]) -> list[int]:
        """How many predictions each example of a batch makes."""

    def outcome(self, batch: Sequence[Any], uniforms: Sequence[Tensor]) -> Outcome:
        """Runs a batch for its true labels, and for labels drawn by each of `uniforms`, `(n, 1)`, one a prediction.

        The model may be run on more examples than the batch has; theirs come last, and the loss has no part of them.
        """

    def losses(self, batch: Sequence[Any]) -> Tensor:
        """The loss `(len(batch),)` of each example for its true labels, float32."""


def head_of(model: Any, examples: Sequence[Example]) -> Head:
    """The head that fits a peft model and its examples, which are all texts or all labelled."""
    if hasattr(examples[0], "label"):
        return ClassHead(model)
    texts = cast("Sequence[Encoded]", examples)
    return LinearTokenHead(model) if _is_linear(model, texts[0].input_ids[:2]) else TokenHead(model)


class ClassHead:
    """The classes of images or sounds, by cross-entropy over the model's logits `(batch, classes)`."""

    def __init__(self, model: Any) -> None:
        self._model = model

    def batches(self, examples: Sequence[Labelled], batch_size: int) -> list[list[int]]:
        """Examples whose inputs have the same names and shapes."""
        shapes = [tuple((name, tuple(x.shape)) for name, x in sorted(example.inputs.items())) for example in examples]
        return _grouped(shapes, batch_size)

    def counts(self, batch: Sequence[Labelled]) -> list[int]:
        """One each."""
        return [1] * len(batch)

    def outcome(self, batch: Sequence[Labelled], uniforms: Sequence[Tensor]) -> Outcome:
        """Raises ValueError for a label that is not a class of the model."""
        return _at_logits(*self._logits_and_labels(batch), uniforms)

    def losses(self, batch: Sequence[Labelled]) -> Tensor:
        """Raises ValueError for a label that is not a class of the model."""
        logits, labels = self._logits_and_labels(batch)
        return functional.cross_entropy(logits.float(), labels, reduction="none")

    def _logits_and_labels(self, batch: Sequence[Labelled]) -> tuple[Tensor, Tensor]:
        inputs = {name: torch.stack([e.inputs[name] for e in batch]).to(self._model.device) for name in batch[0].inputs}
        dtype = self._model.dtype
        logits = self._model(**{k: x.to(dtype) if x.is_floating_point() else x for k, x in inputs.items()}).logits
        for example in batch:
            if not 0 <= example.label < logits.shape[1]:
                raise ValueError(
                    f"label {example.label} is not one of the model's {logits.shape[1]} classes; relabel it"
                )
        return logits, torch.tensor([e.label for e in batch], device=logits.device)


class TokenHead:
    """The next tokens of texts, through whatever the model does between its hidden states and its logits."""

    def __init__(self, model: Any) -> None:
        self._model = model.get_base_model()

    def batches(self, examples: Sequence[Encoded], batch_size: int) -> list[list[int]]:
        """Texts of the same length; raises ValueError for one without a prompt or without a completion."""
        return length_batches(examples, batch_size)

    def counts(self, batch: Sequence[Encoded]) -> list[int]:
        """The completion tokens of each text."""
        return [len(example.input_ids) - example.completion_start for example in batch]

    def outcome(self, batch: Sequence[Encoded], uniforms: Sequence[Tensor]) -> Outcome:
        """The graph ends at the logits of completion tokens."""
        logits, labels, _ = self._logits_and_labels(batch)
        return _at_logits(logits, labels, uniforms)

    def losses(self, batch: Sequence[Encoded]) -> Tensor:
        """Sums over completion tokens."""
        logits, labels, rows = self._logits_and_labels(batch)
        tokens = functional.cross_entropy(logits.float(), labels, reduction="none")
        return tokens.new_zeros(len(batch)).index_add(0, rows, tokens)

    def _logits_and_labels(self, batch: Sequence[Encoded]) -> tuple[Tensor, Tensor, Tensor]:
        """Logits and label of every completion token, and which text of the batch it is of."""
        ids, places = _tokens(batch, self._model.device)
        logits = self._model(input_ids=ids, use_cache=False).logits[places]
        return logits, ids[places[0], places[1] + 1], places[0]


class LinearTokenHead(TokenHead):
    """As `TokenHead`, for logits that are one linear map of the hidden states, where the graph ends then."""

    def outcome(self, batch: Sequence[Encoded], uniforms: Sequence[Tensor]) -> Outcome:
        """The graph ends at the hidden states of all tokens."""
        ids, places = _tokens(batch, self._model.device)
        hidden = self._model.get_decoder()(input_ids=ids, use_cache=False).last_hidden_state
        labels = ids[places[0], places[1] + 1]
        upstreams = [torch.zeros_like(hidden) for _ in range(1 + len(uniforms))]
        with torch.no_grad():
            head: nn.Linear = self._model.get_output_embeddings()
            at_a_time = _LOGITS_AT_A_TIME if hidden.device.type == "cpu" else _LOGITS_AT_A_TIME_ON_A_DEVICE
            size = max(1, at_a_time // head.out_features)
            for part in (slice(k, k + size) for k in range(0, len(labels), size)):
                at = (places[0][part], places[1][part])
                states = _filled(hidden[at])
                probabilities = _softmax(head(states))
                expected = (probabilities.to(head.weight.dtype) @ head.weight)[: len(at[0])]
                probabilities = probabilities[: len(at[0])]
                for upstream, drawn in zip(upstreams, _labellings(probabilities, labels, uniforms, part), strict=True):
                    upstream[at] = expected - head.weight[drawn]
        return Outcome(hidden, upstreams)


def length_batches(examples: Sequence[Encoded], batch_size: int) -> list[list[int]]:
    """Positions of examples of equal length, at most `batch_size` together, shortest first, then by position."""
    for position, example in enumerate(examples):
        if not 0 < example.completion_start < len(example.input_ids):
            raise ValueError(
                f"example {position} has {len(example.input_ids)} tokens and its completion starts at "
                f"{example.completion_start}; expected at least one token before and after; drop it or raise max_tokens"
            )
    return _grouped([len(example.input_ids) for example in examples], batch_size)


def _grouped(keys: Sequence[Hashable], batch_size: int) -> list[list[int]]:
    """Positions of equal keys, at most `batch_size` together, in the order of the keys, then by position."""
    groups: dict[Any, list[int]] = {}
    for position, key in enumerate(keys):
        groups.setdefault(key, []).append(position)
    return [group[k : k + batch_size] for _, group in sorted(groups.items()) for k in range(0, len(group), batch_size)]


def _tokens(batch: Sequence[Encoded], device: torch.device) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    # Position t predicts token t + 1, so completion tokens are predicted from one position earlier.
    length = len(batch[0].input_ids)
    first = torch.tensor([example.completion_start - 1 for example in batch])
    rows, times = (torch.arange(length - 1) >= first[:, None]).nonzero(as_tuple=True)
    ids = [example.input_ids for example in batch]
    # copies of the last text that nothing is read from
    ids += [ids[-1]] * (-(-_FEWEST_ROWS // length) - len(ids))
    return torch.tensor(ids, device=device), (rows.to(device), times.to(device))


def _filled(states: Tensor) -> Tensor:
    """`states` `(n, d)`, with its last row repeated up to `_FEWEST_ROWS`."""
    missing = _FEWEST_ROWS - len(states)
    return torch.cat([states, states[-1:].expand(missing, -1)]) if missing > 0 else states


def _at_logits(logits: Tensor, labels: Tensor, uniforms: Sequence[Tensor]) -> Outcome:
    with torch.no_grad():
        probabilities = _softmax(logits)
        upstreams = []
        for drawn in _labellings(probabilities, labels, uniforms, slice(None)):
            upstream = probabilities.clone()
            upstream[torch.arange(len(drawn), device=drawn.device), drawn] -= 1.0
            upstreams.append(upstream.to(logits.dtype))
    return Outcome(logits, upstreams)


def _labellings(probabilities: Tensor, labels: Tensor, uniforms: Sequence[Tensor], part: slice) -> Iterator[Tensor]:
    yield labels[part]
    for uniform in uniforms:
        yield draw_labels(probabilities, uniform[part])


def _softmax(logits: Tensor) -> Tensor:
    return torch.softmax(logits, dim=1, dtype=torch.float32)


@torch.no_grad()
def _is_linear(model: Any, ids: list[int]) -> bool:
    """Whether the model's logits are its output head of its decoder's hidden states, to the last bit."""
    causal = model.get_base_model()
    head = causal.get_output_embeddings()
    if type(head) is not nn.Linear:
        return False
    seen: dict[str, Tensor] = {}

    def at_head(_module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        seen["entered"], seen["left"] = inputs[0], output

    def at_decoder(_module: nn.Module, _inputs: Any, output: Any) -> None:
        seen["hidden"] = output.last_hidden_state

    handles = [head.register_forward_hook(at_head), causal.get_decoder().register_forward_hook(at_decoder)]
    try:
        logits = causal(input_ids=torch.tensor([ids], device=causal.device), use_cache=False).logits
    finally:
        for handle in handles:
            handle.remove()
    return torch.equal(seen["hidden"], seen["entered"]) and torch.equal(seen["left"].float(), logits.float())
