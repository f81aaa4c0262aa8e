"""One oracle signer: a process of its own that holds one key, recomputes an epoch, and signs only its own result.

    python -m attribution_oracle.signer --keystore K --password-file P --protection D --rpc URL --root R
        --deployment F --store S --base B … --work W --evidence CID

Everything but the evidence CID is this signer's own: its node, its store, its base models, its policy. It prints one
line of canonical JSON, `{"status":"signed",…}` or `{"status":"refused","reason":…}`, and exits 0 when it signed,
3 when it refuses (asking again does not help), 4 when something did not answer (asking again may help).
The key comes from an encrypted keystore and the password from a file or descriptor (`/dev/fd/3`), never from the
environment; it is decrypted after the recomputation, so it is in memory for milliseconds.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import eth_keyfile
from eth_keys.datatypes import PrivateKey

from attribution_oracle import wire
from attribution_oracle.errors import EpochNotReady, OracleError, SigningRefused, SourceUnavailable
from attribution_oracle.protection import remember
from attribution_oracle.reproduce import Reproduction, reproduce
from chain.client import ChainClient
from chain.contracts import load_deployment
from chain.errors import ChainError, NodeUnavailable
from chain.typed_data import root_digest, sign_digest
from content.canonical import canonical_json
from content.cid import digest_of
from content.errors import ContentError, StoreUnavailable
from content.kubo import KuboStore
from content.store import ContentStore, FolderStore
from trainer.errors import TrainerError

SIGNED, REFUSED, UNAVAILABLE = 0, 3, 4


@dataclass(frozen=True, slots=True)
class SignerSettings:
    """What a signer is set up with, once, by whoever runs it. `store` is a folder or the URL of an IPFS daemon."""

    keystore: Path
    password_file: Path
    protection: Path
    rpc_url: str
    root: Path
    deployment: Path
    store: str
    bases: tuple[Path, ...]
    work: Path
    indexes: Path | None = None
    skipped_adapters: frozenset[int] = frozenset()

    def arguments(self, evidence_cid: str) -> list[str]:
        """The command line that starts this signer on an evidence bundle."""
        options: list[tuple[str, object]] = [
            ("keystore", self.keystore),
            ("password-file", self.password_file),
            ("protection", self.protection),
            ("rpc", self.rpc_url),
            ("root", self.root),
            ("deployment", self.deployment),
            ("store", self.store),
            ("work", self.work),
            ("evidence", evidence_cid),
            *(("base", base) for base in self.bases),
            *((("indexes", self.indexes),) if self.indexes else ()),
            *(("skip-adapter", adapter_id) for adapter_id in sorted(self.skipped_adapters)),
        ]
        return [sys.executable, "-m", "attribution_oracle.signer", *(f"--{name}={value}" for name, value in options)]


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature over the EIP-712 digest of a reward root."""

    signer: str
    signature: bytes
    digest: bytes


def open_store(store: str) -> ContentStore:
    """The content store that a setting names: a folder, or an IPFS daemon by URL."""
    return KuboStore(store) if "://" in store else FolderStore(Path(store))


def sign_evidence(settings: SignerSettings, evidence_cid: str) -> Signature:
    """Recompute the epoch of an evidence bundle, and sign its root if, and only if, the own root is the same.

    Raises:
        SigningRefused: a value differs (the message names the first), or another root was signed before.
        OracleError, ChainError, ContentError, TrainerError: the recomputation is not possible.
    """
    digest, _ = digest_of(evidence_cid)
    client = ChainClient(settings.rpc_url, root=settings.root, deployment=load_deployment(settings.deployment))
    settings.work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=settings.work) as work:
        reproduction = reproduce(
            digest,
            client=client,
            store=open_store(settings.store),
            bases=settings.bases,
            work=Path(work),
            indexes=settings.indexes,
        )
    _check(reproduction, settings)
    return _sign(settings, reproduction)


