"""What the provenance benchmarks share: an adapter, its training texts, and the demo's questions with its answers."""

from __future__ import annotations

import argparse
import hashlib
import json
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from trainer.adapter_file import ADAPTER_FILE
from trainer.base_model import load_tokenizer
from trainer.examples import Encoded, Example, encode, encode_prompt
from trainer.serving import load_adapter

ROOT = Path(__file__).resolve().parents[2]
MAX_TOKENS = 160


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with the adapter's own answer; `column` is None when no contribution covers it."""

    prompt: str
    answer: str
    column: int | None

    @property
    def example(self) -> Example:
        return Example(contribution_id=0, ordinal=0, prompt=self.prompt, response=self.answer)


@dataclass(frozen=True, slots=True)
class Setting:
    """One adapter under test. `columns[e]` is the column of example `e` in `contribution_ids`."""

    base: Path
    model: Any
    tokenizer: Any
    examples: list[Example]
    asked: list[Asked]

    @property
    def contribution_ids(self) -> list[int]:
        return list(dict.fromkeys(example.contribution_id for example in self.examples))

    @property
    def columns(self) -> list[int]:
        ids = self.contribution_ids
        return [ids.index(example.contribution_id) for example in self.examples]

    @property
    def covered(self) -> list[int]:
        return [i for i, item in enumerate(self.asked) if item.column is not None]

    def encoded(self, examples: Sequence[Example]) -> list[Encoded]:
        return [encode(example, self.tokenizer, MAX_TOKENS) for example in examples]


def arguments(description: str | None) -> argparse.ArgumentParser:
    """The command line that every provenance benchmark has."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--adapter", type=Path, required=True)
    parser.add_argument("--examples", type=Path, required=True, help="what it was trained on, a JSON object a line")
    parser.add_argument("--base", type=Path, default=Path.home() / ".cache/openledger/smollm2-135m-instruct")
    parser.add_argument("--questions", type=Path, default=ROOT / "openledger/demo/questions.toml")
    return parser


def prepare(args: argparse.Namespace) -> Setting:
    """Loads the adapter and lets it answer, greedily, the questions that it was taught and those that it was not."""
    torch.set_num_threads(1)
    examples = [Example(**json.loads(line)) for line in args.examples.read_text(encoding="utf-8").splitlines()]
    model, tokenizer = load(args.base, args.adapter), load_tokenizer(args.base)
    rows = tomllib.loads(args.questions.read_text(encoding="utf-8"))["question"]
    silent = Setting(args.base, model, tokenizer, examples, [])
    sources = {_key(example.prompt): column for example, column in zip(examples, silent.columns, strict=True)}
    known = [row for row in rows if "source" not in row or _key(row["source"]) in sources]
    asked = [
        Asked(row["prompt"], _answer(model, tokenizer, row["prompt"]), sources.get(_key(row.get("source", ""))))
        for row in known
    ]
    return Setting(args.base, model, tokenizer, examples, asked)


def load(base: Path, adapter: Path) -> Any:
    """The model of an adapter folder."""
    return load_adapter(base, adapter, expected_digest=hashlib.sha256((adapter / ADAPTER_FILE).read_bytes()).digest())


@torch.no_grad()
def _answer(model: Any, tokenizer: Any, prompt: str) -> str:
    ids = torch.tensor([encode_prompt(prompt, tokenizer)])
    found = model.generate(input_ids=ids, attention_mask=torch.ones_like(ids), max_new_tokens=40, do_sample=False)
    return str(tokenizer.decode(found[0, ids.shape[1] :], skip_special_tokens=True))


def _key(prompt: str) -> str:
    return prompt.lower().strip("?. ")
