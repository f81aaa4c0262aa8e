"""Published methods against their formulas written out, the registry, ensembles and projections."""

import pytest
import torch

from attribution_oracle.influence import baselines
from attribution_oracle.influence.ensemble import ensemble
from attribution_oracle.influence.gradients import per_example_gradients
from attribution_oracle.influence.measurement import measure
from attribution_oracle.influence.methods import METHODS, Case, path_scores
from attribution_oracle.influence.projection import gaussian, sjlt
from attribution_oracle.influence.text import bm25, embedding_cosines


@pytest.fixture(scope="module")
def measured(model, texts):
    return measure(model, texts, texts[:5], batch_size=4, draws=2)


def test_gradient_dot__is_the_sum_of_products_pair_by_pair(model, texts, measured):
    rows = [per_example_gradients(model, [text])[0] for text in texts]
    expected = torch.tensor([[float(query @ row) for row in rows] for query in rows[:5]])
    torch.testing.assert_close(baselines.gradient_dot(measured), expected, rtol=1e-3, atol=1e-3)


def test_gradient_cosine__of_an_example_with_itself_is_one(measured):
    cosines = baselines.gradient_cosine(measured)
    torch.testing.assert_close(cosines.diagonal(), torch.ones(5))
    assert cosines.abs().max() <= 1 + 1e-5


def test_datainf__is_the_mean_of_single_inverses_matrix_by_matrix(measured):
    expected = torch.zeros(5, len(measured.train), dtype=torch.float64)
    for basis in measured.bases:
        train, queries = (rows[:, basis.start : basis.stop].double() for rows in (measured.train, measured.queries))
        ridge = 0.1 * train.square().mean()
        inverse = sum(torch.linalg.inv(torch.outer(g, g) + ridge * torch.eye(len(g))) for g in train) / len(train)
        expected += queries @ inverse @ train.T
    torch.testing.assert_close(baselines.datainf(measured).double(), expected, rtol=1e-3, atol=1e-3)


def test_empirical_fisher__is_the_dense_damped_inverse(measured):
    train, queries = measured.train.double(), measured.queries.double()
    fisher = train.T @ train / len(train)
    fisher += fisher.trace() / len(train) * torch.eye(len(fisher))  # as many eigenvalues are not zero
    expected = queries @ torch.linalg.solve(fisher, train.T)
    torch.testing.assert_close(baselines.empirical_fisher(measured).double(), expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("count", [5, 20])
def test_trak__with_an_orthogonal_projection_to_all_dimensions__is_the_dense_formula(count):
    torch.manual_seed(0)
    train, queries = torch.randn(count, 9), torch.randn(4, 9)
    rotation = torch.linalg.qr(torch.randn(9, 9))[0]
    kernel = train.T @ train + 0.5 * train.square().sum() / min(count, 9) * torch.eye(9)
    expected = queries @ torch.linalg.solve(kernel, train.T)
    found = baselines.trak_of_features(queries @ rotation, train @ rotation, damping=0.5)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_kfac__is_the_damped_kronecker_product(measured):
    basis = measured.bases[0]
    part = slice(basis.start, basis.stop)
    vectors = torch.kron(basis.left, basis.right).double()
    values = measured.spectrum[part].double()
    inverse = vectors @ torch.diag(1 / (values + 0.1 * values.mean())) @ vectors.T
    only = measured.__class__(
        train=torch.where(torch.arange(measured.train.shape[1]) < basis.stop, measured.train, 0.0),
        sampled=measured.sampled,
        queries=measured.queries,
        bases=measured.bases,
        spectrum=measured.spectrum,
    )
    expected = measured.queries[:, part].double() @ inverse @ measured.train[:, part].double().T
    torch.testing.assert_close(baselines.kfac(only).double(), expected, rtol=1e-3, atol=1e-3)


def test_ekfac_span__with_rho_one__is_ekfac(measured):
    assert torch.equal(baselines.ekfac_span(measured, rho=1.0), baselines.ekfac(measured))


def test_projections__keep_dot_products_on_average():
    torch.manual_seed(0)
    rows = torch.randn(4, 300)
    for project in (gaussian, sjlt):
        products = [project(rows, size=64, seed=seed) for seed in range(400)]
        found = torch.stack([p @ p.T for p in products])
        error = found.mean(0) - rows @ rows.T
        assert (error.abs() < 5 * found.std(0) / 400**0.5).all()


def test_gaussian__draws_every_part_of_a_long_row_anew():
    half = torch.randn(1, 4_096, generator=torch.Generator().manual_seed(2))
    found = gaussian(torch.cat([half, -half], dim=1), size=64, seed=0)
    assert found.norm() > half.norm()


def test_sjlt__is_linear_and_the_same_for_a_seed():
    rows = torch.randn(3, 50)
    assert torch.equal(sjlt(rows, size=8, seed=1), sjlt(rows, size=8, seed=1))
    assert not torch.equal(sjlt(rows, size=8, seed=1), sjlt(rows, size=8, seed=2))
    torch.testing.assert_close(sjlt(rows, size=8, seed=1).sum(0), sjlt(rows.sum(0)[None], size=8, seed=1)[0])


def test_ensemble__of_one__is_that_one_in_other_units():
    table = torch.randn(3, 4)
    torch.testing.assert_close(ensemble([table]) * table.abs().mean(), table)


def test_ensemble__depends_on_neither_order_nor_scale():
    tables = [torch.randn(3, 4) for _ in range(3)]
    expected = ensemble(tables)
    torch.testing.assert_close(ensemble(tables[::-1]), expected)
    torch.testing.assert_close(ensemble([tables[0] * 1e4, tables[1] * 1e-4, tables[2]]), expected)


def test_ensemble__with_a_table_of_zeros__is_finite_and_of_shapes_that_differ__says_so():
    assert ensemble([torch.zeros(2, 2), torch.ones(2, 2)]).tolist() == [[0.5, 0.5], [0.5, 0.5]]
    with pytest.raises(ValueError, match="of one shape"):
        ensemble([torch.zeros(2, 2), torch.zeros(2, 3)])


def test_text_methods__put_the_text_itself_first(model, texts):
    for scores in (bm25(texts, texts[:4]), embedding_cosines(model, texts, texts[:4], batch_size=3)):
        assert scores.argmax(1).tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("name", sorted(METHODS))
def test_every_method__gives_a_finite_table_of_one_or_two_adapters(name, make_model, texts):
    for seeds in ((0,), (0, 1)):
        case = Case(
            [make_model(seed) for seed in seeds],
            texts,
            texts[:3],
            train_owners=[position % 3 for position in range(len(texts))],
            query_owners=[0, 1, 2],
            batch_size=4,
        )
        scores = METHODS[name].scores(case)
        assert scores.shape == (3, len(texts)) and scores.isfinite().all() and scores.any()


def test_path_scores__are_at_most_the_length_of_the_query_and_rank_the_text_itself_first(model, texts):
    scores = path_scores(Case([model], texts, texts[:4], batch_size=4))
    assert scores.argmax(1).tolist() == [0, 1, 2, 3]
