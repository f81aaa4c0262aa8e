"""Rows through the adapted weights against autograd on the weights themselves."""

import pytest
import torch

from attribution_oracle.influence.gradients import lora_matrices
from attribution_oracle.influence.path import (
    PathSpec,
    adapted_weights,
    gauss_legendre,
    on_the_way,
    path_index,
    path_rows,
)

SPEC = PathSpec(points=1, batch_size=4)


def weight_gradients(model, text):
    """The gradients of the text's loss with respect to the base weights that LoRA adapts, in canonical order."""
    layers = {name: m for name, m in model.named_modules() if hasattr(m, "base_layer")}
    weights = [layers[name].base_layer.weight.requires_grad_() for name in sorted(layers)]
    ids = torch.tensor([text.input_ids])
    logits = model(input_ids=ids).logits[0, text.completion_start - 1 : -1]
    loss = torch.nn.functional.cross_entropy(logits, ids[0, text.completion_start :], reduction="sum")
    return torch.autograd.grad(loss, weights)


def test_rows__at_half_the_adapter__are_the_weights_gradients_rotated_and_whitened(model, texts):
    index = path_index([model], texts, SPEC)
    with on_the_way(lora_matrices(model), 0.5):
        gradients = weight_gradients(model, texts[3])
    for basis, gradient in zip(index.whitening.bases, gradients, strict=True):
        part = slice(basis.start, basis.stop)
        # lora_alpha / r is 2: an adapter's outputs are scaled by it, and so is what flows back to them
        expected = (basis.left.T @ gradient @ basis.right).flatten() * 2 * index.whitening.inverse_root[part]
        torch.testing.assert_close(index.train[3, part], expected, rtol=1e-3, atol=1e-4)


def test_query_rows_of_the_train_examples_are_the_train_rows(model, texts):
    spec = PathSpec(points=2, batch_size=4)
    index = path_index([model], texts, spec)
    torch.testing.assert_close(path_rows(index, [model], texts), index.train, rtol=1e-4, atol=1e-5)


def test_rows_of_two_places__are_their_mean(make_model, texts):
    model = make_model()
    index = path_index([model], texts, PathSpec(points=2, batch_size=4))
    found = path_rows(index, [model], texts[:2])
    parts = []
    for scale, _ in gauss_legendre(2):
        with on_the_way(lora_matrices(model), scale):
            gradients = [torch.cat([g.flatten() for g in rotated(index, model, text)]) for text in texts[:2]]
        parts.append(torch.stack(gradients) * 2 * index.whitening.inverse_root)
    torch.testing.assert_close(found, (parts[0] + parts[1]) / 2, rtol=1e-3, atol=1e-4)


def rotated(index, model, text):
    pairs = zip(index.whitening.bases, weight_gradients(model, text), strict=True)
    return [basis.left.T @ gradient @ basis.right for basis, gradient in pairs]


def test_rows_of_two_adapters__are_the_mean_of_each(make_model, texts):
    models = [make_model(0), make_model(1)]
    index = path_index(models, texts, SPEC)
    each = [path_rows(index, [model], texts) for model in models]
    torch.testing.assert_close(path_rows(index, models, texts), (each[0] + each[1]) / 2, rtol=1e-4, atol=1e-5)


def test_kept_eigenvectors__are_the_strongest_and_square_the_row(model, texts):
    whole, kept = (path_index([model], texts, PathSpec(points=1, keep=keep, batch_size=4)) for keep in (0, 8))
    assert kept.train.shape[1] == 64 * len(kept.whitening.bases)
    for full, part in zip(whole.whitening.bases, kept.whitening.bases, strict=True):
        assert torch.equal(full.left[:, -8:], part.left)
        assert torch.equal(full.right[:, -8:], part.right)


def test_whitening__leaves_mean_squares_below_one(model, texts):
    index = path_index([model], texts, PathSpec(points=1, damping=1e-6, batch_size=4))
    assert index.train.isfinite().all()
    assert index.whitening.inverse_root.isfinite().all()


def test_on_the_way__scales_the_outputs_and_gives_them_back_to_the_bit(model):
    matrices = lora_matrices(model)
    before = [matrix.module.weight.clone() for matrix in matrices]
    with pytest.raises(RuntimeError, match="inside"), on_the_way(matrices, 0.3):
        for matrix, weight in zip(matrices, before, strict=True):
            expected = weight * 0.3 if ".lora_B." in matrix.name else weight
            torch.testing.assert_close(matrix.module.weight, expected)
        raise RuntimeError("inside")
    assert all(torch.equal(m.module.weight, weight) for m, weight in zip(matrices, before, strict=True))


def test_gauss_legendre__integrates_polynomials_exactly():
    for points in (1, 2, 3):
        for degree in range(2 * points):
            found = sum(weight * place**degree for place, weight in gauss_legendre(points))
            assert found == pytest.approx(1 / (degree + 1))


def test_adapted_weights__without_a_pair__says_so(model):
    with pytest.raises(ValueError, match="expected lora_A and lora_B"):
        adapted_weights(lora_matrices(model)[:-1])
