"""CIDs of files: version 1, sha2-256, base32, equal to what `ipfs add --cid-version 1` of Kubo gives.

A file of at most 262,144 bytes is one raw block; a larger one is Kubo's balanced UnixFS tree with raw leaves.
On chain a file is its 32-byte digest and its codec, which is all that its CID holds.
"""

import base64
import binascii
from collections.abc import Iterable
from pathlib import Path

from aleph_cid import CidHasher

from content.errors import InvalidCid

RAW = 0x55
DAG_PB = 0x70
CODECS = (RAW, DAG_PB)

# read size of streamed hashing; the chunks of the tree itself are 262,144 bytes whatever this is
READ_BYTES = 1 << 20

_VERSION = 0x01
_SHA2_256 = 0x12
_DIGEST_BYTES = 32
_CID_BYTES = 4 + _DIGEST_BYTES
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


class Hasher:
    """The CID of bytes that arrive in pieces."""

    def __init__(self) -> None:
        self._inner = CidHasher.for_ipfs_v1_raw_leaves()

    def update(self, data: bytes) -> None:
        """Take the next bytes, as many as there are."""
        self._inner.update(data)

    def cid(self) -> str:
        """The CID of all bytes so far; the hasher is spent afterwards."""
        return str(self._inner.finalize())


def cid_of(chunks: Iterable[bytes]) -> str:
    """The CID of the file that `chunks` make up, whatever their sizes."""
    hasher = Hasher()
    for chunk in chunks:
        hasher.update(chunk)
    return hasher.cid()


def cid_of_bytes(data: bytes) -> str:
    """The CID of a file with this content."""
    return cid_of([data])


def cid_of_file(path: Path | str) -> str:
    """The CID of the file at `path`, read in pieces so that its size does not matter."""
    return cid_of(read_chunks(Path(path)))


def read_chunks(path: Path) -> Iterable[bytes]:
    """The bytes of the file at `path` in pieces of READ_BYTES."""
    with path.open("rb") as file:
        while chunk := file.read(READ_BYTES):
            yield chunk


def digest_of(cid: str) -> tuple[bytes, int]:
    """The 32-byte digest and the codec that `cid` holds.

    The CID may be written in base32 (`b…`, the form of the protocol) or in base58btc (`z…`, which some daemons print).

    Raises:
        InvalidCid: it is anything else: another version, hash, codec or base, upper case, or with extra bits.
    """
    data = _decode(cid)
    head = data[:1] + data[2:4]
    if len(data) != _CID_BYTES or head != bytes([_VERSION, _SHA2_256, _DIGEST_BYTES]) or data[1] not in CODECS:
        raise _invalid(cid)
    return data[4:], data[1]


def cid_from_digest(digest: bytes, codec: int) -> str:
    """The base32 CID of a digest and codec as they stand on chain.

    Raises:
        InvalidCid: the digest is not 32 bytes, or the codec neither raw (0x55) nor dag-pb (0x70).
    """
    if len(digest) != _DIGEST_BYTES or codec not in CODECS:
        raise InvalidCid(
            f"no CID of digest 0x{digest.hex()} and codec {codec:#x}; expected 32 bytes and codec 0x55 or 0x70; "
            "read both from the contribution's record on chain"
        )
    data = bytes([_VERSION, codec, _SHA2_256, _DIGEST_BYTES]) + digest
    return "b" + base64.b32encode(data).decode().rstrip("=").lower()


def normalise(cid: str) -> str:
    """The same CID in the protocol's form (base32); raises as `digest_of`."""
    return cid_from_digest(*digest_of(cid))


def _decode(cid: str) -> bytes:
    prefix, body = cid[:1], cid[1:]
    if prefix == "z" and body and set(body) <= set(_BASE58):
        return _from_base58(body)
    if prefix == "b" and body == body.lower():
        try:
            data = base64.b32decode(body.upper() + "=" * (-len(body) % 8))
        except binascii.Error as error:
            raise _invalid(cid) from error
        # the last character carries spare bits: one content must not have several names
        if base64.b32encode(data).decode().rstrip("=").lower() == body:
            return data
    raise _invalid(cid)


def _from_base58(body: str) -> bytes:
    number = 0
    for character in body:
        number = number * 58 + _BASE58.index(character)
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def _invalid(cid: str) -> InvalidCid:
    return InvalidCid(
        f"{cid[:80]!r} is no CID of the protocol; expected CIDv1, sha2-256, raw or dag-pb, in base32 (b…); "
        "add the file with `ipfs add --cid-version 1`"
    )
