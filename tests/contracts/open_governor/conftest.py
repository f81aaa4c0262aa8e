"""gOPEN with delegates, a governor over a timelock that only it may use, and a target that the timelock owns."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import boa
import pytest
from eth_abi import encode
from eth_utils import keccak

OPEN = 10**18
MINIMUM_DELAY_SECONDS = 172_800
# a third stays out of every vote; the quorum is 25 % of 60 million
STAKES = {"proposer": 1, "voter": 20, "second_voter": 12, "opponent": 16, "small_voter": 2, "silent_staker": 9}
AGAINST, FOR, ABSTAIN = 0, 1, 2
PENDING, ACTIVE, CANCELED, DEFEATED, SUCCEEDED, QUEUED, _EXPIRED, EXECUTED = range(8)
CONSTRUCTOR = (
    *("voting_delay_seconds", "voting_period_seconds", "proposal_threshold_wei"),
    *("quorum_numerator", "quorum_floor_wei", "late_quorum_extension_seconds"),
)
ZERO = "0x" + "00" * 20

TARGET = """
# pragma version 0.4.3
owner: address
number: public(uint256)
received_wei: public(uint256)

@deploy
def __init__(owner: address):
    self.owner = owner

@external
@payable
def set(number: uint256):
    assert msg.sender == self.owner, "target: caller is not the owner"
    self.number = number
    self.received_wei += msg.value

@external
def fail():
    raise "target: always fails"
"""


@dataclass(frozen=True)
class Proposal:
    """What `propose` takes; `content` is what the other functions take."""

    targets: tuple[str, ...]
    calldatas: tuple[bytes, ...]
    values: tuple[int, ...]
    description: str

    @property
    def description_hash(self) -> bytes:
        return keccak(text=self.description)

    @property
    def content(self) -> tuple[Any, ...]:
        return list(self.targets), list(self.values), list(self.calldatas), self.description_hash

    @property
    def arguments(self) -> tuple[Any, ...]:
        return *self.content[:3], self.description

    @property
    def id(self) -> int:
        """OpenZeppelin's formula: keccak256 of the ABI encoding."""
        return int.from_bytes(keccak(encode(["address[]", "uint256[]", "bytes[]", "bytes32"], self.content)), "big")

    def operation(self, governor: Any) -> bytes:
        """The number of its operation in the timelock, by OpenZeppelin's formula."""
        governor_bytes = bytes.fromhex(governor.address[2:]).ljust(32, b"\0")
        salt = bytes(a ^ b for a, b in zip(governor_bytes, self.description_hash, strict=True))
        types = ["address[]", "uint256[]", "bytes[]", "bytes32", "bytes32"]
        return keccak(encode(types, [*self.content[:3], bytes(32), salt]))


@dataclass(frozen=True)
class Governance:
    """The contracts and roles; every step of a proposal's life is one method."""

    token: Any
    staked_open: Any
    timelock: Any
    governor: Any
    target: Any
    guardian: str
    open_holder: str
    accounts: dict[str, str]

    def proposal(self, *calls: tuple[Any, bytes, int], description: str = "set the number") -> Proposal:
        """Of calls (contract, calldata, wei); without any, one that sets the target's number to 7."""
        listed = calls or ((self.target, self.target.set.prepare_calldata(7), 0),)
        return Proposal(
            tuple(str(getattr(target, "address", target)) for target, _, _ in listed),
            tuple(data for _, data, _ in listed),
            tuple(amount for _, _, amount in listed),
            description,
        )

    def own(self, function: str, *arguments: Any) -> Proposal:
        """A proposal that calls one function of the governor itself."""
        return self.proposal((self.governor, getattr(self.governor, function).prepare_calldata(*arguments), 0))

    def propose(self, proposal: Proposal | None = None, *, sender: str | None = None) -> Proposal:
        """Proposes; as it is pending now."""
        proposal = proposal or self.proposal()
        self.governor.propose(*proposal.arguments, sender=sender or self.accounts["proposer"])
        return proposal

    def open_vote(self, proposal: Proposal | None = None) -> Proposal:
        """Proposes and waits for the first second of the vote."""
        proposal = self.propose(proposal)
        boa.env.timestamp = self.governor.proposalSnapshot(proposal.id) + 1
        return proposal

    def vote(self, proposal: Proposal, support: int, *roles: str) -> None:
        for role in roles:
            self.governor.castVote(proposal.id, support, sender=self.accounts[role])

    def close_vote(self, proposal: Proposal) -> None:
        """Waits for the first second after the vote."""
        boa.env.timestamp = self.governor.proposalDeadline(proposal.id) + 1

    def succeed(self, proposal: Proposal | None = None) -> Proposal:
        proposal = self.open_vote(proposal)
        self.vote(proposal, FOR, "voter")
        self.close_vote(proposal)
        return proposal

    def queue(self, proposal: Proposal | None = None) -> Proposal:
        """Takes a new proposal as far as the queue."""
        proposal = self.succeed(proposal)
        self.governor.queue(*proposal.content)
        return proposal

    def ripen(self, proposal: Proposal | None = None) -> Proposal:
        """Takes a new proposal as far as the second from which it can be executed."""
        proposal = self.queue(proposal)
        boa.env.timestamp = self.governor.proposalEta(proposal.id)
        return proposal

    def execute(self, proposal: Proposal | None = None, *, value: int = 0) -> Proposal:
        proposal = self.ripen(proposal)
        self.governor.execute(*proposal.content, value=value)
        return proposal


