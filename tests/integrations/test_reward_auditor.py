"""integrations/solidity/RewardAuditor.sol beside our contracts: what it confirms and what it refuses."""

from collections.abc import Callable
from dataclasses import astuple, dataclass
from typing import Any

import boa
import pytest
from eth_keys.datatypes import PrivateKey
from eth_utils import keccak, to_bytes

from benchmarks.anchors.solidity import ROOT
from chain.merkle import IndexedTree, RewardTree, receipt_leaf, reward_tree, share_leaf
from chain.parameters import ProtocolParameters, read_parameters
from chain.typed_data import RewardRoot, root_digest, sign_digest

OPEN = 10**18
SHARE_PPM = 400_000
RECEIPT = (keccak(b"receipt"), keccak(b"adapter"), keccak(b"answer"), 3 * OPEN)


@dataclass(frozen=True)
class System:
    """A distributor with one root, a registry with one accepted contribution, and the auditor of both."""

    auditor: Any
    distributor: Any
    registry: Any
    parameters: ProtocolParameters
    contributor: str
    stranger: str
    tree: RewardTree
    shares: IndexedTree
    receipts: IndexedTree

    def reward(self, account: str | None = None, **changes: Any) -> tuple[Any, ...]:
        """A reward proof; by default the contributor's."""
        account = account or self.contributor
        index, cumulative_wei, proof = self.tree.proof_of(account)
        fields = {"epoch": 1, "account": account, "cumulative_wei": cumulative_wei, "index": index, "proof": proof}
        return tuple((fields | changes).values())

    def attribution(self, **changes: Any) -> tuple[Any, ...]:
        """The proof that contribution 1 had its share of the answer."""
        fields = {
            "receipt": (*RECEIPT, self.shares.root),
            "receipt_index": 0,
            "receipt_proof": self.receipts.proof(0),
            "contribution_id": 1,
            "share_ppm": SHARE_PPM,
            "share_index": 0,
            "share_proof": self.shares.proof(0),
        }
        return tuple((fields | changes).values())

    def finalize(self) -> None:
        """Waits for the end of the root's window and makes it final."""
        boa.env.timestamp += self.parameters.rewards.challenge_window_seconds + 1
        self.distributor.finalize(1)

    def refusal(self, reward: tuple[Any, ...], attribution: tuple[Any, ...]) -> bytes:
        """The selector of the error with which `audit` refuses."""
        data = self.auditor.audit.prepare_calldata(reward, attribution)
        computation = boa.env.execute_code(to_address=self.auditor.address, data=data)
        assert computation.is_error
        return bytes(computation.output[:4])


@pytest.fixture(scope="session")
def system(vyper: Callable[[str], Any], deploy_solidity: Callable[..., Any], actor: Callable[[str], str]) -> System:
    parameters = read_parameters(ROOT / "configs" / "protocol.toml")
    owner, treasury, payer, court = map(actor, ("owner", "treasury", "payer", "court"))
    contributor, stranger = actor("contributor"), actor("stranger")
    token = vyper("OpenToken").deploy(payer)
    distributor = vyper("RewardDistributor").deploy(token, treasury, owner, *astuple(parameters.rewards))
    registry = vyper("DatanetRegistry").deploy(token, treasury, OPEN, owner)
    with boa.env.prank(owner):
        registry.set_court(court)
        distributor.set_accruer(payer)
    _contribute(registry, token, payer=payer, contributor=contributor, court=court)
    chain_id = boa.env.evm.patch.chain_id
    where = {"chain_id": chain_id, "distributor": str(distributor.address)}
    shares = IndexedTree(
        [share_leaf(contribution_id=number, share_ppm=ppm) for number, ppm in ((1, SHARE_PPM), (2, -50_000))]
    )
    names = ("receipt_id", "adapter_digest", "answer_hash", "fee_wei")
    fields = dict(zip(names, RECEIPT, strict=True))
    receipts = IndexedTree([receipt_leaf(**where, **fields, shares_root=shares.root), keccak(b"another receipt")])
    tree = reward_tree(**where, rewards={contributor: 5 * OPEN, stranger: 3 * OPEN})
    _post(distributor, token, owner=owner, payer=payer, tree=tree, attribution_root=receipts.root, chain_id=chain_id)
    auditor = deploy_solidity(
        ROOT / "integrations" / "solidity" / "RewardAuditor.sol",
        "RewardAuditor",
        ["address", "address"],
        str(distributor.address),
        str(registry.address),
    )
    return System(auditor, distributor, registry, parameters, contributor, stranger, tree, shares, receipts)


