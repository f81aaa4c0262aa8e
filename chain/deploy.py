"""The protocol's deployment: what is deployed in which order, how it is wired, and who holds what at the end.

The one sequence serves `brownie run deploy` and the application alike; each brings its own way to sign (a `Deployer`).
It ends with a check on chain that the deployer is left with nothing.
"""

import subprocess
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any, Protocol

import rlp
from eth_account.signers.local import LocalAccount
from eth_utils.address import to_checksum_address

from chain.client import ChainClient
from chain.contracts import ContractRecord, Deployment
from chain.errors import ChainError
from chain.merkle import keccak
from chain.node import (
    DEV_ACCOUNT_COUNT,
    DEV_CHAIN_ID,
    DEV_GUARDIAN,
    DEV_HOLDER,
    DEV_SIGNERS,
    dev_account,
)
from chain.parameters import ProtocolParameters

# The contracts whose owner, for a start, is the deployer: it must wire them before it hands them over.
OWNED_CONTRACTS = ("ValidatorPool", "DatanetRegistry", "RewardDistributor", "InferencePayments")
TIMELOCK_ROLES = ("DEFAULT_ADMIN_ROLE", "PROPOSER_ROLE", "EXECUTOR_ROLE", "CANCELLER_ROLE")

_GOVERNOR_ROLES = ("PROPOSER_ROLE", "EXECUTOR_ROLE", "CANCELLER_ROLE")
_ANYBODY = "0x" + 40 * "0"
# The Timelock, deployed first, names the governor, deployed this many transactions later, as its only proposer and
# executor: so the deployer never holds a role there.
_GOVERNOR_OFFSET = 3


@dataclass(frozen=True, slots=True)
class Roles:
    """Who holds what after the deployment; the treasury is the Timelock.

    Attributes:
        guardian: may cancel proposals and do nothing else, until governance removes it.
        signers: the oracle keys that sign reward roots.
        holder: receives the whole supply of OPEN; None for the treasury.

    Raises:
        ValueError: one of them is no address.
    """

    guardian: str
    signers: tuple[str, ...]
    holder: str | None = None

    def __post_init__(self) -> None:
        # checksummed, so that two spellings of one account do not pass for two
        object.__setattr__(self, "guardian", to_checksum_address(self.guardian))
        object.__setattr__(self, "signers", tuple(to_checksum_address(signer) for signer in self.signers))
        if self.holder is not None:
            object.__setattr__(self, "holder", to_checksum_address(self.holder))


class Deployer(Protocol):
    """An account that deploys contracts of the project and calls those it has deployed, by name."""

    @property
    def address(self) -> str: ...
    @property
    def chain_id(self) -> int: ...
    @property
    def nonce(self) -> int: ...
    def deploy(self, name: str, *args: Any) -> ContractRecord: ...
    def send(self, name: str, function: str, *args: Any) -> None: ...
    def call(self, name: str, function: str, *args: Any) -> Any: ...


class ClientDeployer:
    """A Deployer that signs with a local key and sends through a ChainClient of its own."""

    def __init__(self, account: LocalAccount, *, rpc_url: str, root: Path) -> None:
        self._account = account
        self._client = ChainClient(rpc_url, root=root)
        self._records: dict[str, ContractRecord] = {}

    @property
    def address(self) -> str:
        return str(self._account.address)

    @property
    def chain_id(self) -> int:
        return self._client.chain_id

    @property
    def nonce(self) -> int:
        return int(self._client.rpc("eth_getTransactionCount", self.address, "latest"), 16)

    def deploy(self, name: str, *args: Any) -> ContractRecord:
        record = self._client.deploy(self._account, name, *args)
        self._records[name] = record
        self._client.deployment = Deployment(self.chain_id, record.block_number, "", self._records)
        return record

    def send(self, name: str, function: str, *args: Any) -> None:
        self._client.send(self._account, name, function, *args)

    def call(self, name: str, function: str, *args: Any) -> Any:
        return self._client.call(name, function, *args)


