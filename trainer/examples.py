"""Training examples: read from contributed text, and turned into tokens (docs/formats.md, "Text contributions")."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_BLANK_LINES = re.compile(r"\n\s*\n")


@dataclass(frozen=True, slots=True)
class Example:
    """One question and its answer; `prompt` is empty for running text. `ordinal` counts within the contribution."""

    contribution_id: int
    ordinal: int
    prompt: str
    response: str


@dataclass(frozen=True, slots=True)
class Encoded:
    """Token ids of a whole example; the loss counts the tokens from `completion_start` (at least 1) on."""

    input_ids: list[int]
    completion_start: int


def read_examples(contribution_id: int, text: str) -> list[Example]:
    """The examples of a contributed text, in order; none if it holds no words.

    A pair whose question or answer is empty is left out. So is text before the first question.
    """
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    pairs = list(_pairs(lines.split("\n")))
    if not pairs:
        pairs = [("", " ".join(paragraph.split())) for paragraph in _BLANK_LINES.split(lines)]
        complete = [pair for pair in pairs if pair[1]]
    else:
        complete = [pair for pair in pairs if pair[0] and pair[1]]
    return [
        Example(contribution_id=contribution_id, ordinal=ordinal, prompt=prompt, response=response)
        for ordinal, (prompt, response) in enumerate(complete)
    ]


def _pairs(lines: list[str]) -> Iterator[tuple[str, str]]:
    parts: dict[str, list[str]] | None = None
    field = "Q"
    for line in lines:
        if line.startswith("Q:"):
            if parts is not None:
                yield _joined(parts)
            parts, field = {"Q": [line[2:]], "A": []}, "Q"
        elif parts is not None and line.startswith("A:"):
            field = "A"
            parts["A"].append(line[2:])
        elif parts is not None:
            parts[field].append(line)
    if parts is not None:
        yield _joined(parts)


def _joined(parts: dict[str, list[str]]) -> tuple[str, str]:
    return "\n".join(parts["Q"]).strip(), "\n".join(parts["A"]).strip()


def encode_prompt(prompt: str, tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """The tokens that a model is given for a question: one user turn of the chat template, answer opened.

    Training and serving both come through here, so that an adapter is asked exactly as it was taught.
    """
    messages = [{"role": "user", "content": _without_special_tokens(prompt, tokenizer)}]
    ids = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_dict=True)["input_ids"]
    return [int(token) for token in ids]


def encode(example: Example, tokenizer: PreTrainedTokenizerBase, max_tokens: int) -> Encoded:
    """The tokens of an example, its answer closed by the end token, at most `max_tokens` (at least 4).

    When it is too long, the prompt keeps its last `max_tokens // 2` tokens and the answer loses its end. Running text
    (an empty prompt) has no chat turns: it follows the tokenizer's first token directly.
    """
    response = _without_special_tokens(example.response, tokenizer)
    answer = [*tokenizer(response, add_special_tokens=False)["input_ids"], tokenizer.eos_token_id]
    if example.prompt:
        prompt = encode_prompt(example.prompt, tokenizer)
    else:
        first = tokenizer.bos_token_id
        prompt = [tokenizer.eos_token_id if first is None else first]
    if len(prompt) + len(answer) > max_tokens:
        prompt = prompt[-(max_tokens // 2) :]
    return Encoded(input_ids=(prompt + answer)[:max_tokens], completion_start=len(prompt))


def _without_special_tokens(text: str, tokenizer: PreTrainedTokenizerBase) -> str:
    # text that spells a turn marker would otherwise open turns of its own in everybody's training
    special = [str(token) for token in tokenizer.added_tokens_decoder.values() if token.special]
    return _until_stable(text, lambda value: _remove_all(value, special))


def _remove_all(text: str, words: list[str]) -> str:
    for word in words:
        text = text.replace(word, "")
    return text


def _until_stable(text: str, change: Callable[[str], str]) -> str:
    # removing one marker may join the halves of another
    while (changed := change(text)) != text:
        text = changed
    return text
