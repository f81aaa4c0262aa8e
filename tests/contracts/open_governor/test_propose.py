"""Proposals: who may make one, what its number and its event say, and what cannot be proposed."""

from collections.abc import Callable
from typing import Any

import boa
import pytest
from eth_utils import keccak, to_checksum_address

OPEN = 10**18
CALL_BYTES, CALLS, DESCRIPTION_BYTES = 1_024, 8, 8_192


def now() -> int:
    return int(boa.env.timestamp)


def suffixed(account: str) -> str:
    return f"set the number\n#proposer={account}"


def test_propose__stores_the_proposal(governance: Any, governor: Any, proposer: str, settings: dict[str, int]) -> None:
    proposal = governance.proposal()
    assert governor.propose(*proposal.arguments, sender=proposer) == proposal.id
    assert governor.state(proposal.id) == 0
    assert governor.proposalProposer(proposal.id) == proposer
    assert governor.proposalSnapshot(proposal.id) == now() + settings["voting_delay_seconds"]
    deadline = now() + settings["voting_delay_seconds"] + settings["voting_period_seconds"]
    assert governor.proposalDeadline(proposal.id) == deadline
    assert governor.proposalEta(proposal.id) == 0
    assert governor.proposalVotes(proposal.id) == (0, 0, 0)
    assert governor.proposalNeedsQueuing(proposal.id) is True


def test_propose__logs_openzeppelins_event(governance: Any, governor: Any, events: Callable[..., Any]) -> None:
    target = governance.target
    proposal = governance.proposal(
        (target, target.set.prepare_calldata(7), 5), (governance.token, b"", 0), description="two calls"
    )
    governance.propose(proposal)
    assert events(governor, "ProposalCreated") == [
        {
            "proposalId": proposal.id,
            "proposer": governance.accounts["proposer"],
            "targets": list(proposal.targets),
            "values": [5, 0],
            "signatures": ["", ""],
            "calldatas": list(proposal.calldatas),
            "voteStart": governor.proposalSnapshot(proposal.id),
            "voteEnd": governor.proposalDeadline(proposal.id),
            "description": "two calls",
        }
    ]


@pytest.mark.parametrize("calls", [1, 2, 3, CALLS])
def test_hash_proposal__is_the_hash_of_soliditys_encoding(governance: Any, governor: Any, calls: int) -> None:
    # lengths around the padding to whole words, up to the bound
    lengths = [0, 1, 31, 32, 33, 68, 1_023, CALL_BYTES][-calls:]
    listed = [(boa.env.generate_address(), b"\xa5" * length, 3**length % 2**256) for length in lengths]
    proposal = governance.proposal(*listed, description="any")
    assert governor.hashProposal(*proposal.content) == proposal.id
    assert governor.getProposalId(*proposal.content) == proposal.id


def test_propose__at_every_bound(governance: Any, governor: Any, proposer: str) -> None:
    call = (governance.target, b"\xff" * CALL_BYTES, 2**256 - 1)
    proposal = governance.proposal(*([call] * CALLS), description="d" * DESCRIPTION_BYTES)
    assert governor.propose(*proposal.arguments, sender=proposer) == proposal.id


def test_propose__twice__reverts(governance: Any, governor: Any, voter: str) -> None:
    proposal = governance.propose()
    with boa.reverts("governor: proposal exists"):
        governor.propose(*proposal.arguments, sender=voter)


def test_propose__again_after_cancellation__reverts(governance: Any, governor: Any, proposer: str) -> None:
    proposal = governance.propose()
    governor.cancel(*proposal.content, sender=proposer)
    with boa.reverts("governor: proposal exists"):
        governor.propose(*proposal.arguments, sender=proposer)


def test_propose__nothing__reverts(governor: Any, proposer: str) -> None:
    with boa.reverts("governor: no call"):
        governor.propose([], [], [], "nothing", sender=proposer)


@pytest.mark.parametrize("values, calldatas", [([], [b""]), ([0, 0], [b""]), ([0], []), ([0], [b"", b""])])
def test_propose__with_lists_of_different_length__reverts(
    governance: Any, governor: Any, proposer: str, values: list[int], calldatas: list[bytes]
) -> None:
    with boa.reverts("governor: lengths differ"):
        governor.propose([governance.target], values, calldatas, "uneven", sender=proposer)


@pytest.mark.parametrize("role, is_enough", [("exact_staker", True), ("lacking_staker", False)])
def test_propose__needs_the_threshold_to_the_wei(
    governance: Any, governor: Any, actor: Callable[[str], str], settings: dict[str, int], role: str, is_enough: bool
) -> None:
    account, source = actor(role), governance.accounts["silent_staker"]
    threshold_wei = settings["proposal_threshold_wei"]
    stake = threshold_wei if is_enough else threshold_wei - 1
    # the delegated stake of one account becomes another's, less or more
    governance.staked_open.request_exit(9_000_000 * OPEN - stake, sender=source)
    governance.staked_open.delegate(account, sender=source)
    boa.env.time_travel(seconds=1)
    if is_enough:
        governor.propose(*governance.proposal().arguments, sender=account)
    else:
        with boa.reverts("governor: too few votes"):
            governor.propose(*governance.proposal().arguments, sender=account)


