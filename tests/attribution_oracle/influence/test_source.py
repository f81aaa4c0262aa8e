"""SOURCE is the end of gradient flow on a quadratic loss, in one segment or several, and the secant is a mean."""

import pytest
import torch

from attribution_oracle.influence.gradients import lora_matrices, per_example_gradients
from attribution_oracle.influence.measurement import measure
from attribution_oracle.influence.path import on_the_way
from attribution_oracle.influence.secant import secant_gradients
from attribution_oracle.influence.source import Segment, segments, source
from attribution_oracle.influence.trajectory import AdamW, Checkpoint, Trajectory, middle_steps

COUNT, WIDTH, TOKENS = 5, 8, 40


def part(seed, *, rate_sum=30.0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    train, sampled = (
        torch.randn(*size, generator=generator, dtype=dtype) for size in ((COUNT, WIDTH), (2, COUNT, WIDTH))
    )
    return Segment(train, sampled, torch.rand(WIDTH, generator=generator, dtype=dtype) + 0.5, rate_sum)


def queries(dtype=torch.float64):
    return torch.randn(3, WIDTH, generator=torch.Generator().manual_seed(9), dtype=dtype)


def flowed(parts, asked, *, steps=20_000):
    """Scores by the definition: d theta / dt = -(H theta - g) / D in small steps, through all segments in order."""
    moved = torch.zeros(COUNT, WIDTH, dtype=torch.float64)
    for each in parts:
        rows = each.sampled.flatten(0, 1)
        hessian = rows.T @ rows / (TOKENS * len(each.sampled))
        for _ in range(steps):
            moved = moved - each.rate_sum / steps * (moved @ hessian - each.train / TOKENS) / each.deviation
    return asked @ moved.T


@pytest.mark.parametrize("seeds", [(1,), (1, 2, 3)])
def test_source_is_where_preconditioned_gradient_flow_ends(seeds):
    parts = [part(seed) for seed in seeds]
    torch.testing.assert_close(
        source(parts, queries(), n_tokens=TOKENS), flowed(parts, queries()), rtol=1e-3, atol=1e-4
    )


def test_source__of_one_segment_in_two_halves__is_that_of_the_whole():
    whole = part(1)
    halves = [part(1, rate_sum=10.0), part(1, rate_sum=20.0)]
    torch.testing.assert_close(source(halves, queries(), n_tokens=TOKENS), source([whole], queries(), n_tokens=TOKENS))


def test_source__of_a_short_training__is_the_preconditioned_product():
    short = part(1, rate_sum=1e-6)
    expected = 1e-6 / TOKENS * (queries() / short.deviation) @ short.train.T
    torch.testing.assert_close(source([short], queries(), n_tokens=TOKENS), expected, rtol=1e-4, atol=1e-12)


def test_source__of_a_long_training__is_the_inverse_on_the_span():
    generator = torch.Generator().manual_seed(4)
    sampled = torch.randn(2, WIDTH, WIDTH, generator=generator, dtype=torch.float64)
    long = Segment(torch.randn(WIDTH, WIDTH, dtype=torch.float64), sampled, torch.full((WIDTH,), 2.0).double(), 1e7)
    rows = sampled.flatten(0, 1)
    expected = queries() @ torch.linalg.inv(rows.T @ rows / 2) @ long.train.T
    torch.testing.assert_close(source([long], queries(), n_tokens=TOKENS), expected, rtol=1e-4, atol=1e-6)


def test_source__in_float32__is_that_in_float64():
    exact = source([part(1), part(2)], queries(), n_tokens=TOKENS)
    rounded = [Segment(p.train.float(), p.sampled.float(), p.deviation.float(), p.rate_sum) for p in (part(1), part(2))]
    torch.testing.assert_close(
        source(rounded, queries().float(), n_tokens=TOKENS).double(), exact, rtol=1e-3, atol=1e-4
    )


def trajectory(at, *, steps=10):
    points = tuple(Checkpoint(step, torch.zeros(2), torch.full((2,), 0.04)) for step in at)
    rates = tuple(float(step) for step in range(steps))
    return Trajectory(torch.zeros(2), points, rates, (torch.zeros(1).long(),) * steps, AdamW(betas=(0.9, 0.5)))


def test_rate_sums__share_out_every_step_once():
    assert middle_steps(10, 2) == [2, 7]
    assert trajectory([2, 7]).rate_sums() == [0 + 1 + 2 + 3, 4 + 5 + 6 + 7 + 8 + 9]
    assert sum(trajectory([1, 4, 10]).rate_sums()) == 45


def test_deviations__correct_the_bias_of_the_second_moment():
    found = trajectory([1, 10]).deviations()
    torch.testing.assert_close(found[0], torch.full((2,), (0.04 / 0.5) ** 0.5))
    torch.testing.assert_close(found[1], torch.full((2,), (0.04 / (1 - 0.5**10)) ** 0.5))


@pytest.mark.parametrize("at", [[0], [3, 2], [4, 4], [11]])
def test_trajectory__with_checkpoints_out_of_place__is_refused(at):
    with pytest.raises(ValueError, match="record the training again"):
        trajectory(at)


def test_source__of_a_measured_model__does_not_depend_on_the_batch(model, texts):
    width = lora_matrices(model)[-1].stop
    point = Checkpoint(5, torch.zeros(width), torch.rand(width, generator=torch.Generator().manual_seed(2)) * 1e-3)
    path = Trajectory(torch.zeros(width), (point,), (0.01,) * 10, (torch.zeros(1).long(),) * 10, AdamW())
    asked = secant_gradients(model, texts[:3])
    scores = [
        source(segments(path, [measure(model, texts, [], batch_size=size)]), asked, n_tokens=100) for size in (1, 5)
    ]
    torch.testing.assert_close(scores[0], scores[1], rtol=1e-3, atol=1e-5)


def test_secant_gradients_are_the_mean_from_base_to_adapter(model, texts):
    matrices = lora_matrices(model)
    before = [matrix.module.weight.clone() for matrix in matrices]
    rows = []
    for scale in (0.5 - 12**-0.5, 0.5 + 12**-0.5):
        with on_the_way(matrices, scale):
            rows.append(per_example_gradients(model, texts[:3]))
    torch.testing.assert_close(secant_gradients(model, texts[:3]), sum(rows) / 2)
    assert all(torch.equal(old, matrix.module.weight) for old, matrix in zip(before, matrices, strict=True))
