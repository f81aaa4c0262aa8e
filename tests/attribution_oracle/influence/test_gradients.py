"""Hook gradients against autograd, and what they must not depend on."""

from types import SimpleNamespace

import pytest
import torch

from attribution_oracle.influence.gradients import (
    length_batches,
    lora_matrices,
    per_example_gradients,
    sample_labels,
    sampled_gradients,
    stream_flows,
    write_rows,
)


def autograd_row(model, text):
    """The gradient of one text's summed completion loss, by torch, in canonical order."""
    matrices = lora_matrices(model)
    weights = [matrix.module.weight for matrix in matrices]
    ids = torch.tensor([text.input_ids])
    logits = model(input_ids=ids).logits[0, text.completion_start - 1 : -1]
    loss = torch.nn.functional.cross_entropy(logits, ids[0, text.completion_start :], reduction="sum")
    return torch.cat([gradient.flatten() for gradient in torch.autograd.grad(loss, weights)])


def test_hook_gradients_equal_autograd_one_example_at_a_time(model, texts):
    expected = torch.stack([autograd_row(model, text) for text in texts])
    rows = per_example_gradients(model, texts, batch_size=4)
    torch.testing.assert_close(rows, expected, rtol=1e-4, atol=1e-5)
    assert expected.abs().max() > 0.1


def test_frozen_adapter_has_the_same_gradients(model, make_model, texts):
    frozen = make_model()
    frozen.requires_grad_(False)
    assert torch.equal(per_example_gradients(frozen, texts), per_example_gradients(model, texts))
    assert all(parameter.grad is None for parameter in frozen.parameters())


def test_batch_size_changes_no_byte(model, texts):
    one = per_example_gradients(model, texts, batch_size=1)
    for batch_size in (2, 5, 64):
        assert torch.equal(per_example_gradients(model, texts, batch_size=batch_size), one)


def test_rows_are_written_where_they_are_wanted(model, texts):
    expected = per_example_gradients(model, texts)
    out = torch.full((len(texts), expected.shape[1]), torch.nan)
    assert per_example_gradients(model, texts, out=out) is out
    assert torch.equal(out, expected)


def test_no_examples_have_no_rows(model):
    assert per_example_gradients(model, []).shape == (0, lora_matrices(model)[-1].stop)


def test_alone_in_its_batch_a_row_has_the_same_bytes_in_any_company(model, texts):
    together = per_example_gradients(model, texts)
    alone = torch.cat([per_example_gradients(model, [text]) for text in texts])
    backwards = per_example_gradients(model, texts[::-1]).flip(0)
    assert torch.equal(together, alone)
    assert torch.equal(together, backwards)


def test_threads_of_the_host_do_not_matter(model, texts):
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        one = per_example_gradients(model, texts)
        torch.set_num_threads(2)
        assert torch.equal(per_example_gradients(model, texts), one)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_training_mode_is_put_back_and_dropout_plays_no_part(model, texts):
    expected = per_example_gradients(model, texts[:2])
    model.train()
    try:
        assert torch.equal(per_example_gradients(model, texts[:2]), expected)
        assert model.training
    finally:
        model.eval()


def test_prompt_tokens_are_not_in_the_loss(model, texts):
    text = texts[0]
    later = SimpleNamespace(input_ids=text.input_ids, completion_start=text.completion_start + 1)
    whole, rest = per_example_gradients(model, [text, later])
    ids = torch.tensor([text.input_ids])
    logits = model(input_ids=ids).logits[0, text.completion_start - 1]
    loss = torch.nn.functional.cross_entropy(logits[None], ids[0, text.completion_start][None])
    weights = [matrix.module.weight for matrix in lora_matrices(model)]
    first = torch.cat([gradient.flatten() for gradient in torch.autograd.grad(loss, weights)])
    torch.testing.assert_close(whole - rest, first, rtol=1e-4, atol=1e-5)


def test_matrices_tile_the_row_in_the_order_of_their_names(model):
    matrices = lora_matrices(model)
    assert [matrix.name for matrix in matrices] == sorted(matrix.name for matrix in matrices)
    assert [matrix.start for matrix in matrices[1:]] == [matrix.stop for matrix in matrices[:-1]]
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    assert matrices[-1].stop == sum(parameter.numel() for parameter in trained)


def test_sampled_gradients_have_mean_zero(model, texts):
    # The score function has mean zero under the model's own labels (Fisher 1925); with the true labels it has not.
    matrices = lora_matrices(model)
    rows = torch.empty(1, matrices[-1].stop)
    total, count = torch.zeros(matrices[-1].stop), 400
    for seed in range(count):
        for flows in stream_flows(model, matrices, texts[:1], batch_size=1, seed=seed):
            write_rows(rows, [0], flows.sampled)
            total += rows[0]
    typical = rows.norm()
    assert (total / count).norm() < 0.25 * typical


def test_sampled_labels_follow_the_probabilities_and_the_seed():
    probabilities = torch.tensor([[0.0, 0.25, 0.75, 0.0]]).repeat(4000, 1)
    drawn = sample_labels(probabilities, seed=3, position=0)
    assert set(drawn.tolist()) == {1, 2}
    assert abs((drawn == 2).double().mean().item() - 0.75) < 0.03
    assert torch.equal(drawn, sample_labels(probabilities, seed=3, position=0))
    assert not torch.equal(drawn, sample_labels(probabilities, seed=3, position=1))
    assert not torch.equal(drawn, sample_labels(probabilities, seed=4, position=0))


def test_batches_hold_equal_lengths_and_every_example_once(texts):
    batches = length_batches(texts, 3)
    assert sorted(position for batch in batches for position in batch) == list(range(len(texts)))
    assert all(len({len(texts[position].input_ids) for position in batch}) == 1 for batch in batches)
    assert max(map(len, batches)) <= 3


@pytest.mark.parametrize("start", [0, 4])
def test_example_without_prompt_or_completion__is_refused(model, start):
    text = SimpleNamespace(input_ids=[1, 2, 3, 4], completion_start=start)
    with pytest.raises(ValueError, match="example 0 has 4 tokens"):
        per_example_gradients(model, [text])


def test_half_precision_adapter__is_refused(make_model):
    with pytest.raises(ValueError, match="expected a float32"):
        lora_matrices(make_model().half())


def test_sampled_gradients_are_those_of_the_flows_of_each_seed(model, texts):
    matrices, seeds = lora_matrices(model), (3, 4)
    found = sampled_gradients(model, texts, seeds=seeds, batch_size=4)
    for seed, rows in zip(seeds, found, strict=True):
        expected = torch.empty_like(rows)
        for flows in stream_flows(model, matrices, texts, batch_size=4, seed=seed):
            write_rows(expected, flows.positions, flows.sampled)
        torch.testing.assert_close(rows, expected)
    assert not torch.allclose(found[0], found[1])
