"""Whitening against the damped inverse Fisher matrix, and influence against leave-one-out regression."""

import itertools

import torch
from torch import nn

from attribution_oracle.influence.ekfac import FactorSums, fit_whitening, whiten
from attribution_oracle.influence.gradients import Flow, LoraMatrix, lora_matrices, stream_flows, write_rows

DAMPING = 0.1


def outer_rows(flow):
    return torch.einsum("bto,bti->boi", flow.gradients, flow.inputs).flatten(1)


def linear_whitening(n_in, n_out, flow):
    matrix = LoraMatrix("linear", nn.Linear(n_in, n_out, bias=False), 0)
    factors = FactorSums([matrix])
    factors.add([flow])
    return fit_whitening(factors.bases(), outer_rows(flow), damping=DAMPING)


def test_with_kronecker_structure__white_dot_product_is_the_damped_inverse_fisher():
    # Every input meets every output gradient, so the Fisher matrix is exactly a Kronecker product.
    torch.manual_seed(0)
    pairs = list(itertools.product(torch.randn(6, 4), torch.randn(5, 3)))
    flow = Flow(torch.stack([x for x, _ in pairs])[:, None], torch.stack([g for _, g in pairs])[:, None])
    rows = outer_rows(flow)
    fisher = rows.T @ rows / len(rows)
    damped = fisher + DAMPING * fisher.diagonal().mean() * torch.eye(len(fisher))
    left, right = torch.randn(7, 12), torch.randn(9, 12)
    expected = left @ torch.linalg.solve(damped, right.T)
    whitening = linear_whitening(4, 3, flow)
    found = whiten(whitening, left.clone()) @ whiten(whitening, right.clone()).T
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4)


def test_influence_on_ridge_regression__ranks_and_scales_like_leaving_one_out():
    torch.manual_seed(1)
    n, d = 60, 6
    inputs = torch.randn(n, d) @ torch.diag(torch.linspace(0.3, 2.0, d))
    truth = torch.randn(d)
    labels = inputs @ truth + 0.5 * torch.randn(n)
    signs = torch.where(torch.arange(n) % 2 == 0, 1.0, -1.0)
    # For squared loss, labels drawn from the model leave residuals of size one: the Fisher matrix is X^T X / n.
    whitening = linear_whitening(d, 1, Flow(inputs[:, None], signs[:, None, None]))
    ridge = n * DAMPING * (inputs.square().mean(0)).mean()

    def fitted(keep):
        x, y = inputs[keep], labels[keep]
        return torch.linalg.solve(x.T @ x + ridge * torch.eye(d), x.T @ y)

    everyone = torch.arange(n)
    weights = fitted(everyone)
    query, answer = torch.randn(d), torch.tensor(3.0)

    def loss(w):
        return 0.5 * (query @ w - answer) ** 2

    actual = torch.stack([loss(fitted(everyone[everyone != i])) - loss(weights) for i in range(n)])
    rows = whiten(whitening, (inputs @ weights - labels)[:, None] * inputs)
    influence = rows @ whiten(whitening, ((query @ weights - answer) * query)[None])[0] / n
    ranks = torch.stack([influence, actual]).argsort(dim=1).argsort(dim=1).double()
    assert torch.corrcoef(ranks)[0, 1] > 0.99
    assert torch.corrcoef(torch.stack([influence, actual]))[0, 1] > 0.98


def test_corrected_eigenvalues_are_the_mean_squares_in_the_eigenbasis(model, texts):
    matrices = lora_matrices(model)
    sampled, factors = torch.empty(len(texts), matrices[-1].stop), FactorSums(matrices)
    for flows in stream_flows(model, matrices, texts, batch_size=4, seed=0):
        write_rows(sampled, flows.positions, flows.sampled)
        factors.add(flows.sampled)
    bases = factors.bases()
    white = whiten(fit_whitening(bases, sampled, damping=1e-6), sampled.clone())
    for basis in bases:
        identity = torch.eye(len(basis.right))
        torch.testing.assert_close(basis.right.T @ basis.right, identity, rtol=0, atol=1e-5)
        mean_squares = white[:, basis.start : basis.stop].square().mean(0)
        # Coordinates that carry more than the damping have mean square one afterwards.
        assert mean_squares.median() > 0.9
        assert mean_squares.max() < 1.001


def test_whitening_one_row_does_not_depend_on_the_others(model, texts):
    matrices = lora_matrices(model)
    rows, factors = torch.randn(5, matrices[-1].stop), FactorSums(matrices)
    for flows in stream_flows(model, matrices, texts, batch_size=4, seed=0):
        factors.add(flows.sampled)
    whitening = fit_whitening(factors.bases(), rows, damping=DAMPING)
    together = whiten(whitening, rows.clone())
    assert torch.equal(together, torch.cat([whiten(whitening, row[None].clone()) for row in rows]))


def test_matrix_without_gradients_stays_zero():
    flow = Flow(torch.zeros(3, 1, 2), torch.ones(3, 1, 2))
    whitening = linear_whitening(2, 2, flow)
    assert torch.equal(whiten(whitening, torch.zeros(1, 4)), torch.zeros(1, 4))
    assert whitening.inverse_root.isfinite().all()