@pytest.fixture(scope="session")
def settings(protocol: dict[str, Any]) -> dict[str, int]:
    """The governor's constants, in the order of its constructor."""
    return {name: int(protocol["governor"][name]) for name in CONSTRUCTOR}


@pytest.fixture(scope="session")
def deploy_over(
    factory: Callable[[str], Any], actor: Callable[[str], str], settings: dict[str, int]
) -> Callable[..., Any]:
    """`deploy_over(staked_open, executors)`: a timelock and its governor, which is always an executor."""

    def deploy(staked_open: Any, *executors: str) -> tuple[Any, Any, str]:
        address, guardian = boa.env.generate_address("governor"), actor("guardian")
        timelock = factory("Timelock").deploy(MINIMUM_DELAY_SECONDS, [address], [address, *executors])
        governor = factory("OpenGovernor").deploy(
            staked_open, timelock, guardian, *settings.values(), override_address=address
        )
        return timelock, governor, guardian

    return deploy


@pytest.fixture(scope="session")
def base(
    factory: Callable[[str], Any],
    actor: Callable[[str], str],
    protocol: dict[str, Any],
    deploy_over: Callable[..., Any],
) -> Governance:
    """Deployed once; each test works on it and is undone."""
    holder = actor("open_holder")
    token = factory("OpenToken").deploy(holder)
    staked_open = factory("StakedOpen").deploy(token, protocol["staked_open"]["exit_cooldown_seconds"])
    accounts = {role: actor(role) for role in STAKES}
    for role, account in accounts.items():
        amount_wei = STAKES[role] * 1_000_000 * OPEN
        token.transfer(account, amount_wei, sender=holder)
        token.approve(staked_open, amount_wei, sender=account)
        staked_open.stake(amount_wei, sender=account)
        if role != "silent_staker":
            staked_open.delegate(account, sender=account)
    timelock, governor, guardian = deploy_over(staked_open)
    target = boa.loads(TARGET, timelock.address)
    boa.env.time_travel(seconds=10)
    return Governance(token, staked_open, timelock, governor, target, guardian, holder, accounts)


@pytest.fixture
def governance(base: Governance) -> Governance:
    return base


@pytest.fixture
def open_governance(base: Governance, deploy_over: Callable[..., Any]) -> Governance:
    """As `governance`, but whoever likes may execute at the timelock directly."""
    timelock, governor, guardian = deploy_over(base.staked_open, ZERO)
    target = boa.loads(TARGET, timelock.address)
    return replace(base, timelock=timelock, governor=governor, guardian=guardian, target=target)


@pytest.fixture
def governor(governance: Governance) -> Any:
    return governance.governor


@pytest.fixture
def proposer(governance: Governance) -> str:
    return governance.accounts["proposer"]


@pytest.fixture
def voter(governance: Governance) -> str:
    return governance.accounts["voter"]


@pytest.fixture
def guardian(governance: Governance) -> str:
    return governance.guardian
