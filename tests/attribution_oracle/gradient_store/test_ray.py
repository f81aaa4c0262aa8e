"""A real Ray with two workers computes the bytes that one process computes, and its failures leave whole commits.

Starting it takes about ten seconds, so one is shared by the whole file.
"""

import os
import signal
from dataclasses import asdict

import numpy as np
import pytest

pytest.importorskip("ray")

from ray import cloudpickle

from attribution_oracle.gradient_store import GradientStore, Segment, build_segment, row_keys, stored_scores
from attribution_oracle.gradient_store.errors import ShardFailed, StoreDamaged
from attribution_oracle.gradient_store.layout import CODES
from attribution_oracle.gradient_store.ray_workers import RayWorkers
from attribution_oracle.influence.engine import ScoringSpec
from attribution_oracle.influence.gradients import lora_matrices, per_example_gradients, single_thread
from attribution_oracle.influence.novelty import unit_rows
from attribution_oracle.influence.quantize import quantize

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def workers():
    with RayWorkers(2, retries=1, object_store_bytes=100 * 2**20) as started:
        yield started


@pytest.fixture(scope="module")
def model_task(tiny):
    """The integer gradient rows of a run of texts under the tiny model, and the segment that they belong to."""
    cloudpickle.register_pickle_by_value(tiny)
    model, texts = tiny.build_model(), tiny.random_texts(22)
    columns = lora_matrices(model)[-1].stop
    segment = Segment(bytes(32), asdict(ScoringSpec()), "train", columns)

    def rows_of(places):
        with single_thread():
            gradients = per_example_gradients(model, texts[places.start : places.stop], batch_size=1)
            return quantize(unit_rows(gradients))

    return segment, row_keys(segment, texts), rows_of


@pytest.fixture(scope="module")
def built(tmp_path_factory, model_task):
    """The same rows, built in one process."""
    segment, keys, rows_of = model_task
    store = GradientStore.open(tmp_path_factory.mktemp("one") / "store")
    build_segment(store, segment, keys, rows_of)
    return store


def bytes_of(store, segment):
    return (store.folder / "segments" / segment.digest.hex() / CODES).read_bytes()


@pytest.mark.parametrize("shard_rows", [3, 22])
def test_build_on_ray__has_the_bytes_and_the_root_of_one_process(workers, built, model_task, tmp_path, shard_rows):
    segment, keys, rows_of = model_task
    store = GradientStore.open(tmp_path / "store")
    commit = build_segment(store, segment, keys, rows_of, shard_rows=shard_rows, workers=workers)
    assert commit == built.commit_of(segment)
    assert bytes_of(store, segment) == bytes_of(built, segment)
    assert store.root() == built.root()


def test_query_on_ray__has_the_scores_of_one_process(workers, built, model_task):
    segment, _, rows_of = model_task
    queries = rows_of(range(4, 9))
    alone = stored_scores(built, segment, queries, unit_bits=32)
    assert alone.any()
    for shard_rows in (4, 100):
        shared = stored_scores(built, segment, queries, unit_bits=32, shard_rows=shard_rows, workers=workers)
        assert np.array_equal(shared, alone)


def test_query_on_ray__of_an_altered_store__is_an_error(workers, model_task, tmp_path):
    segment, keys, rows_of = model_task
    store = GradientStore.open(tmp_path / "store")
    build_segment(store, segment, keys, rows_of)
    path = store.folder / "segments" / segment.digest.hex() / CODES
    path.write_bytes(path.read_bytes()[:-1] + b"\x55")
    with pytest.raises(StoreDamaged, match="row 21 of"):
        stored_scores(store, segment, rows_of(range(2)), unit_bits=32, shard_rows=5, workers=workers)


def test_task_that_raises__is_named_and_leaves_whole_commits(workers, built, model_task, tmp_path):
    segment, keys, rows_of = model_task

    def failing(places):
        if places.start == 10:
            raise ValueError("no gradient today")
        return rows_of(places)

    store = GradientStore.open(tmp_path / "store")
    with pytest.raises(ShardFailed, match="rows 10 to 14 failed with ValueError: no gradient today"):
        build_segment(store, segment, keys, failing, shard_rows=5, workers=workers)
    assert store.open_segment(segment).verify().row_count == 10
    assert build_segment(store, segment, keys, rows_of, workers=workers) == built.commit_of(segment)


def test_worker_killed_once__is_replaced(workers, built, model_task, tmp_path):
    segment, keys, rows_of = model_task
    mark = tmp_path / "killed"

    def dying(places):
        if places.start == 10 and not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return rows_of(places)

    store = GradientStore.open(tmp_path / "store")
    commit = build_segment(store, segment, keys, dying, shard_rows=5, workers=workers)
    assert mark.exists()
    assert commit == built.commit_of(segment)


def test_worker_killed_every_time__is_an_error_and_leaves_whole_commits(workers, built, model_task, tmp_path):
    segment, keys, rows_of = model_task

    def dying(places):
        if places.start == 10:
            os.kill(os.getpid(), signal.SIGKILL)
        return rows_of(places)

    store = GradientStore.open(tmp_path / "store")
    with pytest.raises(ShardFailed, match="rows 10 to 14 failed with WorkerCrashedError"):
        build_segment(store, segment, keys, dying, shard_rows=5, workers=workers)
    assert store.open_segment(segment).verify().row_count == 10
    assert build_segment(store, segment, keys, rows_of) == built.commit_of(segment)
