"""A contribution, committed and revealed, beside an attestation of 32 bytes on EAS."""

import hashlib
from collections.abc import Iterator

from web3.contract import Contract

from benchmarks.gas.bench import Bench, Row

_EAS = "@ethereum-attestation-service/eas-contracts/artifacts/contracts"
_NOBODY = "0x" + 40 * "0"
_TEXT = 1
_DEPOSIT_WEI = 10**18
LIMITS = (10_485_760, 10_485_760, 20, 5_242_880)
_BYTES = 30_000


def rows(bench: Bench) -> Iterator[Row]:
    """A contributor's first contribution to a Datanet, a second one in the same hours, and one on the next day."""
    registry, datanet_id, format_bit = _registry(bench)
    eas = _eas(bench)
    contributor = bench.accounts[2]

    def contribute(name: str) -> tuple[int, int]:
        return _contribute(bench, registry, datanet_id, format_bit, contributor, name)

    _contribute(bench, registry, datanet_id, format_bit, bench.accounts[3], "somebody's, so that the Datanet is in use")
    commit, reveal = contribute("first")
    again_commit, again_reveal = contribute("second")
    bench.warp(86_400)
    later_commit, later_reveal = contribute("next day")
    anchor = {"EAS attest 32 B": eas}
    yield Row("contribution, commit + reveal", anchor, again_commit + again_reveal, 120_000)
    yield Row("contribution, commit + reveal, next day", anchor, later_commit + later_reveal)
    yield Row("contribution, commit + reveal, contributor's first", anchor, commit + reveal)
    yield Row("contribution, commit alone", {}, again_commit)
    yield Row("contribution, reveal alone", {}, again_reveal)


def _registry(bench: Bench) -> tuple[Contract, int, int]:
    token = bench.vyper("OpenToken", bench.accounts[1])
    registry = bench.vyper("DatanetRegistry", token.address, bench.accounts[5], _DEPOSIT_WEI, bench.deployer)
    formats, format_bit = 0b1111, 3
    terms = (7, 3 * 10**17, 10**18)
    bench.gas(registry.functions.create_datanet(_TEXT, formats, terms, LIMITS, bytes([7]) * 32))
    for contributor in bench.accounts[2:4]:
        bench.gas(token.functions.transfer(contributor, 100 * _DEPOSIT_WEI), bench.accounts[1])
        bench.gas(token.functions.approve(registry.address, 100 * _DEPOSIT_WEI), contributor)
        bench.gas(registry.functions.add_deposits(1, 50), contributor)
    return registry, 1, format_bit


def _contribute(
    bench: Bench, registry: Contract, datanet_id: int, format_bit: int, contributor: str, name: str
) -> tuple[int, int]:
    digest, canonical_hash, salt = (hashlib.sha256(f"{kind} {name}".encode()).digest() for kind in ("cid", "text", "s"))
    commitment = registry.functions.commitment_of(contributor, datanet_id, digest, canonical_hash, salt).call()
    commit = registry.functions.commit(commitment)
    commit_gas = bench.gas(commit, contributor)
    contribution_id = registry.functions.contribution_count().call()
    bench.warp(60)
    reveal = registry.functions.reveal(contribution_id, datanet_id, digest, canonical_hash, _BYTES, format_bit, salt)
    return commit_gas, bench.gas(reveal, contributor)


def _eas(bench: Bench) -> int:
    """An attestation to nobody in particular, without expiry or reference: the least that EAS does."""
    schemas = bench.npm(f"{_EAS}/SchemaRegistry.sol/SchemaRegistry.json")
    eas = bench.npm(f"{_EAS}/EAS.sol/EAS.json", schemas.address)
    register = schemas.functions.register("bytes32 digest", _NOBODY, False)
    schema = bench.events(register, bench.accounts[4], schemas, "Registered")[0]["uid"]

    def attest(number: int) -> int:
        request = (schema, (_NOBODY, 0, False, bytes(32), number.to_bytes(32, "big"), 0))
        return bench.gas(eas.functions.attest(request), bench.accounts[4])

    attest(1)
    return attest(2)
