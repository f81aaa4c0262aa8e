"""Our scores beside those of bergson and kronfluence on the same adapter. `make peers-test` installs both first."""

import numpy as np
import pytest

from attribution_oracle.evaluation.bank import load_bank
from attribution_oracle.evaluation.correlation import spearman
from attribution_oracle.evaluation.models import adapter_model
from attribution_oracle.influence import baselines
from attribution_oracle.influence.measurement import measure
from benchmarks.attribution.bank import FOLDER
from benchmarks.attribution.peers import run_peer

SEED = 10


@pytest.fixture(scope="module")
def ours():
    bank = load_bank(FOLDER)
    return measure(adapter_model(bank, SEED), bank.train, bank.queries, batch_size=64)


def test_grad_dot__equals_that_of_bergson(ours):
    theirs = run_peer("bergson", FOLDER, (SEED,)).tables["bergson grad-dot", SEED].scores
    size = np.sqrt((theirs**2).mean())
    # relative to each score, and to the usual one where a score is a difference of large parts
    found = baselines.gradient_dot(ours).numpy()
    np.testing.assert_allclose(found, theirs, rtol=1e-4, atol=1e-4 * size)


def test_ekfac__ranks_as_that_of_kronfluence_at_the_same_damping(ours):
    theirs = run_peer("kronfluence", FOLDER, (SEED,)).tables["kronfluence EK-FAC", SEED].scores
    found = baselines.ekfac(ours, damping=0.1).double().numpy()
    assert spearman(found, theirs).min() >= 0.95
    # in size too: both Fisher matrices are means over the train rows
    assert (found * theirs).sum() / (theirs**2).sum() == pytest.approx(1, abs=0.05)