def _contribute(registry: Any, token: Any, *, payer: str, contributor: str, court: str) -> None:
    digest, canonical_hash, salt = (keccak(text) for text in (b"file", b"text", b"salt"))
    registry.create_datanet(1, 0b11, (7, OPEN, OPEN), (2**20, 2**20, 20, 2**20), keccak(b"metadata"))
    token.transfer(contributor, OPEN, sender=payer)
    with boa.env.prank(contributor):
        token.approve(registry, OPEN)
        registry.add_deposits(1, 1)
        registry.commit(registry.commitment_of(contributor, 1, digest, canonical_hash, salt))
        boa.env.time_travel(blocks=1)
        registry.reveal(1, 1, digest, canonical_hash, 100, 0, salt)
    with boa.env.prank(court):
        registry.resolve(1, canonical_hash, True, 80, False)


def _post(
    distributor: Any, token: Any, *, owner: str, payer: str, tree: RewardTree, attribution_root: bytes, chain_id: int
) -> None:
    keys = sorted((PrivateKey(keccak(to_bytes(n))) for n in (1, 2)), key=lambda k: k.public_key.to_canonical_address())
    distributor.set_signers([key.public_key.to_checksum_address() for key in keys], 2, sender=owner)
    token.transfer(distributor, tree.total_wei, sender=payer)
    reward_epoch = distributor.accrue(tree.total_wei, sender=payer)
    boa.env.timestamp = distributor.epoch_end(reward_epoch)
    root = RewardRoot(
        reward_epoch=reward_epoch,
        attempt=0,
        previous_root=bytes(32),
        root=tree.root,
        total_wei=tree.total_wei,
        leaf_count=tree.leaf_count,
        evidence_digest=keccak(b"evidence"),
        evidence_chunk_root=keccak(b"chunks"),
        evidence_chunk_count=1,
        attribution_root=attribution_root,
    )
    digest = root_digest(root, chain_id=chain_id, contract=str(distributor.address))
    with boa.env.prank(payer):
        token.approve(distributor, 2**256 - 1)
        distributor.post_root(astuple(root), [sign_digest(digest, key.to_bytes()) for key in keys])


def selector(error: str) -> bytes:
    return bytes(keccak(text=error)[:4])


def test_audit__with_both_proofs__is_logged(system: System) -> None:
    system.finalize()
    system.auditor.audit(system.reward(), system.attribution())
    (log,) = [log for log in system.auditor.get_logs() if type(log).__name__ == "Audited"]
    assert (log.account, log.contributionId, log.rewardEpoch) == (system.contributor, 1, 1)
    assert (log.receiptId, log.sharePpm, log.cumulativeWei) == (RECEIPT[0], SHARE_PPM, 5 * OPEN)


def test_audit__of_a_pending_root__is_refused(system: System) -> None:
    assert system.refusal(system.reward(), system.attribution()) == selector("NotFinal(uint256)")
    assert not system.auditor.isReward(system.reward())


def test_attribution__of_a_pending_root__shows_already(system: System) -> None:
    assert system.auditor.isAttribution(1, system.attribution())


def test_audit__of_another_amount__is_refused(system: System) -> None:
    system.finalize()
    wrong = system.reward(cumulative_wei=6 * OPEN)
    assert system.refusal(wrong, system.attribution()) == selector("NotInRewards(uint256,address)")


def test_audit__of_another_share__is_refused(system: System) -> None:
    system.finalize()
    wrong = system.attribution(share_ppm=SHARE_PPM + 1)
    assert system.refusal(system.reward(), wrong) == selector("NotInAttribution(uint256,uint256)")


def test_audit__of_another_receipt__is_refused(system: System) -> None:
    system.finalize()
    wrong = system.attribution(receipt=(keccak(b"forged"), *RECEIPT[1:], system.shares.root))
    assert system.refusal(system.reward(), wrong) == selector("NotInAttribution(uint256,uint256)")


def test_audit__for_an_account_that_did_not_contribute__is_refused(system: System) -> None:
    system.finalize()
    other = system.reward(system.stranger)
    assert system.refusal(other, system.attribution()) == selector("NotTheContributor(uint256,address)")


def test_audit__of_a_withdrawn_contribution__is_refused(system: System) -> None:
    system.finalize()
    system.registry.withdraw_contribution(1, keccak(b"text"), sender=system.contributor)
    assert system.refusal(system.reward(), system.attribution()) == selector("NotAccepted(uint256)")
