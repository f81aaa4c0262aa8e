"""The stacked model computes what `transformers` and `peft` do, and a stack what its members do alone."""

import numpy as np
import pytest
import torch

from attribution_oracle.influence.gradients import lora_matrices
from attribution_oracle.influence.metagradient import Run, replay
from benchmarks.attribution import same_order
from benchmarks.attribution.bank import FULL_SEEDS, load_bank
from benchmarks.attribution.served import peft_model
from benchmarks.attribution.tiny import (
    LINEARS,
    flatten,
    record,
    seeded_adapters,
    token_losses,
    train_adapters,
    unflatten,
)

SEEDS = (3, 4)


@pytest.fixture(autouse=True)
def one_thread():
    """Products this small are not worth a second thread, which may have to wait for a core."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def rows_of(bank, count):
    return torch.from_numpy(bank.corpus.train[:count].astype(np.int64))


def hugging_face_losses(bank, adapters, place, rows):
    """Losses of every next token by transformers and peft, under one adapter of the stack."""
    from peft import LoraConfig, get_peft_model
    from transformers import LlamaConfig, LlamaForCausalLM

    shape = bank.shape
    config = LlamaConfig(
        vocab_size=shape.vocabulary,
        hidden_size=shape.width,
        intermediate_size=shape.hidden,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        rms_norm_eps=shape.epsilon,
        tie_word_embeddings=False,
    )
    model = LlamaForCausalLM(config)
    model.load_state_dict(bank.base)
    recipe = bank.recipe
    adapted = get_peft_model(
        model, LoraConfig(r=recipe.rank, lora_alpha=recipe.alpha, target_modules=list(LINEARS), lora_dropout=0.0)
    ).eval()
    state = dict(adapted.named_parameters())
    with torch.no_grad():
        for name in shape.names():
            state[f"base_model.model.{name}.lora_A.default.weight"].copy_(adapters.a[name][place])
            state[f"base_model.model.{name}.lora_B.default.weight"].copy_(adapters.b[name][place])
        logits = adapted(rows).logits[:, :-1]
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), rows[:, 1:].flatten(), reduction="none")


def test_token_losses__equal_those_of_transformers_and_peft():
    bank, rows = load_bank(), rows_of(load_bank(), 4)
    adapters = seeded_adapters(bank.base, bank.shape, bank.recipe, SEEDS)
    for matrix in adapters.b.values():
        matrix.normal_(0, 0.05, generator=torch.Generator().manual_seed(1))
    stacked = rows.expand(len(SEEDS), *rows.shape)
    scale = bank.recipe.alpha / bank.recipe.rank
    losses = token_losses(bank.base, bank.shape, stacked, adapters, scale=scale)
    for place in range(len(SEEDS)):
        expected = hugging_face_losses(bank, adapters, place, rows)
        torch.testing.assert_close(losses[place].flatten(), expected, rtol=1e-4, atol=1e-4)


def test_train_adapters__in_a_stack__are_what_each_is_alone():
    bank = load_bank()
    rows, subsets = rows_of(bank, 64), [np.arange(32), np.arange(32, 64)]
    together = train_adapters(bank.base, bank.shape, bank.recipe, rows, subsets, SEEDS)
    for place, (subset, seed) in enumerate(zip(subsets, SEEDS, strict=True)):
        alone = train_adapters(bank.base, bank.shape, bank.recipe, rows, [subset], [seed])
        for name in bank.shape.names():
            torch.testing.assert_close(together.b[name][place], alone.b[name][0], rtol=1e-3, atol=1e-5)


def test_flatten__has_the_columns_of_gradient_rows__and_unflatten_undoes_it():
    bank = load_bank()
    adapters = seeded_adapters(bank.base, bank.shape, bank.recipe, SEEDS)
    vectors = flatten(bank.shape, adapters)
    back = unflatten(bank.base, bank.shape, bank.recipe, vectors)
    assert all(torch.equal(back.a[name], adapters.a[name]) for name in bank.shape.names())
    for matrix in lora_matrices(peft_model(bank, adapters, 1)):
        assert torch.equal(vectors[1, matrix.start : matrix.stop], matrix.module.weight.detach().flatten())


def test_record__leaves_what_a_replay_needs():
    bank, rows = load_bank(), rows_of(load_bank(), 64)
    adapters, trajectories = record(bank.base, bank.shape, bank.recipe, rows, SEEDS, at=[2, 9])
    scale = bank.recipe.alpha / bank.recipe.rank

    def terms(parameters, positions):
        single = unflatten(bank.base, bank.shape, bank.recipe, parameters[None])
        losses = token_losses(bank.base, bank.shape, rows[positions][None], single, scale=scale)[0]
        return losses.mean(1) / len(positions)

    for place, found in enumerate(trajectories):
        assert [point.step for point in found.checkpoints] == [2, 9]
        for steps, expected in [*((p.step, p.parameters) for p in found.checkpoints), (found.steps, None)]:
            expected = flatten(bank.shape, adapters)[place] if expected is None else expected
            run = Run(terms, found.start, found.batches[:steps], found.rates[:steps], found.optimizer)
            torch.testing.assert_close(replay(run, torch.ones(64)), expected, rtol=1e-2, atol=2e-4)
        assert (found.checkpoints[1].second >= 0).all()
        assert found.checkpoints[1].second.any()


def test_train_adapters__with_a_row_of_weight_zero__does_not_read_it():
    bank, rows = load_bank(), rows_of(load_bank(), 64)
    weights = torch.ones(1, 64)
    weights[0, 5] = 0.0

    def trained(tokens):
        subsets = [np.arange(64)]
        return train_adapters(bank.base, bank.shape, bank.recipe, tokens, subsets, [3], weights=weights)

    other = rows.clone()
    other[5] = rows[6]
    assert torch.equal(flatten(bank.shape, trained(rows)), flatten(bank.shape, trained(other)))
    weights[0, 5] = 1.0
    whole = train_adapters(bank.base, bank.shape, bank.recipe, rows, [np.arange(64)], [3])
    torch.testing.assert_close(flatten(bank.shape, trained(rows)), flatten(bank.shape, whole))


def test_same_order__is_what_retraining_gives():
    bank = load_bank()
    shipped = np.load(same_order.FILE)["losses"]
    assert shipped.shape == (len(FULL_SEEDS), 1 + len(bank.corpus.contributors), len(bank.corpus.queries))
    found = same_order.retrain(bank, 0, contributors=range(24, 25))
    # rounding that differs between machines grows over the steps of a training
    np.testing.assert_allclose(found, shipped[0, [0, 25]], atol=0.5)
    assert np.corrcoef(found[1] - found[0], same_order.effects()[0][:, 24])[0, 1] > 0.99


def test_bank__has_what_was_retrained_with_less():
    bank = load_bank()
    assert bank.half_losses.shape == (2, len(bank.half_masks), len(bank.corpus.queries))
    assert (bank.half_masks.sum(1) == len(bank.corpus.train) // 2).all()
    # whoever is left out is missed where the query asks for what only he said
    alone = bank.without_losses - bank.full_losses[:, None, :]
    planted = [12 - 8 + k for k in range(8)]
    own = [alone[:, place, bank.corpus.query_owners == 24 + k].mean() for k, place in enumerate(planted)]
    assert min(own) > 0.1
