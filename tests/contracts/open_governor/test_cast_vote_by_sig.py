"""Votes by signature: every field of the typed data counts, each signature once, and contracts sign by ERC-1271."""

from collections.abc import Callable
from typing import Any

import boa
import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_utils import keccak

MILLION = 1_000_000 * 10**18
AGAINST, FOR, ABSTAIN = 0, 1, 2
SIGNER = Account.from_key(b"\x07" * 32)
CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
BALLOT = "Ballot(uint256 proposalId,uint8 support,address voter,uint256 nonce)"
EXTENDED = "ExtendedBallot(uint256 proposalId,uint8 support,address voter,uint256 nonce,string reason,bytes params)"

# answers as it is told: 0 the selector if the signature is the hash, 1 something else, 2 a revert, 3 too short,
# 4 the selector and more after it, 5 a revert with the selector
WALLET = """
# pragma version 0.4.3
behaviour: public(uint256)

@external
def behave(behaviour: uint256):
    self.behaviour = behaviour

@external
@view
@raw_return
def isValidSignature(digest: bytes32, signature: Bytes[2_048]) -> Bytes[96]:
    assert self.behaviour != 2
    answer: bytes32 = 0x1626ba7e00000000000000000000000000000000000000000000000000000000
    if self.behaviour == 1 or keccak256(signature) != keccak256(concat(digest, b"signed")):
        answer = 0x1626ba7e00000000000000000000000000000000000000000000000000000001
    if self.behaviour == 5:
        raw_revert(concat(answer, b""))
    if self.behaviour == 3:
        return slice(concat(answer, b""), 0, 4)
    if self.behaviour == 4:
        return concat(answer, empty(bytes32))
    return concat(answer, b"")
"""


def fields(signature: str) -> list[dict[str, str]]:
    pairs = (field.split(" ") for field in signature[signature.index("(") + 1 : -1].split(","))
    return [{"name": name, "type": kind} for kind, name in pairs]


def typed_data(governor: Any, ballot: str, message: dict[str, Any], **domain_changes: Any) -> Any:
    _, name, version, chain_id, contract, *_ = governor.eip712Domain()
    domain = {"name": name, "version": version, "chainId": chain_id, "verifyingContract": str(contract)}
    return encode_typed_data(domain | domain_changes, {ballot[: ballot.index("(")]: fields(ballot)}, message)


@pytest.fixture
def proposal(governance: Any) -> Any:
    """An open vote in which the signer has 9 million."""
    governance.staked_open.delegate(SIGNER.address, sender=governance.accounts["silent_staker"])
    return governance.open_vote()


@pytest.fixture
def sign(governor: Any, proposal: Any) -> Callable[..., tuple[Any, ...]]:
    """Arguments of `castVoteBySig`; a keyword replaces what was signed in one field of the message or the domain."""

    def signed(**changes: Any) -> tuple[Any, ...]:
        message = {"proposalId": proposal.id, "support": FOR, "voter": SIGNER.address, "nonce": 0}
        in_message = {key: changes.pop(key) for key in list(changes) if key in message}
        data = typed_data(governor, BALLOT, message | in_message, **changes)
        return proposal.id, FOR, SIGNER.address, bytes(SIGNER.sign_message(data).signature)

    return signed


@pytest.fixture
def sign_extended(governor: Any, proposal: Any) -> Callable[..., tuple[Any, ...]]:
    """As `sign`, for `castVoteWithReasonAndParamsBySig`."""

    def signed(**changes: Any) -> tuple[Any, ...]:
        message = {"proposalId": proposal.id, "support": ABSTAIN, "voter": SIGNER.address, "nonce": 0}
        message |= {"reason": "why", "params": b"\x01\x02"}
        data = typed_data(governor, EXTENDED, message | changes)
        signature = bytes(SIGNER.sign_message(data).signature)
        return proposal.id, ABSTAIN, SIGNER.address, "why", b"\x01\x02", signature

    return signed


@pytest.fixture
def wallet(governance: Any) -> Any:
    deployed = boa.loads(WALLET)
    governance.staked_open.delegate(deployed.address, sender=governance.accounts["silent_staker"])
    return deployed


