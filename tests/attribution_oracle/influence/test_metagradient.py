"""The metagradient is the derivative of actual retraining, of a plain problem and of a peft model, at any spacing."""

import torch
from torch import nn
from torch.func import functional_call
from torch.nn.attention import SDPBackend, sdpa_kernel

from attribution_oracle.influence.metagradient import Run, metagradient, replay, secant
from attribution_oracle.influence.trajectory import AdamW

OPTIMIZER = AdamW(betas=(0.9, 0.99), root=1e-8, weight_decay=0.01)
STEPS, BATCH = 7, 3


def regression(*, clip=None, root=1e-6, examples=9, width=4):
    """Batches of a small nonlinear regression in float64, with the objective's two test losses."""
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(examples, width, generator=generator, dtype=torch.float64)
    targets = torch.randn(examples, generator=generator, dtype=torch.float64)
    asked = torch.randn(2, width, generator=generator, dtype=torch.float64)

    def terms(parameters, positions):
        return (torch.tanh(inputs[positions] @ parameters) - targets[positions]).square() / len(positions)

    batches = [torch.randperm(examples, generator=generator)[:BATCH] for _ in range(STEPS)]
    optimizer = AdamW(betas=(0.9, 0.99), root=root, weight_decay=0.01, clip=clip)
    start = torch.randn(width, generator=generator, dtype=torch.float64)
    run = Run(terms, start, batches, [0.05 * (1 - step / STEPS) for step in range(STEPS)], optimizer)
    return run, lambda parameters: torch.tanh(asked @ parameters).square(), examples


def differences(run, objective, examples, *, width):
    """Minus the objective's central differences by each example's weight, by retraining: `(n_objective, examples)`."""
    columns = []
    for example in range(examples):
        ends = []
        for sign in (1, -1):
            weights = torch.ones(examples, dtype=torch.float64)
            weights[example] += sign * width
            ends.append(objective(replay(run, weights)).detach())
        columns.append((ends[1] - ends[0]) / (2 * width))
    return torch.stack(columns, dim=1)


def exact_in_float64(model):
    """`transformers` computes norms and eager attention in float32 whatever the model: too coarse for differences."""
    model.double().set_attn_implementation("sdpa")
    for name, module in list(model.named_modules()):
        if name.endswith("norm"):
            exact = nn.RMSNorm(len(module.weight), eps=module.variance_epsilon, dtype=torch.float64)
            exact.weight = module.weight
            model.get_submodule(name.rpartition(".")[0]).register_module(name.rpartition(".")[2], exact)


def adapted_run(model, texts):
    """A training of all LoRA matrices of a peft model in float64, from B = 0, and the loss of two further texts."""
    exact_in_float64(model)
    sides = {name: p.detach() for name, p in model.named_parameters() if "lora_" in name}
    start = torch.cat([torch.zeros_like(p).flatten() if "lora_B" in n else p.flatten() for n, p in sides.items()])

    def loss(parameters, text):
        parts = torch.split(parameters, [side.numel() for side in sides.values()])
        state = {name: part.view_as(side) for (name, side), part in zip(sides.items(), parts, strict=True)}
        ids = torch.tensor([text.input_ids])
        logits = functional_call(model, state, (ids,)).logits[0, :-1]
        return torch.nn.functional.cross_entropy(logits, ids[0, 1:])

    def terms(parameters, positions):
        return torch.stack([loss(parameters, texts[int(p)]) for p in positions]) / len(positions)

    generator = torch.Generator().manual_seed(3)
    train = len(texts) - 2
    batches = [torch.randperm(train, generator=generator)[:BATCH] for _ in range(STEPS)]
    run = Run(terms, start, batches, [0.01] * STEPS, OPTIMIZER)
    return run, lambda parameters: torch.stack([loss(parameters, text) for text in texts[-2:]]), train


def test_metagradient_is_the_derivative_of_retraining():
    run, objective, examples = regression()
    found = metagradient(run, objective, examples)
    torch.testing.assert_close(found.scores, differences(run, objective, examples, width=1e-5), rtol=1e-5, atol=1e-9)
    torch.testing.assert_close(found.parameters, replay(run, torch.ones(examples, dtype=torch.float64)))


def test_metagradient__with_clipped_gradients__is_the_derivative_of_retraining():
    run, objective, examples = regression(clip=0.05)
    found = metagradient(run, objective, examples)
    torch.testing.assert_close(found.scores, differences(run, objective, examples, width=1e-5), rtol=1e-5, atol=1e-9)
    unclipped = metagradient(regression()[0], objective, examples)
    assert not torch.allclose(found.scores, unclipped.scores, rtol=0.1)


def test_metagradient__of_a_peft_model_from_zero_b__is_the_derivative_of_retraining(make_model, make_texts):
    run, objective, train = adapted_run(make_model(), make_texts(6))
    with sdpa_kernel(SDPBackend.MATH):
        found = metagradient(run, objective, train).scores
        actual = differences(run, objective, train, width=1e-4)
    assert (found - actual).norm() < 1e-3 * actual.norm()
    assert (found - actual).abs().max() < 1e-3 * actual.abs().max()


def test_metagradient__at_any_spacing__is_the_same():
    run, objective, examples = regression()
    plain = metagradient(run, objective, examples, spacing=1).scores
    for spacing in (2, 3, STEPS, None):
        torch.testing.assert_close(metagradient(run, objective, examples, spacing=spacing).scores, plain)


def test_replay_is_torch_adamw():
    run, _, examples = regression(clip=0.05, root=0.0)
    parameter = torch.nn.Parameter(run.start.clone())
    optimizer = torch.optim.AdamW([parameter], betas=(0.9, 0.99), weight_decay=0.01)
    for rate, batch in zip(run.rates, run.batches, strict=True):
        optimizer.param_groups[0]["lr"] = rate
        optimizer.zero_grad()
        run.terms(parameter, batch).sum().backward()
        torch.nn.utils.clip_grad_norm_([parameter], 0.05)
        optimizer.step()
    torch.testing.assert_close(replay(run, torch.ones(examples, dtype=torch.float64)), parameter.detach())


def test_metagradient__of_an_example_in_no_batch__is_zero():
    run, objective, examples = regression()
    scores = metagradient(run, objective, examples + 1).scores
    seen = {int(position) for batch in run.batches for position in batch}
    assert [bool(column.any()) for column in scores.T] == [place in seen for place in range(examples + 1)]
    assert 0 < len(seen) < examples + 1


def test_secant__of_a_quadratic_objective__foretells_the_way_back_to_the_start_exactly():
    run, _, examples = regression()
    matrix = torch.randn(4, 4, generator=torch.Generator().manual_seed(6), dtype=torch.float64)

    def objective(parameters):
        return torch.stack([(matrix @ parameters).square().sum(), (matrix @ (parameters + 1)).square().sum()])

    end = replay(run, torch.ones(examples, dtype=torch.float64))
    linear = secant(run, objective)
    at = end.clone().requires_grad_()
    rows = torch.stack([torch.autograd.grad(value, at, retain_graph=True)[0] for value in linear(at)])
    torch.testing.assert_close(rows @ (end - run.start), objective(end) - objective(run.start))
    found = metagradient(run, linear, examples).scores
    assert not torch.allclose(found, metagradient(run, objective, examples).scores, rtol=0.01)