def development_roles() -> Roles:
    """The roles of a development chain, all of them accounts of the public phrase."""
    return Roles(
        guardian=dev_account(DEV_GUARDIAN).address,
        signers=tuple(dev_account(index).address for index in DEV_SIGNERS),
        holder=dev_account(DEV_HOLDER).address,
    )


def deploy_protocol(deployer: Deployer, parameters: ProtocolParameters, roles: Roles, *, commit: str) -> Deployment:
    """Deploy every contract, wire them, hand them to the Timelock, and check what the chain says of it.

    Raises:
        ChainError: a role is not usable, or the check at the end fails.
        Reverted: a contract refused.
    """
    _check_roles(deployer, parameters, roles)
    contracts = _deploy_contracts(deployer, parameters, roles)
    _wire(deployer, parameters, roles, contracts)
    _hand_over(deployer, contracts)
    check_handover(deployer, parameters, roles, contracts)
    first_block = min(record.block_number for record in contracts.values())
    return Deployment(deployer.chain_id, first_block, commit, contracts)


def check_handover(
    deployer: Deployer, parameters: ProtocolParameters, roles: Roles, contracts: Mapping[str, ContractRecord]
) -> None:
    """Compare the roles on chain with those that were asked for.

    Raises:
        ChainError: the deployer still holds something, or someone else does not hold what is theirs.
    """
    timelock, governor = contracts["Timelock"].address, contracts["OpenGovernor"].address
    holder = roles.holder or timelock
    found = {
        **{f"{name}.owner": (deployer.call(name, "owner"), timelock) for name in OWNED_CONTRACTS},
        **{f"{role} of the deployer": (_has_role(deployer, role, deployer.address), False) for role in TIMELOCK_ROLES},
        **{f"{role} of the guardian": (_has_role(deployer, role, roles.guardian), False) for role in TIMELOCK_ROLES},
        **{f"{role} of the governor": (_has_role(deployer, role, governor), True) for role in _GOVERNOR_ROLES},
        "DEFAULT_ADMIN_ROLE of the Timelock": (_has_role(deployer, "DEFAULT_ADMIN_ROLE", timelock), True),
        # what anybody could execute at the Timelock itself would pass by the governor's look at the targets' code
        "EXECUTOR_ROLE of everybody": (_has_role(deployer, "EXECUTOR_ROLE", _ANYBODY), False),
        "OpenGovernor.guardian": (deployer.call("OpenGovernor", "guardian"), roles.guardian),
        "ValidatorPool.court": (deployer.call("ValidatorPool", "court"), contracts["ReviewCourt"].address),
        "DatanetRegistry.court": (deployer.call("DatanetRegistry", "court"), contracts["ReviewCourt"].address),
        "RewardDistributor.disputes": (
            deployer.call("RewardDistributor", "disputes"),
            contracts["RootDisputes"].address,
        ),
        "RewardDistributor.accruer": (
            deployer.call("RewardDistributor", "accruer"),
            contracts["InferencePayments"].address,
        ),
        "RewardDistributor.signers": (tuple(deployer.call("RewardDistributor", "signers")), _sorted(roles.signers)),
        "RewardDistributor.threshold": (deployer.call("RewardDistributor", "threshold"), parameters.signer_threshold),
        "OPEN of the holder": (deployer.call("OpenToken", "balanceOf", holder), parameters.supply_wei),
        "OPEN in all": (deployer.call("OpenToken", "totalSupply"), parameters.supply_wei),
    }
    wrong = [f"{what} is {now!r}, expected {wanted!r}" for what, (now, wanted) in found.items() if now != wanted]
    if wrong:
        raise ChainError(f"the deployment is not as asked: {', '.join(wrong)}; use none of it and deploy again")


def contract_address(sender: str, nonce: int) -> str:
    """The address of the contract that `sender` creates with its transaction number `nonce` (CREATE)."""
    encoded: bytes = rlp.encode([bytes.fromhex(sender.removeprefix("0x")), nonce])
    return str(to_checksum_address(keccak(encoded)[12:]))


