"""The shipped bank: small, whole, and its adapters are those whose losses it keeps."""

import numpy as np
import torch

from attribution_oracle.evaluation import bank as retrain_bank
from attribution_oracle.evaluation.metrics import ceiling
from attribution_oracle.evaluation.models import adapter_model, texts
from benchmarks.attribution.bank import FOLDER, SEEN_SEEDS, UNSEEN_SEEDS, WITHOUT, load_bank


def test_bank__is_small_enough_to_ship():
    assert sum(path.stat().st_size for path in FOLDER.rglob("*")) < 3_000_000


def test_bank__as_arrays__is_the_same_as_the_folder():
    arrays, folder = load_bank(), retrain_bank.load_bank(FOLDER)
    assert folder.adapter_seeds == (*SEEN_SEEDS, *UNSEEN_SEEDS)
    assert (arrays.corpus.owners == folder.owners).all()
    assert arrays.corpus.train[5].tolist() == folder.train[5].input_ids
    left_out = folder.group("without").left_out
    assert left_out == tuple(arrays.corpus.contributors[place] for place in WITHOUT)
    for mask, name in zip(folder.group("without").masks, left_out, strict=True):
        assert {folder.train[row].contributor for row in np.flatnonzero(~mask)} == {name}


def test_adapter_of_a_retrain_seed__has_the_losses_that_the_bank_keeps():
    bank = retrain_bank.load_bank(FOLDER)
    seed = SEEN_SEEDS[0]
    ids = torch.tensor([row.input_ids for row in bank.queries])
    with torch.inference_mode():
        logits = adapter_model(bank, seed)(input_ids=ids).logits[:, :-1]
        flat = torch.nn.functional.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten(), reduction="none")
    full = bank.group("full")
    kept = full.losses[full.seeds.index(seed), 0]
    # training is chaotic enough that another kind of processor moves a loss in its last digits
    np.testing.assert_allclose(flat.view(len(ids), -1).sum(1).numpy(), kept, rtol=1e-3)


def test_seeds_of_the_bank__agree_enough_to_measure_with():
    assert 0.8 < ceiling(retrain_bank.load_bank(FOLDER).group("half").losses) < 0.95


def test_planted_queries__read_as_questions():
    bank = retrain_bank.load_bank(FOLDER)
    planted = [row for row in bank.queries if "planted" in row.tags]
    assert len(planted) == 32
    assert texts(bank, planted[:1])[0].startswith("Which ")
