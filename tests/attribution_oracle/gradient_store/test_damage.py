"""A store that was altered, cut short or written by another version is an error that says so, never other numbers."""

import os

import pytest

from attribution_oracle.gradient_store import GradientStore
from attribution_oracle.gradient_store.errors import StoreDamaged, StoreMismatch
from attribution_oracle.gradient_store.layout import CODES, COMMITS, HEADER, ROW, TABLE


@pytest.fixture
def place(filled, segment):
    return filled.folder / "segments" / segment.digest.hex()


def flip(path, at):
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def read_everything(store, segment):
    return list(store.rows(segment).tiles(8))


def test_flipped_byte_of_a_row__is_found_when_the_row_is_read(filled, segment, place):
    flip(place / CODES, 17 * segment.columns + 5)
    rows = filled.rows(segment)
    assert len(list(rows.part(range(0, 17)).tiles(8))) == 3
    with pytest.raises(
        StoreDamaged, match=r"row 17 of .* has other bytes than its leaf .*; remove the segment's folder"
    ):
        list(rows.tiles(8))
    with pytest.raises(StoreDamaged, match="row 17 of"):
        filled.open_segment(segment, is_checked=False).verify()


@pytest.mark.parametrize("field", ["key", "leaf", "scale", "square"])
def test_flipped_byte_of_the_table__is_found(filled, segment, place, field):
    flip(place / TABLE, 21 * ROW.itemsize + ROW.fields[field][1] + 2)
    expected = "do not make the committed root" if field == "leaf" else "row 21 of .* has other bytes"
    with pytest.raises(StoreDamaged, match=expected):
        read_everything(filled, segment)


def test_flipped_leaf__stops_the_next_writer_too(filled, segment, place):
    flip(place / TABLE, 21 * ROW.itemsize + 40)
    with pytest.raises(StoreDamaged, match="expected the committed"), filled.writer(segment):
        pass


@pytest.mark.parametrize("record", [0, 1, 2])
def test_flipped_byte_of_the_journal__is_found(filled, segment, place, record):
    flip(place / COMMITS, 64 * record + 3)
    with pytest.raises(StoreDamaged, match=f"another commit at byte {64 * record} than was written"):
        filled.rows(segment)


@pytest.mark.parametrize("name", [CODES, TABLE])
@pytest.mark.parametrize("use", ["rows", "writer"])
def test_file_cut_short__is_found(filled, segment, place, name, use):
    os.truncate(place / name, (place / name).stat().st_size - 1)
    with pytest.raises(StoreDamaged, match=r"has \d+ bytes; expected the \d+ that were committed"):
        if use == "rows":
            filled.rows(segment)
        else:
            filled.writer(segment).__enter__()


def test_codes_cut_short_after_opening__are_found_before_they_are_mapped(filled, segment, place):
    rows = filled.rows(segment)
    os.truncate(place / CODES, 0)
    with pytest.raises(StoreDamaged, match="has 0 bytes"):
        list(rows.tiles(8))


@pytest.mark.parametrize("name", [CODES, TABLE, COMMITS])
def test_missing_file__is_named(filled, segment, place, name):
    (place / name).unlink()
    with pytest.raises(StoreDamaged, match=f"{name} is missing"):
        filled.rows(segment)


def test_empty_journal__is_an_error(filled, segment, place):
    os.truncate(place / COMMITS, 63)
    with pytest.raises(StoreDamaged, match="holds no commit"):
        filled.rows(segment)


@pytest.mark.parametrize("tail", [b"\0" * 64, b"\0" * 100, b"half a commit"])
def test_torn_tail__is_not_read_and_cut_by_the_next_writer(filled, segment, place, make_rows, make_keys, cut, tail):
    sizes = {name: (place / name).stat().st_size for name in (CODES, TABLE, COMMITS)}
    for name in sizes:
        with (place / name).open("ab") as file:
            file.write(tail)
    before = filled.commit_of(segment)
    assert filled.open_segment(segment).verify() == before
    with filled.writer(segment) as writer:
        assert {name: (place / name).stat().st_size for name in sizes} == sizes
        writer.append(make_keys(41)[40:], cut(make_rows(41), range(40, 41)))
        writer.commit()
    assert filled.open_segment(segment).verify().row_count == 41


def test_altered_header__is_found(filled, segment, place):
    (place / HEADER).write_bytes(segment.header.replace(b"0.1", b"0.2"))
    with pytest.raises(StoreDamaged, match="is not what its folder is named by"):
        filled.rows(segment)
    (place / HEADER).write_bytes(b"{")
    with pytest.raises(StoreDamaged, match="is no JSON"):
        filled.segments()


def test_store_of_another_version__is_refused(filled):
    (filled.folder / "store.json").write_text('{"format":"openledger-gradient-store/2"}')
    with pytest.raises(StoreMismatch, match="expected format 'openledger-gradient-store/1'; build into another folder"):
        GradientStore.open(filled.folder)


def test_sum_of_squares_that_its_writer_got_wrong__is_found_by_verify(
    filled, segment, make_keys, make_rows, monkeypatch
):
    from attribution_oracle.influence.quantize import IntegerRows

    with monkeypatch.context() as patch, filled.writer(segment) as writer:
        patch.setattr(IntegerRows, "squares", property(lambda rows: rows.scales * 0))
        writer.append(make_keys(41)[40:], IntegerRows(make_rows(41).codes[40:], make_rows(41).scales[40:]))
        writer.commit()
    assert len(read_everything(filled, segment)) == 6
    with pytest.raises(StoreDamaged, match="wrong sum of squares"):
        filled.open_segment(segment).verify()
