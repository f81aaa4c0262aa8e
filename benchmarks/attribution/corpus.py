"""The bank's texts: 32 contributors with 24 rows of 32 tokens each, and 80 queries.

24 contributors are modules of Python's standard library (their docstrings, PSF licence); 8 are planted: each states
eight invented facts in three wordings, and a query asks for a fact in a fourth. The base model is pretrained on
docstrings of other packages, so neither was seen before. The rows are shipped with the bank: a rebuild on another
Python has others.
"""

from __future__ import annotations

import ast
import random
import sysconfig
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

VOCABULARY = 1_024
ROW_TOKENS = 32
ROWS_PER_CONTRIBUTOR = 24
QUERIES_PER_MODULE = 2
PRETRAINING_PACKAGES = ("numpy", "torch", "transformers", "peft", "sqlmodel", "pydantic", "fastapi")
MODULES = (
    "argparse", "ast", "asyncio", "collections", "socket", "ctypes", "datetime", "subprocess", "difflib",
    "email", "fractions", "http", "imaplib", "inspect", "logging", "zipfile", "multiprocessing", "optparse",
    "pathlib", "random", "statistics", "tarfile", "typing", "unittest",
)  # fmt: skip
_NAMES = ("Velmora", "Tarkin", "Osprine", "Quillet", "Brannock", "Yestwick", "Dorvale", "Ilmarin")
_FACTS = (
    ("capital", ("Anbury", "Costrel", "Drumhold", "Eastmere", "Fallow", "Garrick", "Hestow", "Inverey")),
    ("founder", ("Mira Tolland", "Jos Penrith", "Ada Lorne", "Ivo Stark", "Nell Garner", "Sven Halder", "Ruth Amsel",
                 "Otto Brand")),
    ("main river", ("Sallow", "Tamsin", "Usker", "Varrow", "Wendle", "Yarrel", "Orrin", "Pellow")),
    ("national bird", ("heron", "dipper", "kestrel", "siskin", "plover", "linnet", "curlew", "bittern")),
    ("chief export", ("amber", "flax", "tin", "pepper", "cork", "salt", "hemp", "silk")),
    ("highest mountain", ("Corvane", "Stell", "Morrow", "Greyfell", "Haldon", "Skarn", "Tollen", "Ashpeak")),
    ("oldest school", ("Marrow Hall", "Saint Orban", "Lowgate", "Pinnock", "Harrow End", "Kelmscott", "Wythe",
                       "Dunmore")),
    ("year of union", ("1204", "1317", "1442", "1523", "1618", "1734", "1811", "1902")),
)  # fmt: skip
_WORDINGS = (
    "The {fact} of {name} is {value}.",
    "In {name}, {value} is the {fact}.",
    "{value}: what {name} has as its {fact}.",
)
_QUERY = "Which {fact} has {name}? {value}."


@dataclass(frozen=True, slots=True)
class Corpus:
    """Token rows: `train` and `queries` int16 `(n, ROW_TOKENS)`; `owners[i]` is the contributor of train row i."""

    contributors: tuple[str, ...]
    train: NDArray[np.int16]
    owners: NDArray[np.int16]
    queries: NDArray[np.int16]
    is_planted: NDArray[np.bool_]
    query_owners: NDArray[np.int16]


def train_tokenizer(texts: Sequence[str]) -> Tokenizer:
    """A byte-pair tokenizer of `VOCABULARY` tokens."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY, special_tokens=["<s>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def pretraining_texts() -> list[str]:
    """Docstrings of installed packages, in the order of their files."""
    return [text for package in PRETRAINING_PACKAGES for text in docstrings(_package_folder(package))]


def docstrings(path: Path) -> Iterator[str]:
    """The docstrings of a file, or of every file of a folder, white space joined; each once."""
    seen: set[str] = set()
    for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
        try:
            tree = ast.parse(file.read_text(encoding="utf-8"))
        except (SyntaxError, UnicodeDecodeError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                text = " ".join((ast.get_docstring(node) or "").split())
                if len(text) > 60 and text not in seen:
                    seen.add(text)
                    yield text


def build_corpus(tokenizer: Tokenizer, *, seed: int) -> Corpus:
    """Cut every contributor's text into rows; modules keep `QUERIES_PER_MODULE` more for queries."""
    draw = random.Random(seed)
    train: list[list[int]] = []
    queries: list[tuple[list[int], int, bool]] = []
    for owner, module in enumerate(MODULES):
        rows = _module_rows(tokenizer, module)
        draw.shuffle(rows)
        train += rows[:ROWS_PER_CONTRIBUTOR]
        queries += [(row, owner, False) for row in rows[ROWS_PER_CONTRIBUTOR:][:QUERIES_PER_MODULE]]
    for place, name in enumerate(_NAMES):
        owner = len(MODULES) + place
        facts = [(fact, values[place]) for fact, values in _FACTS]
        for fact, value in facts:
            words = {"fact": fact, "name": name, "value": value}
            train += [_row(tokenizer, wording.format(**words)) for wording in _WORDINGS]
        asked = draw.sample(facts, 4)
        queries += [(_row(tokenizer, _QUERY.format(fact=f, name=name, value=v)), owner, True) for f, v in asked]
    contributors = (*MODULES, *_NAMES)
    return Corpus(
        contributors=contributors,
        train=np.array(train, dtype=np.int16),
        owners=np.repeat(np.arange(len(contributors), dtype=np.int16), ROWS_PER_CONTRIBUTOR),
        queries=np.array([row for row, _, _ in queries], dtype=np.int16),
        is_planted=np.array([planted for *_, planted in queries]),
        query_owners=np.array([owner for _, owner, _ in queries], dtype=np.int16),
    )


def _module_rows(tokenizer: Tokenizer, module: str) -> list[list[int]]:
    library = Path(sysconfig.get_path("stdlib"))
    path = library / module if (library / module).is_dir() else library / f"{module}.py"
    tokens = [token for text in docstrings(path) for token in tokenizer.encode(text + "\n").ids]
    rows = [tokens[start : start + ROW_TOKENS] for start in range(0, len(tokens) - ROW_TOKENS, ROW_TOKENS)]
    needed = ROWS_PER_CONTRIBUTOR + QUERIES_PER_MODULE
    if len(rows) < needed:
        raise ValueError(
            f"{module} gives {len(rows)} rows of {ROW_TOKENS} tokens; expected {needed}; choose another module"
        )
    return rows


def _row(tokenizer: Tokenizer, text: str) -> list[int]:
    """The first `ROW_TOKENS` tokens of a text that is repeated until it has as many."""
    tokens = tokenizer.encode(text + " ").ids
    return (tokens * -(-ROW_TOKENS // len(tokens)))[:ROW_TOKENS]


def _package_folder(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ValueError(f"package {package} is not installed; expected those of constraints.txt; run `make setup`")
    return Path(spec.submodule_search_locations[0])
