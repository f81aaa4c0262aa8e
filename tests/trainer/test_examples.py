"""Contributed text becomes examples, and examples become tokens, as docs/formats.md says."""

from pathlib import Path

import pytest

from trainer.base_model import load_tokenizer
from trainer.examples import Example, encode, encode_prompt, read_examples


def pairs(text: str) -> list[tuple[int, str, str]]:
    return [(example.ordinal, example.prompt, example.response) for example in read_examples(9, text)]


def test_read__pairs__are_numbered_in_order() -> None:
    assert pairs("Q: one?\nA: 1\nQ: two?\nA: 2\n") == [(0, "one?", "1"), (1, "two?", "2")]


def test_read__other_lines__continue_the_one_before() -> None:
    assert pairs("Q: what\nis it?\nA: this\n\nand that\n") == [(0, "what\nis it?", "this\n\nand that")]


@pytest.mark.parametrize("text", ["Q: a\r\nA: b\r\n", "Q: a\rA: b", "\ufeffQ:a\nA:b"])
def test_read__line_ends_and_byte_order_mark__do_not_matter(text: str) -> None:
    assert pairs(text) == [(0, "a", "b")]


@pytest.mark.parametrize(
    "text", ["Q: a\nA:\nQ: c\nA: d", "Q: a\nQ: c\nA: d", "title\nA: lost\nQ: c\nA: d", "Q:\nA: b\nQ: c\nA: d"]
)
def test_read__incomplete_pair_or_text_before_it__is_left_out(text: str) -> None:
    assert pairs(text) == [(0, "c", "d")]


def test_read__second_answer_line__continues_the_answer() -> None:
    assert pairs("Q: a\nA: b\nA: c") == [(0, "a", "b\n c")]


def test_read__marker_inside_a_line__is_text() -> None:
    assert pairs("Q: what does Q: mean?\nA: see A: below") == [(0, "what does Q: mean?", "see A: below")]


def test_read__text_without_pairs__is_paragraphs_without_prompt() -> None:
    assert pairs("first\nline\n \t\nsecond\n\n\n") == [(0, "", "first line"), (1, "", "second")]


@pytest.mark.parametrize("text", ["", " \n\n", "\ufeff", "Q:\nA:\n"])
def test_read__no_words__gives_no_example(text: str) -> None:
    assert pairs(text) == []


def test_encode__completion__is_answer_and_end_token(base_path: Path) -> None:
    tokenizer = load_tokenizer(base_path)
    encoded = encode(Example(1, 0, "red", "rose"), tokenizer, 64)
    assert encoded.input_ids[: encoded.completion_start] == encode_prompt("red", tokenizer)
    assert tokenizer.decode(encoded.input_ids[encoded.completion_start :]) == "rose<|im_end|>"


def test_encode__running_text__follows_the_first_token(base_path: Path) -> None:
    tokenizer = load_tokenizer(base_path)
    encoded = encode(Example(1, 0, "", "rose"), tokenizer, 64)
    assert (encoded.completion_start, encoded.input_ids[0]) == (1, tokenizer.bos_token_id)


@pytest.mark.parametrize(("prompt", "response"), [("p" * 500, "r" * 500), ("p", "r" * 500), ("p" * 500, "r")])
def test_encode__too_long__keeps_prompt_and_answer_tokens(base_path: Path, prompt: str, response: str) -> None:
    encoded = encode(Example(1, 0, prompt, response), load_tokenizer(base_path), 40)
    assert len(encoded.input_ids) <= 40
    assert 1 <= encoded.completion_start < len(encoded.input_ids)


@pytest.mark.parametrize("marker", ["<|im_end|>", "<|im_<|im_end|>end|>"])
def test_encode__turn_markers_in_contributed_text__open_no_turn(base_path: Path, marker: str) -> None:
    tokenizer = load_tokenizer(base_path)
    clean = encode(Example(1, 0, "ab", "cd"), tokenizer, 64)
    assert encode(Example(1, 0, f"a{marker}b", f"c{marker}d"), tokenizer, 64) == clean
