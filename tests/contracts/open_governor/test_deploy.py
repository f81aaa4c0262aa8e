"""Deployment: what the constructor sets and logs, and what it refuses."""

from collections.abc import Callable
from typing import Any

import boa
import pytest
from eth.exceptions import Revert

ZERO = "0x" + "00" * 20


@pytest.fixture
def deploy(
    governance: Any, factory: Callable[[str], Any], settings: dict[str, int], guardian: str
) -> Callable[..., Any]:
    """Deploys with the protocol's constants but for those named."""

    def deployed(**changes: Any) -> Any:
        first = {"staked_open": governance.staked_open, "timelock": governance.timelock, "guardian": guardian}
        return factory("OpenGovernor").deploy(*(first | settings | changes).values())

    return deployed


def test_deploy__sets_and_logs_everything(
    deploy: Callable[..., Any], governance: Any, guardian: str, settings: dict[str, int], events: Callable[..., Any]
) -> None:
    governor = deploy()
    extension = settings["late_quorum_extension_seconds"]
    expected = {
        "VotingDelaySet": {"oldVotingDelay": 0, "newVotingDelay": settings["voting_delay_seconds"]},
        "VotingPeriodSet": {"oldVotingPeriod": 0, "newVotingPeriod": settings["voting_period_seconds"]},
        "ProposalThresholdSet": {
            "oldProposalThreshold": 0,
            "newProposalThreshold": settings["proposal_threshold_wei"],
        },
        "LateQuorumVoteExtensionSet": {"oldVoteExtension": 0, "newVoteExtension": extension},
        "QuorumNumeratorUpdated": {"oldQuorumNumerator": 0, "newQuorumNumerator": settings["quorum_numerator"]},
        "TimelockChange": {"oldTimelock": ZERO, "newTimelock": governance.timelock.address},
        "GuardianSet": {"previous_guardian": ZERO, "guardian": guardian},
    }
    assert {name: events(governor, name) for name in expected} == {name: [log] for name, log in expected.items()}
    assert governor.token() == governance.staked_open.address
    assert governor.timelock() == governance.timelock.address
    assert governor.guardian() == guardian
    assert governor.votingDelay() == settings["voting_delay_seconds"]
    assert governor.votingPeriod() == settings["voting_period_seconds"]
    assert governor.proposalThreshold() == settings["proposal_threshold_wei"]
    assert governor.lateQuorumVoteExtension() == extension
    assert governor.quorumNumerator() == settings["quorum_numerator"]
    assert governor.QUORUM_FLOOR_WEI() == settings["quorum_floor_wei"]


def test_deploy__without_guardian__has_none(deploy: Callable[..., Any]) -> None:
    assert deploy(guardian=ZERO).guardian() == ZERO


@pytest.mark.parametrize(
    "change, reason",
    [
        ({"staked_open": ZERO}, "governor: no token"),
        ({"timelock": ZERO}, "governor: no timelock"),
        ({"voting_period_seconds": 0}, "governor: voting period is zero"),
        ({"proposal_threshold_wei": 2**96}, "governor: threshold too large"),
        ({"quorum_numerator": 101}, "governor: quorum above 100"),
        ({"quorum_floor_wei": 0}, "governor: no quorum floor"),
        ({"quorum_floor_wei": 2**96}, "governor: quorum floor too large"),
        ({"late_quorum_extension_seconds": 1_209_601}, "governor: extension too long"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_deploy__with_an_unusable_constant__reverts(
    deploy: Callable[..., Any], change: dict[str, Any], reason: str
) -> None:
    with boa.reverts(reason):
        deploy(**change)


def test_clock__is_gopens(governance: Any, governor: Any) -> None:
    assert governor.clock() == governance.staked_open.clock() == boa.env.timestamp
    assert governor.CLOCK_MODE() == governance.staked_open.CLOCK_MODE() == "mode=timestamp"


def test_counting_mode__is_openzeppelins(governor: Any) -> None:
    assert governor.COUNTING_MODE() == "support=bravo&quorum=for,abstain"


def test_tokens__are_refused(governor: Any, outsider: str) -> None:
    deposits = [
        ("onERC721Received", outsider, outsider, 1, b""),
        ("onERC1155Received", outsider, outsider, 1, 1, b"data"),
        ("onERC1155BatchReceived", outsider, outsider, [1, 2], [3, 4], b""),
    ]
    for function, *arguments in deposits:
        with boa.reverts("governor: takes no tokens"):
            getattr(governor, function)(*arguments)


def test_ether__is_refused(governor: Any, outsider: str) -> None:
    boa.env.set_balance(outsider, 1)
    with pytest.raises(Revert):
        boa.env.raw_call(governor.address, sender=outsider, value=1)
    assert boa.env.get_balance(governor.address) == 0
