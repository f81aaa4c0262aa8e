"""Images and sounds: gradients against autograd, drawn classes, and what a trained adapter's gradients find."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional

from attribution_oracle.influence.engine import ScoringSpec, query_rows, score, train_index
from attribution_oracle.influence.gradients import lora_matrices, per_example_gradients, stream_flows, write_rows
from attribution_oracle.influence.heads import ClassHead, head_of
from attribution_oracle.influence.measurement import measure
from tests.attribution_oracle.influence.seen_and_heard import (
    Labelled,
    audio_model,
    image_model,
    images,
    logits,
    tones,
    train,
)

KINDS = {"image": (image_model, images), "audio": (audio_model, tones)}


def autograd_row(model, example, label):
    weights = [matrix.module.weight for matrix in lora_matrices(model)]
    loss = functional.cross_entropy(logits(model, [example]), torch.tensor([label]), reduction="sum")
    return torch.cat([gradient.flatten() for gradient in torch.autograd.grad(loss, weights)])


def nearest(rows, queries):
    """The nearest row by cosine of every query."""
    return (functional.normalize(queries) @ functional.normalize(rows).T).argmax(1).tolist()


def same_class(found, train_examples, queries):
    return np.mean([train_examples[near].label == query.label for near, query in zip(found, queries, strict=True)])


@pytest.fixture(scope="module", params=sorted(KINDS))
def trained(request):
    """A kind of model trained on its examples, with its classifier saved beside the LoRA matrices; and new examples."""
    build, generate = KINDS[request.param]
    examples = generate(300, seed=1)
    return train(build(saved=["classifier"]), examples, steps=250), examples, generate(100, seed=2)


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("saved", [None, ["classifier"]])
def test_rows_equal_autograd_one_example_at_a_time(kind, saved):
    build, generate = KINDS[kind]
    model, examples = build(saved=saved), generate(7, seed=3)
    assert isinstance(head_of(model, examples), ClassHead)
    expected = torch.stack([autograd_row(model, example, example.label) for example in examples])
    for batch_size in (1, 4):
        rows = per_example_gradients(model, examples, batch_size=batch_size)
        torch.testing.assert_close(rows, expected, rtol=1e-4, atol=2e-5 * expected.abs().max().item())
    assert expected.abs().max() > 0.1


def test_only_lora_matrices_are_rows():
    model = image_model(saved=["classifier"])
    trained_elsewhere = [name for name, p in model.named_parameters() if p.requires_grad and "lora_" not in name]
    assert trained_elsewhere == [f"base_model.model.classifier.modules_to_save.default.{w}" for w in ("weight", "bias")]
    lora = [p for name, p in model.named_parameters() if p.requires_grad and "lora_" in name]
    assert lora_matrices(model)[-1].stop == sum(parameter.numel() for parameter in lora)
    assert not any("classifier" in matrix.name for matrix in lora_matrices(model))
    assert any("classifier" in matrix.name for matrix in lora_matrices(image_model()))


def test_drawn_classes_have_the_gradients_of_some_class_and_follow_the_probabilities():
    model, example = image_model(), images(1, seed=3)
    matrices = lora_matrices(model)
    by_class = torch.stack([autograd_row(model, example[0], label) for label in range(10)])
    rows, counts = torch.empty(1, matrices[-1].stop), torch.zeros(10)
    draws = 150
    for seed in range(draws):
        for flows in stream_flows(model, matrices, example, batch_size=1, seed=seed):
            write_rows(rows, flows.positions, flows.sampled)
        distances = (by_class - rows).norm(dim=1)
        assert distances.min() < 1e-4 * by_class.norm()
        counts[distances.argmin()] += 1
    probabilities = logits(model, example).softmax(1)[0].detach()
    assert (counts / draws - probabilities).abs().max() < 4 * (0.25 / draws) ** 0.5


def test_drawn_classes_do_not_depend_on_the_batch(trained):
    model, examples, _ = trained
    matrices = lora_matrices(model)

    def sampled(batch_size):
        rows = torch.empty(20, matrices[-1].stop)
        for flows in stream_flows(model, matrices, examples[:20], batch_size=batch_size, seed=5):
            write_rows(rows, flows.positions, flows.sampled)
        return rows

    torch.testing.assert_close(sampled(1), sampled(8), rtol=1e-3, atol=1e-5)


def test_nearest_training_example_is_of_the_same_class_far_above_chance(trained):
    model, examples, queries = trained
    found = measure(model, examples, queries, batch_size=50)
    hits = same_class(nearest(found.train, found.queries), examples, queries)
    chance = 1 / (1 + max(example.label for example in examples))
    assert hits > 0.5 + chance / 2
    shuffled = torch.randperm(len(examples), generator=torch.Generator().manual_seed(0))
    assert same_class(nearest(found.train[shuffled], found.queries), examples, queries) < 3 * chance


def test_engine_pays_the_contribution_of_the_same_class(trained):
    # One contribution holds one class, so a score of contributions is a score of classes.
    model, examples, queries = trained
    spec = ScoringSpec(batch_size=50, related_cosine="0.98", near_duplicate_cosine="0.999", noise_multiple=0)
    index = train_index(model, examples, [example.label for example in examples], spec)
    table = score(index, query_rows(index, model, queries))
    best = np.array(index.contribution_ids)[table.argmax(axis=1)]
    assert np.mean(best == [query.label for query in queries]) > 0.5


def test_inputs_of_other_shapes_go_to_other_batches():
    sizes = (8, 6, 8, 6, 8)
    examples = [Labelled({"pixel_values": torch.zeros(1, size, size)}, 0) for size in sizes]
    assert ClassHead(None).batches(examples, 2) == [[1, 3], [0, 2], [4]]


def test_label_that_is_no_class__is_refused():
    example = replace(images(1, seed=0)[0], label=10)
    with pytest.raises(ValueError, match="label 10 is not one of the model's 10 classes"):
        per_example_gradients(image_model(), [example])