def test_typehashes_are_openzeppelins(governor: Any) -> None:
    assert governor.BALLOT_TYPEHASH() == keccak(text=BALLOT)
    assert governor.EXTENDED_BALLOT_TYPEHASH() == keccak(text=EXTENDED)


def test_domain__has_the_governors_name_and_version(governor: Any) -> None:
    flags, name, version, chain_id, contract, salt, extensions = governor.eip712Domain()
    assert (
        (flags, name, version)
        == (b"\x0f", governor.name(), governor.version())
        == (
            b"\x0f",
            "OpenLedger OpenGovernor",
            "1",
        )
    )
    assert (chain_id, contract, salt, extensions) == (boa.env.evm.patch.chain_id, governor.address, bytes(32), [])


def test_vote_by_sig__counts_for_the_signer(
    governor: Any, proposal: Any, sign: Callable[..., Any], outsider: str, events: Callable[..., Any]
) -> None:
    assert governor.castVoteBySig(*sign(), sender=outsider) == 9 * MILLION
    expected = {"voter": SIGNER.address, "proposalId": proposal.id, "support": FOR, "weight": 9 * MILLION}
    assert events(governor, "VoteCast") == [expected | {"reason": ""}]
    assert governor.hasVoted(proposal.id, SIGNER.address) is True
    assert governor.hasVoted(proposal.id, outsider) is False
    assert governor.nonces(SIGNER.address) == 1
    assert governor.nonces(outsider) == 0


def test_extended_vote_by_sig__counts_and_logs(
    governor: Any, proposal: Any, sign_extended: Callable[..., Any], outsider: str, events: Callable[..., Any]
) -> None:
    assert governor.castVoteWithReasonAndParamsBySig(*sign_extended(), sender=outsider) == 9 * MILLION
    expected = {"voter": SIGNER.address, "proposalId": proposal.id, "support": ABSTAIN, "weight": 9 * MILLION}
    assert events(governor, "VoteCastWithParams") == [expected | {"reason": "why", "params": b"\x01\x02"}]
    assert governor.proposalVotes(proposal.id) == (0, 0, 9 * MILLION)
    assert governor.nonces(SIGNER.address) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"proposalId": 1},
        {"support": AGAINST},
        {"voter": "0x" + "11" * 20},
        {"nonce": 1},
        {"name": "OpenLedger StakedOpen"},
        {"version": "2"},
        {"chainId": 5},
        {"verifyingContract": "0x" + "22" * 20},
    ],
    ids=lambda change: next(iter(change)),
)
def test_vote_by_sig__with_another_field_signed__reverts(
    governor: Any, sign: Callable[..., Any], change: dict[str, Any]
) -> None:
    with boa.reverts("governor: not signed by voter"):
        governor.castVoteBySig(*sign(**change))


