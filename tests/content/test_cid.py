"""CIDs equal those of a real Kubo, and nothing but a CID of the protocol is read as one."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import aleph_cid
import pytest
from hypothesis import given
from hypothesis import strategies as st

from content.cid import (
    DAG_PB,
    RAW,
    Hasher,
    cid_from_digest,
    cid_of_bytes,
    cid_of_file,
    digest_of,
    normalise,
)
from content.errors import InvalidCid

ROOT = Path(__file__).parents[2]
SIZES = (0, 1, 1000, 262_143, 262_144, 262_145, 1 << 20, 10 << 20)
# 175 chunks: one more than a node of the tree holds, so that the tree gets a third level
DEEP_SIZE = 174 * 262_144 + 1


def sample(size: int) -> bytes:
    """Bytes of which no two chunks are equal."""
    return hashlib.shake_256(str(size).encode()).digest(size)


def ask_kubo(*arguments: str) -> list[str]:
    command = [sys.executable, str(Path(__file__).parent / "kubo_peer.py"), *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    answer: list[str] = json.loads(done.stdout.splitlines()[-1])
    return answer


def test_tree_of_the_library__equals_that_of_kubo(tmp_path: Path) -> None:
    # Kubo's library adds as CIDv0, whose trees have the same chunks and links but wrapped leaves
    files = [tmp_path / str(size) for size in (*SIZES, DEEP_SIZE)]
    for file in files:
        file.write_bytes(sample(int(file.name)))
    expected = [aleph_cid.compute_cid(file.read_bytes()) for file in files]
    assert ask_kubo("add", *map(str, files)) == expected


def test_our_cids__are_read_by_kubo_as_the_same_bytes(tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    for size in (*SIZES, DEEP_SIZE):
        (folder / str(size)).write_bytes(sample(size))
    aleph_cid.write_folder_car(str(folder), str(tmp_path / "blocks.car"))
    files = sorted(folder.iterdir())
    read = ask_kubo("read", str(tmp_path / "blocks.car"), *map(cid_of_file, files))
    assert read == [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]


@pytest.mark.parametrize(
    ("data", "cid"),
    [
        # `ipfs add --cid-version 1` of an empty file and of "hello\n", as in the documentation of IPFS
        (b"", "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"),
        (b"hello\n", "bafkreicysg23kiwv34eg2d7qweipxwosdo2py4ldv42nbauguluen5v6am"),
    ],
)
def test_cid_of_bytes__of_published_example__matches(data: bytes, cid: str) -> None:
    assert cid_of_bytes(data) == cid


@pytest.mark.parametrize("size", SIZES)
def test_cid_of_file__equals_cid_of_bytes(tmp_path: Path, size: int) -> None:
    path = tmp_path / "file"
    path.write_bytes(sample(size))
    assert cid_of_file(path) == cid_of_bytes(sample(size))


def test_codec__is_raw_up_to_one_chunk_and_a_tree_past_it() -> None:
    assert digest_of(cid_of_bytes(sample(262_144))) == (hashlib.sha256(sample(262_144)).digest(), RAW)
    assert digest_of(cid_of_bytes(sample(262_145)))[1] == DAG_PB


@given(st.binary(max_size=600), st.integers(min_value=1, max_value=599))
def test_hasher__whatever_the_pieces__gives_one_cid(data: bytes, cut: int) -> None:
    hasher = Hasher()
    hasher.update(data[:cut])
    hasher.update(data[cut:])
    assert hasher.cid() == cid_of_bytes(data)


@given(st.binary(min_size=32, max_size=32), st.sampled_from([RAW, DAG_PB]))
def test_cid_from_digest__is_inverse_of_digest_of(digest: bytes, codec: int) -> None:
    assert digest_of(cid_from_digest(digest, codec)) == (digest, codec)


def test_normalise__of_base58__gives_base32() -> None:
    # the example of the CID specification, https://github.com/multiformats/cid
    digest = bytes.fromhex("6e6ff7950a36187a801613426e858dce686cd7d7e3c0fc42ee0330072d245c95")
    assert normalise("zb2rhe5P4gXftAwvA4eXQ5HJwsER2owDyS9sKaQRRVQPn93bA") == cid_from_digest(digest, RAW)


GOOD = cid_of_bytes(b"hello\n")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "b",
        "z",
        "../../etc/passwd",
        "QmZULkCELmmk5XNfCgTnCyFgAVxBRBXyDHGGMVoLFLiXEN",
        GOOD.upper(),
        GOOD[:-1],
        GOOD[:-1] + "n",
        GOOD + "a",
        GOOD.replace("k", "1", 1),
        "bafyrei" + GOOD[7:],  # dag-cbor
        "z" + "0" * 48,
        "é" * 59,
    ],
)
def test_digest_of__of_anything_else__is_refused(text: str) -> None:
    with pytest.raises(InvalidCid, match="no CID of the protocol"):
        digest_of(text)


@pytest.mark.parametrize(("digest", "codec"), [(bytes(31), RAW), (bytes(33), RAW), (bytes(32), 0x71)])
def test_cid_from_digest__of_wrong_parts__is_refused(digest: bytes, codec: int) -> None:
    with pytest.raises(InvalidCid, match="expected 32 bytes and codec"):
        cid_from_digest(digest, codec)
