"""A proposal's life beside OpenZeppelin's governor with its timelock: one call, a short text, two voters."""

from collections.abc import Iterator
from dataclasses import astuple

from web3 import Web3
from web3.contract import Contract

from benchmarks.anchors.solidity import ROOT
from benchmarks.gas.bench import Bench, Row
from chain.deploy import contract_address
from chain.parameters import GovernorParameters, read_parameters

_ANYBODY = "0x" + 40 * "0"
_STAKE_WEI = 50_000_000 * 10**18
_TEXT = "Store 42 in the box"
_OPERATIONS = (
    ("propose, 1 call", 60_000, "25,000 of it keep the digest of the targets' code, see docs/adr/0010-governor.md"),
    ("vote, first", 80_000, ""),
    ("vote, again", 63_000, ""),
    ("queue", None, ""),
    ("execute", None, ""),
)


def rows(bench: Bench) -> Iterator[Row]:
    """Propose, vote twice, queue, execute."""
    parameters = read_parameters(ROOT / "configs" / "protocol.toml")
    voters = (bench.accounts[1], bench.accounts[2])
    delay = parameters.minimum_delay_seconds
    theirs = _life(bench, _oz(bench, parameters.governor, voters, delay), parameters.governor, voters, delay)
    ours = _life(bench, _ours(bench, parameters.governor, voters, delay), parameters.governor, voters, delay)
    for (operation, target, note), anchor, gas in zip(_OPERATIONS, theirs, ours, strict=True):
        yield Row(operation, {"OZ": anchor}, gas, target, note)


def _life(
    bench: Bench, governor: Contract, parameters: GovernorParameters, voters: tuple[str, str], delay_seconds: int
) -> tuple[int, ...]:
    box = bench.solidity("governance", "Box")
    call = ([box.address], [0], [box.encode_abi("store", [42])])
    digest = Web3.keccak(text=_TEXT)
    proposal_id = governor.functions.hashProposal(*call, digest).call()
    gas = [bench.gas(governor.functions.propose(*call, _TEXT), voters[0])]
    bench.warp(parameters.voting_delay_seconds + 1)
    gas += [bench.gas(governor.functions.castVote(proposal_id, 1), voter) for voter in voters]
    bench.warp(parameters.voting_period_seconds + 1)
    gas.append(bench.gas(governor.functions.queue(*call, digest)))
    bench.warp(delay_seconds + 1)
    gas.append(bench.gas(governor.functions.execute(*call, digest)))
    assert box.functions.value().call() == 42, "the proposal was carried out"
    return tuple(gas)


def _ours(bench: Bench, parameters: GovernorParameters, voters: tuple[str, str], delay_seconds: int) -> Contract:
    token = bench.vyper("OpenToken", bench.deployer)
    staked = bench.vyper("StakedOpen", token.address, 30 * 86_400)
    nonce = bench.web3.eth.get_transaction_count(Web3.to_checksum_address(bench.deployer))
    governor = contract_address(bench.deployer, nonce + 1)
    timelock = bench.vyper("Timelock", delay_seconds, [governor], [governor])
    contract = bench.vyper("OpenGovernor", staked.address, timelock.address, bench.accounts[9], *astuple(parameters))
    assert contract.address == governor, "the timelock named it before it was there"
    for voter in voters:
        bench.gas(token.functions.transfer(voter, _STAKE_WEI))
        bench.gas(token.functions.approve(staked.address, _STAKE_WEI), voter)
        bench.gas(staked.functions.stake(_STAKE_WEI), voter)
        bench.gas(staked.functions.delegate(voter), voter)
    bench.warp(60)
    return contract


def _oz(bench: Bench, parameters: GovernorParameters, voters: tuple[str, str], delay_seconds: int) -> Contract:
    token = bench.solidity("tokens", "OzVotes")
    timelock = bench.solidity("governance", "TimelockController", delay_seconds, [], [_ANYBODY], bench.deployer)
    governor = bench.solidity(
        "governance",
        "OzGovernor",
        token.address,
        timelock.address,
        parameters.voting_delay_seconds,
        parameters.voting_period_seconds,
        parameters.proposal_threshold_wei,
        parameters.quorum_numerator,
    )
    for role in ("PROPOSER_ROLE", "CANCELLER_ROLE"):
        bench.gas(timelock.functions.grantRole(timelock.functions[role]().call(), governor.address))
    for voter in voters:
        bench.gas(token.functions.mint(voter, _STAKE_WEI))
        bench.gas(token.functions.delegate(voter), voter)
    bench.warp(60)
    return governor
