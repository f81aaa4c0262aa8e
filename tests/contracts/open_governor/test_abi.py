"""The ABI has all of OpenZeppelin 5.7.0's Governor with its six extensions; see openzeppelin_governor.json."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from eth_utils import event_signature_to_log_topic, function_signature_to_4byte_selector

OPENZEPPELIN = json.loads((Path(__file__).parent / "openzeppelin_governor.json").read_text(encoding="utf-8"))
OURS = {"code_digest", "code_digest_of", "guardian", "set_guardian", "QUORUM_FLOOR_WEI"}
# OpenZeppelin's IGovernor up to 5.2; `getProposalId` came then
IGOVERNOR = [
    "name()",
    "version()",
    "COUNTING_MODE()",
    "hashProposal(address[],uint256[],bytes[],bytes32)",
    "state(uint256)",
    "proposalThreshold()",
    "proposalSnapshot(uint256)",
    "proposalDeadline(uint256)",
    "proposalProposer(uint256)",
    "proposalEta(uint256)",
    "proposalNeedsQueuing(uint256)",
    "votingDelay()",
    "votingPeriod()",
    "quorum(uint256)",
    "getVotes(address,uint256)",
    "getVotesWithParams(address,uint256,bytes)",
    "hasVoted(uint256,address)",
    "propose(address[],uint256[],bytes[],string)",
    "queue(address[],uint256[],bytes[],bytes32)",
    "execute(address[],uint256[],bytes[],bytes32)",
    "cancel(address[],uint256[],bytes[],bytes32)",
    "castVote(uint256,uint8)",
    "castVoteWithReason(uint256,uint8,string)",
    "castVoteWithReasonAndParams(uint256,uint8,string,bytes)",
    "castVoteBySig(uint256,uint8,address,bytes)",
    "castVoteWithReasonAndParamsBySig(uint256,uint8,address,string,bytes,bytes)",
]


def functions(abi: list[dict[str, Any]]) -> set[str]:
    return {
        f"{entry['name']}({','.join(argument['type'] for argument in entry['inputs'])}) {entry['stateMutability']} -> "
        + ",".join(output["type"] for output in entry["outputs"])
        for entry in abi
        if entry["type"] == "function"
    }


def declared(abi: list[dict[str, Any]]) -> set[str]:
    """Events with the names of their fields too, a star for an indexed one."""
    return {
        f"{entry['name']}("
        + ",".join(f"{field['type']}{'*' * field['indexed']} {field['name']}" for field in entry["inputs"])
        + ")"
        for entry in abi
        if entry["type"] == "event"
    }


def interface_id(signatures: list[str]) -> bytes:
    number = 0
    for signature in signatures:
        number ^= int.from_bytes(function_signature_to_4byte_selector(signature), "big")
    return number.to_bytes(4, "big")


def test_abi__has_every_function_of_openzeppelins(governor: Any) -> None:
    assert len(OPENZEPPELIN["functions"]) == 51
    assert set(OPENZEPPELIN["functions"]) <= functions(governor.abi)


def test_abi__has_every_event_of_openzeppelins(governor: Any) -> None:
    assert len(OPENZEPPELIN["events"]) == 14
    assert set(OPENZEPPELIN["events"]) <= declared(governor.abi)


def test_abi__has_little_besides(governor: Any) -> None:
    names = {entry["name"] for entry in governor.abi if entry["type"] == "function"}
    theirs = {signature.split("(")[0] for signature in OPENZEPPELIN["functions"]}
    assert names - theirs == OURS


def test_abi__has_every_event_of_the_interface(
    governor: Any, interface_events: Callable[[str], set[str]], abi_events: Callable[[Any], set[str]]
) -> None:
    events = interface_events("IOpenGovernor")
    assert events and events | {"EIP712DomainChanged"} == abi_events(governor)


@pytest.mark.parametrize(
    "step, event",
    [
        ("propose", "ProposalCreated(uint256,address,address[],uint256[],string[],bytes[],uint256,uint256,string)"),
        ("succeed", None),
        ("queue", "ProposalQueued(uint256,uint256)"),
        ("execute", "ProposalExecuted(uint256)"),
    ],
)
def test_logs__have_openzeppelins_topics(governance: Any, governor: Any, step: str, event: str | None) -> None:
    if event is None:
        proposal = governance.open_vote()
        governance.vote(proposal, 1, "voter")
        event, topics = "VoteCast(address,uint256,uint8,uint256,string)", 2
    else:
        getattr(governance, step)()
        topics = 1
    logs = [log for log in governor._computation.get_raw_log_entries() if log[1].hex() == governor.address[2:].lower()]
    found = [log[2] for log in logs]
    assert [listed[0].to_bytes(32, "big") for listed in found] == [event_signature_to_log_topic(event)]
    assert len(found[0]) == topics


def test_interface_ids__are_those_of_the_functions() -> None:
    proposal_id = "getProposalId(address[],uint256[],bytes[],bytes32)"
    assert interface_id(IGOVERNOR).hex() == "65455a86"
    assert interface_id([*IGOVERNOR, proposal_id]).hex() == "cdbdfcee"


@pytest.mark.parametrize(
    "number, is_supported",
    [
        ("01ffc9a7", True),  # ERC-165
        ("cdbdfcee", True),  # IGovernor
        ("65455a86", True),
        ("4e2312e0", True),  # IERC1155Receiver
        ("150b7a02", False),  # IERC721Receiver
        ("da287a1d", False),  # ERC-6372
        ("ffffffff", False),
        ("00000000", False),
    ],
)
def test_supports_interface__answers_as_openzeppelins(governor: Any, number: str, is_supported: bool) -> None:
    assert governor.supportsInterface(bytes.fromhex(number)) is is_supported


def test_code__with_its_immutables__fits(governor: Any) -> None:
    assert len(governor.bytecode) <= 20_000