def test_propose__with_votes_of_this_second__reverts(
    governance: Any, governor: Any, actor: Callable[[str], str]
) -> None:
    borrower = actor("borrower")
    governance.staked_open.delegate(borrower, sender=governance.accounts["silent_staker"])
    assert governance.staked_open.getVotes(borrower) == 9_000_000 * OPEN
    with boa.reverts("governor: too few votes"):
        governor.propose(*governance.proposal().arguments, sender=borrower)


def test_propose__without_threshold__is_open_to_all(governance: Any, governor: Any, outsider: str) -> None:
    governance.execute(governance.own("setProposalThreshold", 0))
    proposal = governance.proposal()
    assert governor.propose(*proposal.arguments, sender=outsider) == proposal.id


def test_propose__with_a_delay_beyond_all_time__reverts(governance: Any, governor: Any, proposer: str) -> None:
    governance.execute(governance.own("setVotingDelay", 2**48 - 1))
    with boa.reverts("governor: snapshot too late"):
        governor.propose(*governance.proposal().arguments, sender=proposer)


def test_propose__with_own_suffix__passes(governance: Any, proposer: str) -> None:
    for description in (suffixed(proposer), suffixed(proposer.lower()), suffixed("0x" + proposer[2:].upper())):
        governance.propose(governance.proposal(description=description))


def test_propose__with_anothers_suffix__reverts(governance: Any, governor: Any, proposer: str, voter: str) -> None:
    proposal = governance.proposal(description=suffixed(proposer))
    with boa.reverts("governor: named another proposer"):
        governor.propose(*proposal.arguments, sender=voter)
    governance.propose(proposal)


def test_propose__with_a_suffix_alone__names_its_proposer(governance: Any, governor: Any, proposer: str) -> None:
    proposal = governance.proposal(description=f"#proposer={proposer}")
    with boa.reverts("governor: named another proposer"):
        governor.propose(*proposal.arguments, sender=governance.accounts["voter"])
    governance.propose(proposal)


@pytest.mark.parametrize("position", [0, 1, 20, 39])
def test_propose__with_any_digit_changed__is_anothers(
    governance: Any, governor: Any, proposer: str, position: int
) -> None:
    digits = list(proposer[2:].lower())
    digits[position] = "0" if digits[position] != "0" else "f"
    with boa.reverts("governor: named another proposer"):
        proposal = governance.proposal(description=suffixed("0x" + "".join(digits)))
        governor.propose(*proposal.arguments, sender=proposer)


OTHER = "5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"


@pytest.mark.parametrize(
    "ending",
    [
        f"#proposer=0x{OTHER[:-1]}",  # 39 digits
        f"#proposer=0x{OTHER} ",  # not at the end
        f"#proposer=0X{OTHER}",
        f"#proposes=0x{OTHER}",
        f"proposer=0x{OTHER}",
        f"#proposer={OTHER}",
        f"#proposer=0x{OTHER[:-1]}g",
        f"#proposer=0x/{OTHER[1:]}",  # the characters around the three ranges of digits
        f"#proposer=0x:{OTHER[1:]}",
        f"#proposer=0x@{OTHER[1:]}",
        f"#proposer=0xG{OTHER[1:]}",
        f"#proposer=0x`{OTHER[1:]}",
    ],
)
def test_propose__with_an_ending_that_is_no_suffix__is_open_to_all(
    governance: Any, governor: Any, voter: str, ending: str
) -> None:
    proposal = governance.proposal(description="x" * 30 + ending)
    assert governor.propose(*proposal.arguments, sender=voter) == proposal.id


def test_propose__with_every_hexadecimal_digit__reads_them(
    governance: Any, governor: Any, actor: Callable[[str], str]
) -> None:
    account = to_checksum_address("0x" + "0123456789abcdef" * 2 + "fedcba98")
    governance.staked_open.delegate(account, sender=governance.accounts["silent_staker"])
    boa.env.time_travel(seconds=1)
    for digits in ("0123456789abcdef" * 2 + "fedcba98", "0123456789ABCDEF" * 2 + "FEDCBA98"):
        governor.propose(*governance.proposal(description=f"#proposer=0x{digits}").arguments, sender=account)


def test_code_digest__chains_the_hashes_of_the_code(governor: Any, outsider: str) -> None:
    contract = boa.env.generate_address()
    boa.env.set_code(contract, b"\x00")
    digest = bytes(32)
    for code in (b"\x00", b"", b"\x00"):
        digest = keccak(digest + keccak(code))
    expected = int.from_bytes(digest[:20], "big")
    assert governor.code_digest_of([contract, outsider, contract]) == expected


def test_code_digest__is_stored_and_can_be_compared(governance: Any, governor: Any, outsider: str) -> None:
    proposal = governance.propose(governance.proposal((governance.target, b"", 0), (outsider, b"", 1)))
    assert governor.code_digest(proposal.id) == governor.code_digest_of(list(proposal.targets)) != 0
    assert governor.code_digest_of(list(proposal.targets)[::-1]) != governor.code_digest(proposal.id)


def test_views__of_no_proposal(governor: Any, outsider: str) -> None:
    assert governor.proposalSnapshot(1) == governor.proposalDeadline(1) == governor.proposalEta(1) == 0
    assert governor.proposalProposer(1) == "0x" + "00" * 20
    assert governor.proposalVotes(1) == (0, 0, 0)
    assert governor.code_digest(1) == 0
    assert governor.hasVoted(1, outsider) is False
    with boa.reverts("governor: no such proposal"):
        governor.state(1)
