"""An index that is kept scores like the one that was built, and nothing that was altered is taken for it."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from attribution_oracle.gradient_store.errors import StoreDamaged, StoreMismatch
from attribution_oracle.index_library import IndexLibrary
from attribution_oracle.influence.engine import ScoringSpec, query_rows, score, train_index
from attribution_oracle.influence.hashed import row_width
from tests.attribution_oracle.influence.conftest import build_model, random_texts

ADAPTER = bytes(range(32))
OWNERS = [10 + place // 3 for place in range(12)]


class Party:
    """One party with a library, a model and texts; counts how often it builds."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.model, self.texts = build_model(), random_texts(12)
        self.spec = ScoringSpec(noise_multiple=0)
        self.built = 0

    def index(self, owners=OWNERS, *, adapter=ADAPTER, spec=None):
        def build():
            self.built += 1
            return train_index(self.model, self.texts, owners, spec or self.spec)

        columns = row_width(self.model, self.spec.row_size)
        library = IndexLibrary(self.folder)
        return library.find_or_build(adapter, self.texts, owners, spec or self.spec, columns=columns, build=build)


@pytest.fixture
def party(tmp_path):
    return Party(tmp_path / "library")


def test_kept_index__scores_as_the_built_one_to_the_last_unit(party):
    built = train_index(party.model, party.texts, OWNERS, party.spec)
    answers = random_texts(5, seed=9)
    asked = query_rows(built, party.model, answers)
    for kept in (party.index(), party.index()):
        again = query_rows(kept, party.model, answers)
        assert np.array_equal(again.codes, asked.codes) and np.array_equal(again.scales, asked.scales)
        assert np.array_equal(score(kept, again), score(built, asked))
        assert (kept.contribution_ids, kept.columns) == (built.contribution_ids, built.columns)
        assert kept.residual_norms == built.residual_norms
    assert party.built == 1


def test_another_adapter_or_parameter__has_an_index_of_its_own(party):
    party.index()
    party.index(adapter=bytes(32))
    party.index(spec=replace(party.spec, damping="0.2"))
    party.index()
    assert party.built == 3


def test_index__of_other_owners__is_refused(party):
    party.index()
    with pytest.raises(StoreMismatch, match="other contributions than the snapshot"):
        party.index(list(reversed(OWNERS)))


@pytest.mark.parametrize("ending", ["json", "safetensors"])
def test_index__with_an_altered_file__is_refused(party, ending):
    party.index()
    (path,) = (party.folder / "indexes").glob(f"*.{ending}")
    data = bytearray(path.read_bytes())
    data[-3] ^= 1
    path.write_bytes(data)
    with pytest.raises(StoreDamaged):
        party.index()


def test_index__with_an_altered_row__is_refused(party):
    kept = party.index()
    asked = query_rows(kept, party.model, party.texts[:2])
    (path,) = party.folder.glob("store/segments/*/codes.bin")
    data = bytearray(path.read_bytes())
    data[17] ^= 1
    path.write_bytes(data)
    with pytest.raises(StoreDamaged, match="other bytes than its leaf"):
        score(party.index(), asked)


def test_build__that_was_cut_off_before_the_index_was_named__is_done_again(party):
    party.index()
    (path,) = (party.folder / "indexes").glob("*.json")
    document = json.loads(path.read_bytes())
    path.unlink()
    party.index()
    assert party.built == 2
    assert json.loads(path.read_bytes()) == document


def test_rows__of_an_interrupted_build_that_differ__are_refused(party):
    party.index()
    (path,) = (party.folder / "indexes").glob("*.json")
    path.unlink()
    party.model = build_model(seed=5)
    with pytest.raises(StoreMismatch, match="other rows"):
        party.index()