def git_commit(root: Path) -> str:
    """The commit of the checkout, with `-dirty` when files differ from it; `unknown` outside a repository."""
    command = ["git", "-C", str(root), "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _deploy_contracts(deployer: Deployer, parameters: ProtocolParameters, roles: Roles) -> dict[str, ContractRecord]:
    contracts: dict[str, ContractRecord] = {}

    def deploy(name: str, *args: Any) -> str:
        contracts[name] = deployer.deploy(name, *args)
        return contracts[name].address

    governor = contract_address(deployer.address, deployer.nonce + _GOVERNOR_OFFSET)
    timelock = deploy("Timelock", parameters.minimum_delay_seconds, [governor], [governor])
    token = deploy("OpenToken", roles.holder or timelock)
    staked = deploy("StakedOpen", token, parameters.exit_cooldown_seconds)
    deploy("OpenGovernor", staked, timelock, roles.guardian, *astuple(parameters.governor))
    pool = deploy("ValidatorPool", token, parameters.seat_wei, parameters.leave_cooldown_seconds, deployer.address)
    datanets = deploy("DatanetRegistry", token, timelock, parameters.deposit_wei, deployer.address)
    deploy("ReviewCourt", token, datanets, pool, timelock, *astuple(parameters.review))
    models = deploy("ModelRegistry", datanets)
    distributor = deploy("RewardDistributor", token, timelock, deployer.address, *astuple(parameters.rewards))
    deploy(
        "RootDisputes", token, distributor, datanets, timelock, parameters.demand_bond_wei, parameters.answer_seconds
    )
    deploy(
        "InferencePayments",
        token,
        models,
        staked,
        distributor,
        timelock,
        deployer.address,
        parameters.withdrawal_delay_seconds,
        parameters.split_bps,
    )
    return contracts


def _wire(
    deployer: Deployer, parameters: ProtocolParameters, roles: Roles, contracts: Mapping[str, ContractRecord]
) -> None:
    deployer.send("ValidatorPool", "set_court", contracts["ReviewCourt"].address)
    deployer.send("DatanetRegistry", "set_court", contracts["ReviewCourt"].address)
    deployer.send("RewardDistributor", "set_accruer", contracts["InferencePayments"].address)
    deployer.send("RewardDistributor", "set_disputes", contracts["RootDisputes"].address)
    deployer.send("RewardDistributor", "set_signers", _sorted(roles.signers), parameters.signer_threshold)


def _hand_over(deployer: Deployer, contracts: Mapping[str, ContractRecord]) -> None:
    for name in OWNED_CONTRACTS:
        deployer.send(name, "transfer_ownership", contracts["Timelock"].address)


def _check_roles(deployer: Deployer, parameters: ProtocolParameters, roles: Roles) -> None:
    signers = set(roles.signers)
    named = signers | {account for account in (roles.guardian, roles.holder) if account is not None}
    if deployer.address in named:
        raise ChainError(f"the deployer {deployer.address} is given a role; name an account that does not deploy")
    if len(signers) != parameters.signer_count:
        wanted = parameters.signer_count
        raise ChainError(f"{len(signers)} oracle signers were named; protocol.toml wants {wanted}; name them all")
    if deployer.chain_id != DEV_CHAIN_ID:
        public = {dev_account(index).address for index in range(DEV_ACCOUNT_COUNT)} & {deployer.address, *named}
        if public:
            accounts = ", ".join(sorted(public))
            chain_id = deployer.chain_id
            raise ChainError(f"{accounts}: everyone has the keys of development accounts; name others on {chain_id}")


def _has_role(deployer: Deployer, role: str, account: str) -> bool:
    return bool(deployer.call("Timelock", "hasRole", deployer.call("Timelock", role), account))


def _sorted(addresses: tuple[str, ...]) -> tuple[str, ...]:
    """Addresses as the distributor wants them: strictly ascending as numbers."""
    return tuple(sorted(addresses, key=lambda address: int(address, 16)))
