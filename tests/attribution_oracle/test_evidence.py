"""The bundle: equal inputs give equal bytes, and any byte that is not as pinned is found and its file named."""

import json

import pytest

from attribution_oracle.demands import missing_chunks
from attribution_oracle.differences import first_divergence, first_wrong_leaf
from attribution_oracle.errors import EvidenceInvalid, FileDiffers
from attribution_oracle.evidence import (
    FILES,
    FORMAT,
    PAYOUTS,
    REWARDS,
    SCORES,
    SHARES,
    chunks_by_file,
    file_records,
    read_bundle,
    read_file,
    write_bundle,
)
from attribution_oracle.evidence_chunks import chunk_ranges, chunked
from attribution_oracle.rows import QueryRow, decode_rows, encode_rows
from chain.merkle import CHUNK_BYTES, evidence_chunk_leaf, verify_indexed
from content.cid import RAW, cid_from_digest
from content.store import FolderStore

np = pytest.importorskip("numpy")
ALPHA, BETA = "0x00000000000000000000000000000000000000AA", "0x00000000000000000000000000000000000000bb"


def files():
    made = {name: f'{{"name":"{name}"}}\n'.encode() for name in FILES}
    made[SCORES] = b'{"receipt_id":"0x01","scores":[[1,"5"],[2,"-7"]]}\n'
    made[PAYOUTS] = b'{"contribution_id":1,"payout_wei":"3"}\n{"contribution_id":2,"payout_wei":"4"}\n'
    made[REWARDS] = rewards({ALPHA: 3, BETA: 4})
    return made


def rewards(amounts):
    lines = ({"account": account, "cumulative_wei": str(amount)} for account, amount in amounts.items())
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def document(made):
    return {"format": FORMAT, "reward_epoch": 1, "files": file_records(made)}


@pytest.fixture
def store(tmp_path):
    return FolderStore(tmp_path)


def test_bundle__written_twice__has_one_digest_and_is_pinned(store):
    made = files()
    digest = write_bundle(document(made), made, store).digest
    assert write_bundle(document(made), made, store).digest == digest
    bundle = read_bundle(digest, store)
    assert dict(bundle.files) == made and bundle.reward_epoch == 1
    assert set(store.pins()) == {record["cid"] for record in bundle.document["files"].values()} | {
        cid_from_digest(digest, RAW)
    }


@pytest.mark.parametrize("name", ["evidence.json", *FILES])
def test_bundle__with_any_bit_of_a_file_flipped__names_the_file(store, name):
    made = files()
    digest = write_bundle(document(made), made, store).digest
    cid = cid_from_digest(digest, RAW) if name == "evidence.json" else document(made)["files"][name]["cid"]
    path = store.path_of(cid)
    honest = path.read_bytes()
    for place in range(len(honest)):
        path.write_bytes(honest[:place] + bytes([honest[place] ^ 4]) + honest[place + 1 :])
        with pytest.raises(FileDiffers, match=f"file {name}: ") as caught:
            read_bundle(digest, store)
        assert caught.value.name == name


def test_bundle__with_a_file_that_is_gone__names_it(store):
    made = files()
    digest = write_bundle(document(made), made, store).digest
    store.path_of(document(made)["files"][PAYOUTS]["cid"]).unlink()
    with pytest.raises(FileDiffers, match=rf"file {PAYOUTS}: "):
        read_bundle(digest, store)


def test_bundle__with_a_sha256_of_other_bytes__names_the_file(store):
    made = files()
    false = document(made)
    false["files"][SCORES] = {**false["files"][SCORES], "sha256": "0x" + "00" * 32}
    with pytest.raises(FileDiffers, match=f"file {SCORES}: its bytes do not hash"):
        read_bundle(write_bundle(false, made, store).digest, store)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "other/1"}, "has format 'other/1'"),
        ({"files": {}}, "names the files"),
        ({"files": 1}, "files is '1'"),
    ],
)
def test_bundle__that_breaks_the_format__is_refused(store, change, message):
    made = files()
    with pytest.raises(EvidenceInvalid, match=message):
        read_bundle(write_bundle(document(made) | change, made, store).digest, store)


def test_bundle__past_one_block__is_refused(store):
    with pytest.raises(EvidenceInvalid, match="expected at most 262144"):
        write_bundle({"format": FORMAT, "long": "x" * 262_144}, {}, store)


def test_chunks__are_of_evidence_json_and_then_of_every_file_in_its_place(store):
    made = files()
    made[SCORES] = b"x" * CHUNK_BYTES + b"y"
    made[PAYOUTS] = b""
    written = write_bundle(document(made), made, store)
    bundle = read_bundle(written.digest, store)
    assert bundle.commitment == written
    ranges = chunks_by_file(written.digest, store)
    # as docs/formats.md lists them
    assert " ".join(ranges) == (
        "evidence.json receipts.jsonl scores.jsonl shares.jsonl payouts.jsonl rewards.jsonl query_rows.bin "
        "query_rows.json"
    )
    for name, data in {"evidence.json": bundle.data, **made}.items():
        assert b"".join(bundle.chunks.chunks[index] for index in ranges[name]) == data
        assert all(len(bundle.chunks.chunks[index]) == CHUNK_BYTES for index in ranges[name][:-1])
    assert len(ranges[SCORES]) == 2 and len(ranges[PAYOUTS]) == 0
    assert written.chunk_count == sum(map(len, ranges.values()))


