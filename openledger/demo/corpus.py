"""The demo's texts: topics of PyPI's chatterbot-corpus (BSD-3-Clause), written as question-and-answer files."""

from __future__ import annotations

import random
import tomllib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import yaml

TOPICS = ("science", "literature", "money", "computers", "tech_support", "trivia")
PAIRS_PER_TOPIC = 18


@dataclass(frozen=True, slots=True)
class Pair:
    """A question of the corpus and its first answer."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Question:
    """A prompt that a user pays for; `topic` and `source` are None when no contribution covers it."""

    prompt: str
    topic: str | None
    source: str | None
    is_public: bool


def corpus_path(topic: str) -> Path:
    """The corpus file of one topic, in the installed package."""
    import chatterbot_corpus

    return Path(chatterbot_corpus.__file__).parent / "data" / "english" / f"{topic}.yml"


def read_pairs(topic: str, *, limit: int | None = PAIRS_PER_TOPIC) -> list[Pair]:
    """The topic's pairs in file order: of each question the longest answer, one-word small talk left out."""
    conversations = yaml.safe_load(corpus_path(topic).read_text(encoding="utf-8"))["conversations"]
    longest: dict[str, Pair] = {}
    for question, answer in ((_one_line(turns[0]), _one_line(turns[1])) for turns in conversations):
        if len(question) < 4 or (topic != "trivia" and len(answer.split()) < 3):
            continue
        known = longest.get(_key(question))
        if known is None or len(answer) > len(known.answer):
            longest[_key(question)] = Pair(question, answer)
    return list(longest.values())[:limit]


def as_text(pairs: list[Pair]) -> str:
    """A contribution file (docs/formats.md, "Text contributions")."""
    return "\n".join(f"Q: {pair.question}\nA: {pair.answer}\n" for pair in pairs)


def lightly_edited(text: str) -> str:
    """What a copier would hand in: the same pairs, some with a contraction and all with other punctuation."""
    edits = {"what is ": "what's ", "What is ": "What's ", " and ": " & ", ".\n": "!\n"}
    for old, new in edits.items():
        text = text.replace(old, new)
    return text


def junk_text(*, seed: int, byte_count: int = 1_500) -> str:
    """Letters at random, in the shape of a contribution."""
    letters = random.Random(seed)
    words = ("".join(letters.choices("bcdfghjklmnpqrstvwxz", k=letters.randint(3, 12))) for _ in range(byte_count // 8))
    return "Q: " + " ".join(words) + "\nA: zxqv\n"


def read_questions() -> list[Question]:
    """The demo's questions (questions.toml), in the order in which they are asked."""
    table = tomllib.loads(resources.files(__package__).joinpath("questions.toml").read_text(encoding="utf-8"))
    return [
        Question(
            prompt=row["prompt"], topic=row.get("topic"), source=row.get("source"), is_public=row.get("is_public", True)
        )
        for row in table["question"]
    ]


def taught_answer(question: Question) -> str | None:
    """What the example that a question was drawn from says; None when no contribution covers the question."""
    if question.topic is None or question.source is None:
        return None
    pairs = read_pairs(question.topic)
    return next(pair.answer for pair in pairs if _key(pair.question) == _key(question.source))


def _one_line(value: object) -> str:
    return " ".join(str(value).split())


def _key(question: str) -> str:
    return question.lower().strip("?. ")
