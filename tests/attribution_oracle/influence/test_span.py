"""Woodbury and conjugate gradients against dense inverses, and influence against retraining ridge regression."""

import pytest
import torch

from attribution_oracle.influence.span import conjugate_gradients, ridge_inverse, span_corrected


def dense(rows, ridge):
    return rows.T @ rows / len(rows) + ridge * torch.eye(rows.shape[1])


@pytest.mark.parametrize("count", [5, 40])
def test_ridge_inverse__with_fewer_or_more_rows_than_columns__is_the_dense_inverse(count):
    torch.manual_seed(0)
    rows, vectors = torch.randn(count, 12), torch.randn(7, 12)
    expected = torch.linalg.solve(dense(rows, 0.3), vectors.T).T
    torch.testing.assert_close(ridge_inverse(vectors, rows, 0.3), expected, rtol=1e-4, atol=1e-5)


def test_influence_with_the_exact_hessian_is_leaving_one_out_of_ridge_regression():
    torch.manual_seed(1)
    n, d, ridge = 40, 6, 2.0
    inputs, labels = torch.randn(n, d), torch.randn(n)

    def fitted(keep):
        x, y = inputs[keep], labels[keep]
        return torch.linalg.solve(x.T @ x + ridge * torch.eye(d), x.T @ y)

    everyone = torch.arange(n)
    weights = fitted(everyone)
    errors = inputs @ weights - labels
    # the Hessian of the sum of losses is n times that of `ridge_inverse`; removing row i moves the weights by H^-1 g_i,
    # and, for a squared loss, by exactly 1 / (1 - leverage) of that
    moved = ridge_inverse(errors[:, None] * inputs, inputs, ridge / n) / n
    leverages = (ridge_inverse(inputs, inputs, ridge / n) / n * inputs).sum(1)
    actual = torch.stack([fitted(everyone[everyone != i]) for i in range(n)]) - weights
    torch.testing.assert_close(moved / (1 - leverages)[:, None], actual, rtol=1e-3, atol=1e-5)


def test_span_correction__with_rho_one__changes_nothing():
    vectors = torch.randn(3, 8)
    assert torch.equal(span_corrected(vectors, torch.randn(5, 8), rho=1.0), vectors)


def test_span_correction__is_the_inverse_of_the_mixed_matrix():
    torch.manual_seed(2)
    vectors, sampled = torch.randn(3, 10), torch.randn(4, 10)
    mixed = 0.2 * sampled.T @ sampled / 4 + 0.8 * torch.eye(10)
    expected = torch.linalg.solve(mixed, vectors.T).T
    torch.testing.assert_close(span_corrected(vectors, sampled, rho=0.8), expected, rtol=1e-4, atol=1e-5)


def test_conjugate_gradients__with_a_step_for_each_eigenvalue__equal_woodbury():
    torch.manual_seed(3)
    vectors, sampled = torch.randn(6, 30), torch.randn(8, 30)
    expected = span_corrected(vectors, sampled, rho=0.5)
    torch.testing.assert_close(conjugate_gradients(vectors, sampled, rho=0.5, steps=9), expected, rtol=1e-3, atol=1e-4)


def test_conjugate_gradients__after_convergence_and_for_zeros__stay_finite():
    vectors = torch.stack([torch.zeros(5), torch.ones(5)])
    found = conjugate_gradients(vectors, torch.zeros(2, 5), rho=0.5, steps=6)
    torch.testing.assert_close(found, vectors * 2)


@pytest.mark.parametrize("rho", [0.0, -0.1, 1.1])
def test_span_correction__with_rho_outside_its_range__says_so(rho):
    with pytest.raises(ValueError, match="expected a number above 0 and at most 1"):
        span_corrected(torch.ones(1, 2), torch.ones(1, 2), rho=rho)


def test_ridge_inverse__without_a_ridge__says_so():
    with pytest.raises(ValueError, match="have no inverse"):
        ridge_inverse(torch.ones(1, 2), torch.ones(1, 2), 0.0)
