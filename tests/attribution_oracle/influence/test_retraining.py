"""Linear retraining is retraining: of one step, and of any number to first order in the rates."""

import pytest
import torch
from torch.nn import functional

from attribution_oracle.influence.gradients import lora_matrices
from attribution_oracle.influence.retraining import RetrainingSpec, displacements, effects, parameters_at
from attribution_oracle.influence.trajectory import AdamW, Trajectory
from tests.attribution_oracle.influence.seen_and_heard import image_model, images, logits

TRAIN, BATCH = 12, 4
GROUPS = torch.tensor([[k in group for k in range(TRAIN)] for group in ((0, 1, 2), (5,), (3, 7, 8, 11))])
SPEC = RetrainingSpec(checkpoints=2, draws=2)


@pytest.fixture(autouse=True)
def one_thread():
    """Products this small are not worth a second thread, which may have to wait for a core."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def text_loss(model, text):
    ids = torch.tensor([text.input_ids])
    predicted = model(input_ids=ids).logits[0, text.completion_start - 1 : -1]
    return functional.cross_entropy(predicted, ids[0, text.completion_start :], reduction="sum")


def image_loss(model, example):
    return functional.cross_entropy(logits(model, [example]), torch.tensor([example.label]), reduction="sum")


def predictions(example):
    return 1 if hasattr(example, "label") else len(example.input_ids) - example.completion_start


def vector(model):
    return torch.cat([matrix.module.weight.detach().flatten() for matrix in lora_matrices(model)])


def retrained(model, examples, *, rates, loss, without=None, constants=AdamW()):  # noqa: B008
    """Torch's own AdamW with an empty place for each example of a group; the model is left as it was."""
    matrices, start = lora_matrices(model), vector(model)
    weights = [matrix.module.weight.requires_grad_() for matrix in matrices]
    optimizer = torch.optim.AdamW(weights, betas=constants.betas, weight_decay=constants.weight_decay)
    draw, path, batches = torch.Generator().manual_seed(3), [], []
    with parameters_at(matrices, start):
        for rate in rates:
            chosen = torch.randperm(TRAIN, generator=draw)[:BATCH]
            path.append(vector(model))
            batches.append(chosen)
            kept = [k for k in chosen.tolist() if without is None or not without[k]]
            total = sum(predictions(examples[k]) for k in chosen.tolist())
            optimizer.param_groups[0]["lr"] = rate
            optimizer.zero_grad()
            (sum((loss(model, examples[k]) for k in kept), start=weights[0].sum() * 0) / total).backward()
            if constants.clip is not None:
                torch.nn.utils.clip_grad_norm_(weights, constants.clip)
            optimizer.step()
        end = vector(model)
    return end, Trajectory(start, (), tuple(rates), tuple(batches), constants, tuple(path))


def compared(model, examples, *, rates, loss=text_loss, spec=SPEC, constants=AdamW()):  # noqa: B008
    """Displacements `(n_group, P)` as foretold and as retraining has them."""
    end, trajectory = retrained(model, examples, rates=rates, loss=loss, constants=constants)
    found = displacements(model, examples, trajectory, GROUPS, spec)
    others = [retrained(model, examples, rates=rates, loss=loss, without=g, constants=constants)[0] for g in GROUPS]
    return found, torch.stack(others) - end


def off(found, actual):
    return float((found - actual).norm() / actual.norm())


@pytest.mark.parametrize("constants", [AdamW(), AdamW(weight_decay=0.1), AdamW(betas=(0.5, 0.9), clip=0.3)])
def test_displacements__after_one_step__are_those_of_retraining(make_model, make_texts, constants):
    found, actual = compared(make_model(), make_texts(TRAIN), rates=[0.01], constants=constants)
    assert actual[0].any()
    assert off(found, actual) < 1e-4


@pytest.mark.parametrize("constants", [AdamW(weight_decay=0.1), AdamW(betas=(0.9, 0.99), clip=0.3)])
def test_displacements__at_small_rates__are_those_of_retraining(make_model, make_texts, constants):
    model, texts = make_model(), make_texts(TRAIN)
    errors = [
        off(*compared(model, texts, rates=[rate * (1 - step / 9) for step in range(9)], constants=constants))
        for rate in (1e-3, 1e-4)
    ]
    assert errors[0] < 0.1 and errors[1] < errors[0] / 3


def test_displacements__of_images__are_those_of_retraining():
    found, actual = compared(image_model(), images(TRAIN, seed=1), rates=[1e-4] * 6, loss=image_loss)
    assert off(found, actual) < 0.1


def test_displacements__of_nobody__are_none(make_model, make_texts):
    _, trajectory = retrained(make_model(), make_texts(TRAIN), rates=[0.01] * 4, loss=text_loss)
    found = displacements(make_model(), make_texts(TRAIN), trajectory, torch.zeros(2, TRAIN, dtype=torch.bool), SPEC)
    assert not found.any()


def test_displacements__do_not_depend_on_which_groups_go_together(make_model, make_texts):
    model, texts = make_model(), make_texts(TRAIN)
    before = vector(model)
    _, trajectory = retrained(model, texts, rates=[0.01] * 5, loss=text_loss)
    whole = displacements(model, texts, trajectory, GROUPS, SPEC)
    alone = displacements(model, texts, trajectory, GROUPS, RetrainingSpec(checkpoints=2, draws=2, groups_at_a_time=1))
    torch.testing.assert_close(alone, whole, rtol=1e-3, atol=1e-6)
    assert torch.equal(vector(model), before)


def test_displacements__of_a_trajectory_without_its_path__are_refused(make_model, make_texts):
    bare = Trajectory(torch.zeros(3), (), (0.01,), (torch.arange(4),), AdamW())
    with pytest.raises(ValueError, match=r"0 of 1 steps.*record the training again"):
        displacements(make_model(), make_texts(TRAIN), bare, GROUPS, SPEC)


@pytest.mark.parametrize("kind", ["texts", "images"])
def test_effects_are_losses_of_the_moved_adapter_less_those_of_the_served_one(make_model, make_texts, kind):
    model, asked, loss = (
        (make_model(), make_texts(5), text_loss) if kind == "texts" else (image_model(), images(5, seed=2), image_loss)
    )
    here = vector(model)
    moved = 0.01 * torch.randn(3, len(here), generator=torch.Generator().manual_seed(1))
    found = effects(model, asked, moved, batch_size=2)
    for place, z in enumerate(moved):
        with torch.no_grad():
            before = torch.stack([loss(model, example) for example in asked])
            with parameters_at(lora_matrices(model), here + z):
                after = torch.stack([loss(model, example) for example in asked])
        torch.testing.assert_close(found[:, place], after - before, rtol=1e-3, atol=1e-4)
    assert torch.equal(vector(model), here)
