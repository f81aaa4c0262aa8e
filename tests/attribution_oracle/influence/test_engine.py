"""The three calls end to end on a tiny model."""

import hashlib
import json
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from attribution_oracle.influence.engine import ScoringSpec, query_rows, score, train_index

ROOT = Path(__file__).resolve().parents[3]
# A tiny model's gradients resemble each other, so only real copies count as copies here.
SPEC = ScoringSpec(related_cosine="0.5", near_duplicate_cosine="0.95", noise_multiple=0)

DIGEST_SCRIPT = """
import hashlib, importlib.util, sys, torch
torch.set_num_threads(int(sys.argv[2]))
spec = importlib.util.spec_from_file_location("tiny", sys.argv[1])
tiny = importlib.util.module_from_spec(spec); sys.modules["tiny"] = tiny; spec.loader.exec_module(tiny)
from attribution_oracle.influence.engine import ScoringSpec, query_rows, score, train_index
model, texts = tiny.build_model(), tiny.random_texts(14)
index = train_index(model, texts, [i // 3 for i in range(14)], ScoringSpec())
rows = query_rows(index, model, texts[:4])
print(hashlib.sha256(index.rows.codes.tobytes() + rows.codes.tobytes() + score(index, rows).tobytes()).hexdigest())
"""


@pytest.fixture(scope="module")
def index(model, texts):
    return train_index(model, texts, [10 + i // 3 for i in range(len(texts))], SPEC)


def test_spec_is_evidence_as_it_stands():
    assert all(isinstance(value, (int, str)) for value in asdict(ScoringSpec()).values())
    assert ScoringSpec(**json.loads(json.dumps(asdict(ScoringSpec())))) == ScoringSpec()


def test_a_text_scores_highest_on_itself(index, model, texts):
    rows = query_rows(index, model, texts)
    table = score(replace(index, columns=tuple(range(len(texts))), contribution_ids=tuple(range(len(texts)))), rows)
    assert table.dtype == np.int64
    own = np.array([i for i in range(len(texts)) if index.is_paid[i]])
    assert np.array_equal(table[own].argmax(axis=1), own)


def test_scores_of_contributions_are_sums_over_their_examples(index, model, texts):
    rows = query_rows(index, model, texts[:3])
    alone = replace(index, columns=tuple(range(len(texts))), contribution_ids=tuple(range(len(texts))))
    by_example = score(alone, rows)
    table = score(index, rows)
    assert index.contribution_ids == (10, 11, 12, 13, 14)
    assert np.array_equal(table[:, 1], by_example[:, 3:6].sum(axis=1))


def test_progress_reaches_the_total(model, texts):
    seen = []
    train_index(model, texts[:3], [1, 1, 2], SPEC, lambda done, total: seen.append((done, total)))
    # three passes, and no two of these texts share a batch
    assert seen == [(done, 9) for done in range(1, 10)]


def test_query_row_does_not_depend_on_the_other_queries(index, model, texts):
    together = query_rows(index, model, texts[:6])
    for i in range(6):
        alone = query_rows(index, model, texts[i : i + 1])
        assert np.array_equal(alone.codes[0], together.codes[i])
        assert alone.scales[0] == together.scales[i]


def test_batch_size_moves_no_code_by_more_than_one(index, model, texts):
    batched = train_index(model, texts, [10 + i // 3 for i in range(len(texts))], replace(SPEC, batch_size=4))
    assert np.abs(batched.rows.codes.astype(int) - index.rows.codes).max() <= 1


@pytest.mark.slow
def test_processes_and_threads_give_the_same_bytes(model, texts):
    here = train_index(model, texts, [i // 3 for i in range(14)], ScoringSpec())
    rows = query_rows(here, model, texts[:4])
    expected = hashlib.sha256(
        here.rows.codes.tobytes() + rows.codes.tobytes() + score(here, rows).tobytes()
    ).hexdigest()
    tiny = Path(__file__).with_name("conftest.py")
    for threads in ("1", "2"):
        command = [sys.executable, "-c", DIGEST_SCRIPT, str(tiny), threads]
        assert subprocess.check_output(command, cwd=ROOT, text=True, stderr=subprocess.DEVNULL).strip() == expected


def test_copies_earn_nothing_and_victims_lose_nothing(model, texts, edit):
    copied = [*texts, *texts[:3], *(edit(text) for text in texts[:3])]
    ids = [1] * 3 + [2] * 11 + [66] * 6
    spec = replace(SPEC, related_cosine="0")  # every earlier text counts, so what is left is orthogonal to all of them
    honest, attacked = (train_index(model, t, i, spec) for t, i in ((texts, ids[:14]), (copied, ids)))
    before = score(honest, query_rows(honest, model, texts[:3]))
    after = score(attacked, query_rows(attacked, model, texts[:3]))
    assert attacked.contribution_ids == (1, 2, 66)
    assert not attacked.is_paid[14:17].any()
    # The queries are the originals themselves: nothing of a copy points their way, but for the rounding to int8.
    assert (np.abs(after[:, 2]) < 0.01 * after[:, 0]).all()
    # The copies take part in fitting the Fisher matrix, so the victim's score moves a little, but is not shared.
    assert (after[:, 0] > 0.7 * before[:, 0]).all()
    assert (before[:, 0] > 0).all()


def test_splitting_one_account_into_many_changes_nothing(index, model, texts):
    rows = query_rows(index, model, texts[:4])
    split = train_index(model, texts, list(range(14)), SPEC)
    assert np.array_equal(split.rows.codes, index.rows.codes)
    parts = score(split, query_rows(split, model, texts[:4]))
    assert np.array_equal(score(index, rows)[:, 0], parts[:, 0:3].sum(axis=1))


def test_shuffled_scores_carry_no_signal(model, make_texts):
    # Queries are the train texts, so the right column is known; a shuffled table finds it no oftener than chance.
    texts = make_texts(40, seed=8)
    index = train_index(model, texts, list(range(40)), SPEC)
    table = score(index, query_rows(index, model, texts))
    paid = np.flatnonzero(index.is_paid)
    generator = np.random.default_rng(0)
    shuffled = np.stack([generator.permutation(line) for line in table])
    assert (table[paid].argmax(axis=1) == paid).mean() > 0.9
    assert (shuffled[paid].argmax(axis=1) == paid).mean() < 0.2


def test_examples_without_an_id_each__are_refused(model, texts):
    with pytest.raises(ValueError, match="14 examples and 2 contribution ids"):
        train_index(model, texts, [1, 2], SPEC)
    with pytest.raises(ValueError, match="0 examples"):
        train_index(model, [], [], SPEC)


def test_model_is_left_as_it_was(model, texts):
    before = {name: value.clone() for name, value in model.state_dict().items()}
    train_index(model, texts[:3], [1, 1, 2], SPEC)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert not any(module._forward_hooks for module in model.modules())