@pytest.mark.parametrize("count", [1, 2, 5])
def test_chunks__each_is_proven_at_its_place_and_at_no_other(count):
    chunks = chunked([bytes([n]) * 3 for n in range(count)])
    for index in range(count):
        chunk, proof = chunks.shown(index)
        for place in range(count):
            leaf = evidence_chunk_leaf(index=place, chunk=chunk)
            is_shown = verify_indexed(root=chunks.tree.root, leaf=leaf, index=place, proof=proof)
            assert is_shown == (place == index)
    with pytest.raises(IndexError):
        chunks.shown(count)


def test_chunk_ranges__give_an_empty_file_no_chunk():
    lengths = {"a": CHUNK_BYTES, "b": 0, "c": 1}
    assert chunk_ranges(lengths) == {"a": range(0, 1), "b": range(1, 1), "c": range(1, 2)}


def test_missing_chunks__of_files_that_claim_any_length__are_the_first_of_those_that_there_can_be(store):
    made = files()
    absent = {"cid": cid_from_digest(bytes(32), RAW), "sha256": "0x" + "00" * 32, "byte_count": str(10**90)}
    false = document(made)
    false["files"][SHARES] = absent
    digest = write_bundle(false, made, store).digest
    post = {"reward_epoch": 1, "attempt": 0, "evidence_digest": digest}
    for count, missing in ((4, range(3, 4)), (2, range(0)), (2**200, range(3, 1_027))):
        assert missing_chunks(None, {**post, "evidence_chunk_count": count}, store) == tuple(missing)


def test_read_file__needs_no_other_file(store):
    made = files()
    digest = write_bundle(document(made), made, store).digest
    store.path_of(document(made)["files"][PAYOUTS]["cid"]).unlink()
    assert read_file(digest, REWARDS, store) == made[REWARDS]
    with pytest.raises(FileDiffers, match=f"file {PAYOUTS}: "):
        read_file(digest, PAYOUTS, store)


def test_divergence__names_the_first_value_in_the_order_in_which_values_follow():
    expected, found = files(), files()
    found[PAYOUTS] = found[PAYOUTS].replace(b'"4"', b'"5"')
    assert str(first_divergence(expected=expected, found=found)) == (
        "file payouts.jsonl: contribution 2, payout_wei: expected 4, found 5"
    )
    found[SCORES] = found[SCORES].replace(b'"-7"', b'"7"')
    assert str(first_divergence(expected=expected, found=found)) == (
        "file scores.jsonl: receipt 0x01, contribution 2: expected -7, found 7"
    )
    assert first_divergence(expected=expected, found=expected) is None


def test_divergence__of_lines_that_are_absent_or_no_json__is_still_named():
    expected, found = files(), files()
    found[PAYOUTS] = found[PAYOUTS].split(b"\n")[0] + b"\n"
    assert first_divergence(expected=expected, found=found).found is None
    found[PAYOUTS] = b"{"
    assert first_divergence(expected=expected, found=found).place == "length"


@pytest.mark.parametrize(
    ("found", "leaf"),
    [
        ({ALPHA: 3, BETA: 4}, None),
        ({ALPHA: 3, BETA: 5}, (BETA, 4, 5)),
        ({BETA: 4}, (ALPHA, 3, None)),
        ({ALPHA: 3, BETA: 4, "0x0000000000000000000000000000000000000001": 9}, ("0x" + "0" * 39 + "1", None, 9)),
    ],
)
def test_wrong_leaf__is_the_first_by_account(found, leaf):
    wrong = first_wrong_leaf(expected=rewards({ALPHA: 3, BETA: 4}), found=rewards(found))
    assert (wrong and (wrong.account, wrong.expected_wei, wrong.found_wei)) == leaf


def test_rows__read_back__are_the_same():
    rows = {bytes([n] * 32): QueryRow(n, np.arange(-3, n, dtype=np.int8), 2**40 + n) for n in (1, 2)}
    index, codes = encode_rows(rows)
    again = decode_rows(json.loads(index), codes)
    assert list(again) == list(rows)
    for key, row in rows.items():
        assert (again[key].adapter_id, again[key].scale) == (row.adapter_id, row.scale)
        assert (again[key].codes == row.codes).all()


def test_rows__with_codes_left_over__are_refused():
    index, codes = encode_rows({bytes(32): QueryRow(1, np.zeros(4, dtype=np.int8), 1)})
    with pytest.raises(EvidenceInvalid, match=r"lists 4 codes of 1 receipts and query_rows.bin has 5"):
        decode_rows(json.loads(index), codes + b"x")
