"""Hashed rows are `path`'s rows, shorter: the same products but for the hash, whatever shares a batch."""

from dataclasses import replace

import pytest
import torch

from attribution_oracle.influence import hashed
from attribution_oracle.influence.ekfac import Basis, Whitening
from attribution_oracle.influence.gradients import Flow, lora_matrices
from attribution_oracle.influence.hashed import HashedSpec, _Rows, query_rows, row_width, train_rows
from attribution_oracle.influence.path import AdaptedWeight, PathSpec, path_index, path_rows

WHOLE = HashedSpec(place=0.5, damping=3.0, size=1 << 20, batch_size=4, seed=0)
SHORT = replace(WHOLE, size=512)


@pytest.fixture(scope="module")
def whitening(model, texts):
    return train_rows(model, texts, WHOLE)[0]


def test_rows_that_fit__are_those_of_path_at_one_place(model, texts, make_texts, whitening):
    index = path_index([model], texts, PathSpec(points=1, damping=3.0))
    torch.testing.assert_close(query_rows(model, whitening, texts, WHOLE), index.train, rtol=1e-3, atol=1e-5)
    asked = make_texts(3, seed=5)
    expected = path_rows(index, [model], asked)
    torch.testing.assert_close(query_rows(model, whitening, asked, WHOLE), expected, rtol=1e-3, atol=1e-5)


def test_hash__keeps_products_up_to_its_size(model, texts, whitening):
    whole, short = (query_rows(model, whitening, texts, spec) for spec in (WHOLE, SHORT))
    assert (whole.shape[1], short.shape[1]) == (row_width(model, WHOLE.size), 512)
    assert whole.shape[1] > 4 * 512
    lengths = whole.norm(dim=1)
    off = (short @ short.T - whole @ whole.T) / (lengths[:, None] * lengths)
    assert off.abs().max() < 5 * 512**-0.5
    assert off.square().mean().sqrt() < 2 * 512**-0.5


def test_hash__of_another_seed__is_another(model, texts, whitening):
    rows = query_rows(model, whitening, texts, SHORT)
    assert not torch.allclose(rows, query_rows(model, whitening, texts, replace(SHORT, seed=1)))


def test_hash__of_each_weight__is_its_own():
    """What two weights of one shape have at the same place must not always meet in one bucket."""
    weights = [AdaptedWeight(0, 1, (32, 32), start=0), AdaptedWeight(2, 3, (32, 32), start=1024)]
    bases = [Basis(weight.start, weight.stop, torch.eye(32), torch.eye(32)) for weight in weights]
    rows = _Rows(weights, Whitening(bases, torch.ones(2048)), 1, replace(SHORT, size=256))
    inputs, gradients = torch.randn(2, 1, 3, 32, generator=torch.Generator().manual_seed(1))
    rows.fill([0], [Flow(inputs, gradients), Flow(inputs, -gradients)])
    product = (gradients[0].T @ inputs[0]).norm()
    assert 0.5 * product < rows.filled.norm() < 2.5 * product


@pytest.mark.parametrize("spec", [WHOLE, SHORT])
def test_bits__do_not_depend_on_what_shares_a_batch(model, texts, spec):
    whitening, rows = train_rows(model, texts, spec)
    assert torch.equal(query_rows(model, whitening, texts, spec), rows)
    assert torch.equal(query_rows(model, whitening, texts[4:6], spec), rows[4:6])
    for size in (1, 3):
        again, same = train_rows(model, texts, replace(spec, batch_size=size))
        assert torch.equal(again.inverse_root, whitening.inverse_root)
        assert torch.equal(same, rows)


def test_bits__are_the_same_where_nothing_fits_into_memory(model, texts, monkeypatch):
    whitening, rows = train_rows(model, texts, SHORT)
    monkeypatch.setattr(hashed, "KEPT_BYTES", 10_000)
    again, same = train_rows(model, texts, SHORT)
    assert torch.equal(again.inverse_root, whitening.inverse_root)
    assert torch.equal(same, rows)


def test_model_is_left_as_it_was__and_every_example_is_seen_in_each_pass(model, texts):
    before, seen = [matrix.module.weight.clone() for matrix in lora_matrices(model)], []
    train_rows(model, texts, SHORT, seen.append)
    assert sum(seen) == hashed.PASSES * len(texts)
    after = [matrix.module.weight for matrix in lora_matrices(model)]
    assert all(torch.equal(left, right) for left, right in zip(before, after, strict=True))
