"""An adapter is trained again to the byte, and asked without a contribution answers as one trained without it."""

import numpy as np
import pytest
import torch

from attribution_oracle.counterfactual import counterfactual_of, fee_weights
from attribution_oracle.evaluation.correlation import pearson
from attribution_oracle.influence.gradients import lora_matrices
from attribution_oracle.influence.metagradient import replay
from attribution_oracle.influence.text_run import text_losses, text_run, twice_differentiable
from attribution_oracle.receipts import cover
from attribution_oracle.recording import record, train_without
from attribution_oracle.scoring import encoded_answer
from attribution_oracle.sources import fetch_source
from trainer.examples import encode


@pytest.fixture(scope="module")
def source(world, tmp_path_factory):
    work = tmp_path_factory.mktemp("work")
    facts = world.facts
    return fetch_source(facts.adapters[1], facts.contributions, store=world.store, bases=[world.base], work=work)


@pytest.fixture(scope="module")
def recorded(source, tmp_path_factory):
    return record(source, work=tmp_path_factory.mktemp("again"))


@pytest.fixture(scope="module")
def retrained(world, source, recorded):
    """What the public answers lose, by training again without each contribution: `(n_receipt, n_contribution)`."""
    model, tokenizer = source.load()
    train = [encode(example, tokenizer, source.max_tokens) for example in source.examples]
    owners = torch.tensor([example.contribution_id for example in source.examples])
    answers = [encoded_answer(receipt, tokenizer, source.max_tokens) for receipt in world.receipts if receipt.is_public]
    run = text_run(model, train, recorded.trajectory, root=0.0)
    with twice_differentiable(model), torch.no_grad():
        ends = []
        for left_out in (0, 1, 2, 3):
            with torch.enable_grad():
                ends.append(replay(run, (owners != left_out).float()))
        losses = torch.stack([text_losses(model, end, answers) for end in ends])
    served = torch.cat([matrix.module.weight.detach().flatten() for matrix in lora_matrices(model)])
    return (losses[1:] - losses[0]).T.double().numpy(), ends[0], served


def published(world):
    """Paid receipts, shares and owners, as evidence and chain have them."""
    shares = {receipt.receipt_id: {1: 600_000, 3: 100_000} for receipt in world.receipts}
    owners = {key: fact.contributor for key, fact in world.facts.contributions.items()}
    return cover(world.facts.redemptions, world.receipts), shares, owners


def test_record__gives_the_registered_bytes__and_every_step(source, recorded):
    training = source.manifest.training
    assert recorded.weights_digest == source.fact.weights_digest
    assert recorded.trajectory.steps == len(recorded.trajectory.path) == len(training.losses)
    seen = torch.cat(list(recorded.trajectory.batches)).bincount()
    assert seen.tolist() == [training.train_epochs] * len(source.examples)


def test_text_run__replayed__ends_at_the_served_adapter(retrained, recorded):
    _, end, served = retrained
    way = (served - recorded.trajectory.start).norm()
    assert (end - served).norm() < 0.05 * way


def test_counterfactual__is_training_without_a_contribution(world, source, recorded, retrained, tmp_path):
    found = counterfactual_of(source, recorded, *published(world), retrained={
        key: train_without(source, key, work=tmp_path / str(key)) for key in (1, 2, 3)
    })  # fmt: skip
    assert found.is_reproduced
    assert (found.contribution_ids, found.private_count) == ((1, 2, 3), 2)
    assert found.mean_share.tolist() == pytest.approx([0.6, 0.0, 0.1])
    actual, _, _ = retrained
    assert found.nats == pytest.approx(actual, rel=0.05, abs=0.5)
    assert found.mean_nats == pytest.approx(fee_weights(found.fees_wei) @ found.nats)
    assert found.metagradient is None


def test_counterfactual__by_linear_retraining__foretells_it(world, source, recorded, retrained):
    found = counterfactual_of(source, recorded, *published(world), with_metagradient=True)
    actual, _, _ = retrained
    assert found.nats.shape == actual.shape == (3, 3)
    assert found.nats.argmax(1).tolist() == actual.argmax(1).tolist()
    # learned by heart, five sentences lose 80 to 150 nats: too far for a gradient to keep its proportions
    assert pearson(found.nats.reshape(1, -1), actual.reshape(1, -1))[0] > 0.6
    assert pearson(found.metagradient[None], (fee_weights(found.fees_wei) @ actual)[None])[0] > 0.5


def test_fee_weights__of_fees_past_a_float__are_parts_of_one():
    assert fee_weights([10**30, 3 * 10**30]).tolist() == [0.25, 0.75]
    assert np.isclose(fee_weights([1, 1, 1]).sum(), 1)
