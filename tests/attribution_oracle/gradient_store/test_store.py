"""What is put in comes out, under one root, whatever the commits in between."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from attribution_oracle.gradient_store import GradientStore, build_segment
from attribution_oracle.gradient_store.errors import ShardFailed, StoreBusy, StoreMismatch
from attribution_oracle.influence.quantize import SCALE_BITS, halve, restore
from chain.merkle import IndexedTree, verify_indexed


def tiles_of(rows, row_count):
    found = list(rows.tiles(row_count))
    return np.concatenate([tile.codes for tile in found]), np.concatenate([tile.scales for tile in found])


@pytest.mark.parametrize("row_count", [1, 7, 25, 100])
def test_rows__come_back_as_they_were(filled, segment, make_rows, row_count):
    rows, stored = make_rows(40), filled.rows(segment)
    codes, scales = tiles_of(stored, row_count)
    assert np.array_equal(codes, rows.codes)
    assert np.array_equal(scales, rows.scales)
    assert np.array_equal(stored.scales, rows.scales)
    assert np.array_equal(stored.squares, (rows.codes.astype(np.int64) ** 2).sum(axis=1))
    assert (len(stored), stored.width) == rows.codes.shape


def test_part__is_those_rows(filled, segment, make_rows, cut):
    part = filled.rows(segment).part(range(10, 35)).part(range(5, 20))
    expected = cut(make_rows(40), range(15, 30))
    assert np.array_equal(tiles_of(part, 4)[0], expected.codes)
    assert np.array_equal(part.scales, expected.scales)
    assert np.array_equal(part.squares, expected.squares)


def test_windows__smaller_than_the_segment__give_the_same_rows(filled, segment, make_rows, monkeypatch):
    monkeypatch.setattr("attribution_oracle.gradient_store.reader._WINDOW_BYTES", 3_000)
    assert np.array_equal(tiles_of(filled.rows(segment), 4)[0], make_rows(40).codes)


def test_half_rows__are_within_a_half_of_their_last_place(store, segment, make_keys):
    rows = (
        torch.randn(9, segment.columns, generator=torch.Generator().manual_seed(0)) * torch.logspace(-6, 1, 9)[:, None]
    )
    half = replace(segment, kind="fp16")
    build_segment(store, half, make_keys(9, half), lambda places: halve(rows[places.start : places.stop]))
    stored = store.half_rows(half)
    found = np.concatenate([restore(tile) for tile in stored.tiles(4)])
    exact = rows.double().numpy()
    steps = np.maximum(
        np.abs(exact) * 2.0**-11, np.concatenate([t.scales for t in stored.tiles(9)])[:, None] * 2.0**-49
    )
    assert (np.abs(found - exact) <= steps).all()
    assert store.open_segment(half).verify().row_count == 9
    assert SCALE_BITS == 24
    with pytest.raises(StoreMismatch, match="holds fp16 rows; expected int8"):
        store.rows(half)


def test_root__does_not_depend_on_how_rows_were_committed(filled, segment, make_rows, make_keys, cut, tmp_path):
    rows, keys = make_rows(40), make_keys(40)
    for name, size in (("whole", 40), ("single", 1), ("odd", 7)):
        other = GradientStore.open(tmp_path / name)
        commit = build_segment(other, segment, keys, lambda places: cut(rows, places), shard_rows=size)
        assert commit == filled.commit_of(segment)
        assert other.root() == filled.root()


def test_row__is_proven_under_the_root(filled, segment, make_keys):
    opened = filled.open_segment(segment)
    for place, key in enumerate(make_keys(40)):
        assert opened.find(key) == place
        leaf, proof = opened.leaf(place), opened.proof(place)
        assert verify_indexed(root=opened.commit.root, leaf=leaf, index=place, proof=proof)
        assert not verify_indexed(root=opened.commit.root, leaf=leaf, index=place ^ 1, proof=proof)
    assert opened.find(bytes(32)) is None
    assert opened.commit.root == IndexedTree([opened.leaf(place) for place in range(40)]).root


def test_several_adapters__share_a_store(filled, segment, make_rows, make_keys):
    other = replace(segment, adapter_digest=bytes(32), columns=8)
    before, root = filled.commit_of(segment), filled.root()
    build_segment(filled, other, make_keys(3, other), lambda places: make_rows(3, columns=8))
    assert {one.digest for one in filled.segments()} == {segment.digest, other.digest}
    assert filled.commit_of(segment) == before
    assert filled.root() != root
    assert len(GradientStore.open(filled.folder).rows(other)) == 3


def test_rows_without_a_commit__are_gone(filled, segment, make_rows, make_keys, cut):
    before = filled.commit_of(segment)
    with filled.writer(segment) as writer:
        writer.append(make_keys(45)[40:], cut(make_rows(45), range(40, 45)))
        assert writer.row_count == 45
        assert len(filled.rows(segment)) == 40
    assert filled.commit_of(segment) == before
    assert filled.open_segment(segment).verify() == before


def test_second_writer__is_refused_while_the_first_writes(store, segment):
    with (
        store.writer(segment),
        pytest.raises(StoreBusy, match="being written by another process"),
        store.writer(segment),
    ):
        pass
    with store.writer(segment) as writer:
        assert writer.row_count == 0


def test_append__of_what_does_not_fit__is_refused(filled, segment, make_rows, make_keys):
    with filled.writer(segment) as writer:
        with pytest.raises(StoreMismatch, match="has a row already"):
            writer.append(make_keys(1), make_rows(1))
        with pytest.raises(StoreMismatch, match="has a row already"):
            writer.append([bytes(32)] * 2, make_rows(2))
        with pytest.raises(StoreMismatch, match=r"expected int8 rows of shape \(1, 300\)"):
            writer.append([bytes(32)], make_rows(1, columns=299))
        with pytest.raises(StoreMismatch, match="fp16 rows"):
            writer.append([bytes(32)], halve(torch.zeros(1, 300)))
        assert writer.commit().row_count == 40


def test_build__of_other_examples__is_refused(filled, segment, make_rows, make_keys):
    with pytest.raises(StoreMismatch, match=r"row 3 of .* is that of key"):
        build_segment(filled, segment, [*make_keys(3), *make_keys(41)[4:]], lambda places: make_rows(len(places)))
    with pytest.raises(StoreMismatch, match="has 40 rows; expected at most 39"):
        build_segment(filled, segment, make_keys(39), lambda places: make_rows(len(places)))
    with pytest.raises(StoreMismatch, match="came as 3; expected 5"):
        build_segment(filled, segment, make_keys(45), lambda places: make_rows(3))


def test_build__whose_task_fails__keeps_what_was_committed(store, segment, make_rows, make_keys, cut):
    rows, keys, seen = make_rows(20), make_keys(20), []

    def failing(places):
        if places.start >= 10:
            raise RuntimeError("out of luck")
        return cut(rows, places)

    with pytest.raises(ShardFailed, match="rows 10 to 14 failed with RuntimeError: out of luck"):
        build_segment(store, segment, keys, failing, shard_rows=5)
    assert len(store.rows(segment)) == 10
    commit = build_segment(
        store, segment, keys, lambda places: cut(rows, places), shard_rows=4, progress=lambda *at: seen.append(at)
    )
    assert seen == [(14, 20), (18, 20), (20, 20)]
    assert store.open_segment(segment).verify() == commit


def test_segment_that_was_never_built__is_named(store, segment):
    with pytest.raises(StoreMismatch, match="has no 'train' segment"):
        store.rows(segment)