@pytest.mark.parametrize(
    "change",
    [
        {"proposalId": 1},
        {"support": FOR},
        {"voter": "0x" + "11" * 20},
        {"nonce": 1},
        {"reason": "why not"},
        {"params": b"\x01\x03"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_extended_vote_by_sig__with_another_field_signed__reverts(
    governor: Any, sign_extended: Callable[..., Any], change: dict[str, Any]
) -> None:
    with boa.reverts("governor: not signed by voter"):
        governor.castVoteWithReasonAndParamsBySig(*sign_extended(**change))


def test_vote_by_sig__for_another_voter__reverts(governor: Any, sign: Callable[..., Any], voter: str) -> None:
    proposal_id, support, _, signature = sign()
    with boa.reverts("governor: not signed by voter"):
        governor.castVoteBySig(proposal_id, support, voter, signature)


def test_vote_by_sig__twice__reverts(governor: Any, sign: Callable[..., Any]) -> None:
    arguments = sign()
    governor.castVoteBySig(*arguments)
    with boa.reverts("governor: not signed by voter"):
        governor.castVoteBySig(*arguments)
    with boa.reverts("governor: already voted"):
        governor.castVoteBySig(*sign(nonce=1))


def test_vote_by_sig__of_a_plain_ballot_for_the_extended_vote__reverts(governor: Any, sign: Callable[..., Any]) -> None:
    proposal_id, support, account, signature = sign()
    with boa.reverts("governor: not signed by voter"):
        governor.castVoteWithReasonAndParamsBySig(proposal_id, support, account, "", b"", signature)


def test_vote_by_sig__malformed__reverts(governor: Any, sign: Callable[..., Any]) -> None:
    *head, signature = sign()
    r, s, v = signature[:32], int.from_bytes(signature[32:64], "big"), signature[64]
    high_s = r + (CURVE_ORDER - s).to_bytes(32, "big") + bytes([55 - v])
    for wrong in (b"", signature[:64], signature + b"\0", high_s, signature[:64] + bytes([v - 27])):
        with boa.reverts("governor: not signed by voter"):
            governor.castVoteBySig(*head, wrong)


def test_vote_by_sig__of_the_zero_address__reverts(governor: Any, proposal: Any) -> None:
    # a malformed signature recovers to it
    for wrong in (b"", b"\0" * 65):
        with boa.reverts("governor: not signed by voter"):
            governor.castVoteBySig(proposal.id, FOR, "0x" + "00" * 20, wrong)


def test_vote_by_sig__before_the_vote__reverts(governance: Any, governor: Any) -> None:
    proposal = governance.propose()
    message = {"proposalId": proposal.id, "support": FOR, "voter": SIGNER.address, "nonce": 0}
    signature = bytes(SIGNER.sign_message(typed_data(governor, BALLOT, message)).signature)
    with boa.reverts("governor: vote is not open"):
        governor.castVoteBySig(proposal.id, FOR, SIGNER.address, signature)
    assert governor.nonces(SIGNER.address) == 0


def wallet_signature(governor: Any, proposal: Any, wallet: Any) -> bytes:
    message = {"proposalId": proposal.id, "support": FOR, "voter": wallet.address, "nonce": 0}
    data = typed_data(governor, BALLOT, message)
    return keccak(b"\x19" + data.version + data.header + data.body) + b"signed"


@pytest.mark.parametrize("behaviour", [0, 4])
def test_vote_by_sig__of_a_wallet_that_agrees__counts(
    governance: Any, governor: Any, wallet: Any, outsider: str, behaviour: int
) -> None:
    proposal = governance.open_vote()
    wallet.behave(behaviour)
    signature = wallet_signature(governor, proposal, wallet)
    assert governor.castVoteBySig(proposal.id, FOR, wallet.address, signature, sender=outsider) == 9 * MILLION
    assert governor.hasVoted(proposal.id, wallet.address) is True
    assert governor.nonces(wallet.address) == 1


@pytest.mark.parametrize("behaviour", [1, 2, 3, 5])
def test_vote_by_sig__of_a_wallet_that_does_not_agree__reverts(
    governance: Any, governor: Any, wallet: Any, behaviour: int
) -> None:
    proposal = governance.open_vote()
    wallet.behave(behaviour)
    with boa.reverts("governor: not signed by voter"):
        governor.castVoteBySig(proposal.id, FOR, wallet.address, wallet_signature(governor, proposal, wallet))


def test_vote_by_sig__of_a_wallet_for_another_digest__reverts(governance: Any, governor: Any, wallet: Any) -> None:
    proposal = governance.open_vote()
    with boa.reverts("governor: not signed by voter"):
        governor.castVoteBySig(proposal.id, AGAINST, wallet.address, wallet_signature(governor, proposal, wallet))


def test_extended_vote_by_sig__of_a_wallet__takes_long_signatures(governance: Any, governor: Any, wallet: Any) -> None:
    proposal = governance.open_vote()
    with boa.reverts("governor: not signed by voter"):
        arguments = (proposal.id, FOR, wallet.address, "r" * 2_048, b"p" * 1_024, b"s" * 2_048)
        governor.castVoteWithReasonAndParamsBySig(*arguments)


def test_vote_by_sig__of_a_contract_that_is_no_wallet__reverts(governance: Any, governor: Any, proposal: Any) -> None:
    with boa.reverts("governor: not signed by voter"):
        governor.castVoteBySig(proposal.id, FOR, governance.token.address, b"\x01" * 65)


def test_vote_by_sig__of_an_account_with_code__asks_the_code(governor: Any, sign: Callable[..., Any]) -> None:
    # EIP-7702: the key alone no longer speaks for the account
    arguments = sign()
    boa.env.set_code(SIGNER.address, bytes.fromhex("60006000f3"))
    with boa.reverts("governor: not signed by voter"):
        governor.castVoteBySig(*arguments)