def write_keystore(path: Path, private_key: bytes, password: str, *, iterations: int = 262_144) -> None:
    """Write an encrypted keystore (scrypt) that only its owner may read. `iterations` is a power of two."""
    keystore = eth_keyfile.create_keyfile_json(private_key, password.encode(), kdf="scrypt", iterations=iterations)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(json.dumps(keystore))


def _check(reproduction: Reproduction, settings: SignerSettings) -> None:
    claimed = reproduction.bundle.skipped_adapters
    if claimed != settings.skipped_adapters:
        raise SigningRefused(
            f"the evidence skips adapters {sorted(claimed)}; this signer agreed to skip "
            f"{sorted(settings.skipped_adapters)}: its operator decides, with --skip-adapter"
        )
    difference = reproduction.first_difference()
    if difference is not None:
        raise SigningRefused(f"recomputed, this signer differs: {difference}; it signs only what it finds itself")


def _sign(settings: SignerSettings, reproduction: Reproduction) -> Signature:
    facts, reward_root = reproduction.inputs.facts, reproduction.reward_root
    chain_id, contract = facts.chain_id, facts.addresses.distributor
    digest = root_digest(reward_root, chain_id=chain_id, contract=contract)
    key = _private_key(settings)
    signer = PrivateKey(key).public_key.to_checksum_address()
    # written down first: killed between the two lines, the signer has promised a root and signed nothing
    remember(
        settings.protection,
        reward_root=reward_root,
        digest=digest,
        chain_id=chain_id,
        contract=contract,
        signer=signer,
    )
    return Signature(signer=signer, signature=sign_digest(digest, key), digest=digest)


def _private_key(settings: SignerSettings) -> bytes:
    try:
        password = settings.password_file.read_text().rstrip("\n")
        return bytes(eth_keyfile.decode_keyfile_json(json.loads(settings.keystore.read_text()), password.encode()))
    except (OSError, ValueError, KeyError) as error:
        # the error of a wrong password says only that; the password itself is in no message
        raise OracleError(
            f"keystore {settings.keystore} cannot be opened ({type(error).__name__}); expected an encrypted keystore "
            f"and its password in {settings.password_file}: check both files"
        ) from error


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one signing request; see the module."""
    settings, evidence_cid = _parse(arguments)
    try:
        signature = sign_evidence(settings, evidence_cid)
    except (EpochNotReady, NodeUnavailable, SourceUnavailable, StoreUnavailable) as error:
        _print({"status": "unavailable", "reason": str(error)})
        return UNAVAILABLE
    except (OracleError, ChainError, ContentError, TrainerError) as error:
        _print({"status": "refused", "reason": str(error)})
        return REFUSED
    _print(
        {
            "status": "signed",
            "signer": signature.signer,
            "signature": wire.hexed(signature.signature),
            "digest": wire.hexed(signature.digest),
        }
    )
    return SIGNED


def _print(document: wire.Json) -> None:
    print(canonical_json(document).decode(), flush=True)


def _parse(arguments: Sequence[str] | None) -> tuple[SignerSettings, str]:
    parser = argparse.ArgumentParser(prog="attribution_oracle.signer", description=__doc__.split("\n")[0])
    for name in ("keystore", "password-file", "protection", "root", "deployment", "work"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    for name in ("rpc", "store", "evidence"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--base", type=Path, action="append", required=True)
    parser.add_argument("--indexes", type=Path, help="a folder of this signer's own, for what it measured")
    parser.add_argument("--skip-adapter", type=int, action="append", default=[])
    given = parser.parse_args(arguments)
    settings = SignerSettings(
        keystore=given.keystore,
        password_file=given.password_file,
        protection=given.protection,
        rpc_url=given.rpc,
        root=given.root,
        deployment=given.deployment,
        store=given.store,
        bases=tuple(given.base),
        work=given.work,
        indexes=given.indexes,
        skipped_adapters=frozenset(given.skip_adapter),
    )
    return settings, given.evidence


if __name__ == "__main__":
    sys.exit(main())
