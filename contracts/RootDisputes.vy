# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Root disputes: proofs that a posted reward root is false, and demands for evidence that is withheld
@license AGPL-3.0-only
@notice Whoever shows that a pending root contradicts itself, the root before it or the registry makes it void at once
        and gets half of its poster's bond. No vote, no judge: what is proven here follows from hashes and from the
        chain. What cannot be shown in one transaction (a score, an answer) is challenged in the distributor.
        Whoever is refused a chunk of the evidence demands it here: shown in time, it is on chain for all and the one
        who showed it gets the demander's bond; else the root is void.
@dev Powers: none. There is no owner; the distributor's owner may name another contract in place of this one. It holds
     demand bonds and nothing else: `OPEN balance >= open demands * DEMAND_BOND_WEI`.
     A proof can be copied from a transaction that waits: the root is void all the same, and it is whose proof came
     first that is paid. A poster who proves himself wrong still loses the half that is burned.
     A demand is possible within the root's window alone and holds the root for ANSWER_SECONDS at most, half of the
     resolution time: enough is left to make it void. Anyone may answer, for the bond; so a demand that aims at costs or
     at delay pays for both, and there is no bound on open demands that somebody could fill up.
@custom:halt It cannot be halted; the distributor's owner can name no contract.
"""

from ethereum.ercs import IERC20
from .interfaces import IDatanetRegistry
from .interfaces import IRewardDistributor
from .interfaces import IRootDisputes
from .modules import evidence_demands
from .modules import fraud_proofs

implements: IRootDisputes
initializes: evidence_demands

MAX_PROOF_LENGTH: constant(uint256) = 32
MAX_CHUNK_BYTES: constant(uint256) = 24_000
OPEN_TOKEN: public(immutable(address))
DISTRIBUTOR: public(immutable(address))
DATANET_REGISTRY: public(immutable(address))
TREASURY: public(immutable(address))
DEMAND_BOND_WEI: public(immutable(uint256))
ANSWER_SECONDS: public(immutable(uint256))


@deploy
def __init__(
    open_token: address,
    distributor: address,
    datanet_registry: address,
    treasury: address,
    demand_bond_wei: uint256,
    answer_seconds: uint256,
):
    """
    @notice Disputes the roots of one distributor, whose owner must name this contract there.
    @param open_token The OPEN token.
    @param distributor The RewardDistributor.
    @param datanet_registry The DatanetRegistry, which knows what was accepted.
    @param treasury Gets the bond of a demand that was neither answered nor followed up before its root was final.
    @param demand_bond_wei What a demander puts down, more than 0: above the price of showing 24,000 bytes.
    @param answer_seconds How long a demand can be answered, 1 to half of the distributor's resolution time.
    """
    assert empty(address) not in [open_token, distributor, datanet_registry, treasury], "disputes: zero address"
    assert demand_bond_wei > 0, "disputes: zero bond"
    resolution_seconds: uint256 = staticcall IRewardDistributor(distributor).RESOLUTION_SECONDS()
    assert 0 < answer_seconds and answer_seconds <= resolution_seconds // 2, "disputes: answer time out of range"
    OPEN_TOKEN = open_token
    DISTRIBUTOR = distributor
    DATANET_REGISTRY = datanet_registry
    TREASURY = treasury
    DEMAND_BOND_WEI = demand_bond_wei
    ANSWER_SECONDS = answer_seconds


# anyone, with a proof
@external
def prove_sum(
    reward_epoch: uint256, parent: IRootDisputes.PlacedNode, left: bytes32, right: bytes32
):
    """
    @notice Makes a root void in whose tree a node's sum is not the sum of its children, or which has an inner node
            where a leaf belongs.
    @dev For an EMPTY hash with a sum, both children are EMPTY.
    @param reward_epoch Whose pending root.
    @param parent The node's word, its position at its height, and the siblings up to the root, lowest first.
    @param left The left child's word.
    @param right The right child's word.
    """
    record: IRewardDistributor.RootRecord = self._pending(reward_epoch)
    fraud_proofs._check_sum(record, parent, left, right)
    self._disprove(reward_epoch, record.attempt, msg.sender, IRootDisputes.Fault.SUM)


@external
def prove_leaf(
    reward_epoch: uint256, leaf: IRootDisputes.PlacedNode, account: address, cumulative_wei: uint256
):
    """
    @notice Makes a root void in whose tree a leaf's sum is not its amount, or which has a leaf above the others.
    @dev Nobody could claim from such a leaf.
    @param reward_epoch Whose pending root.
    @param leaf The leaf's word, its position at its height, and the siblings up to the root, lowest first.
    @param account The account in the leaf.
    @param cumulative_wei The amount in the leaf, in wei.
    """
    record: IRewardDistributor.RootRecord = self._pending(reward_epoch)
    fraud_proofs._check_leaf(record, DISTRIBUTOR, leaf, account, cumulative_wei)
    self._disprove(reward_epoch, record.attempt, msg.sender, IRootDisputes.Fault.LEAF)


@external
def prove_leaf_count(reward_epoch: uint256, node: IRootDisputes.PlacedNode):
    """
    @notice Makes a root void with something beyond its last leaf, or with nothing where a leaf belongs.
    @dev What stands beyond cannot be claimed, and counts towards the total.
    @param reward_epoch Whose pending root.
    @param node The node's word, its position at its height, and the siblings up to the root, lowest first.
    """
    record: IRewardDistributor.RootRecord = self._pending(reward_epoch)
    fraud_proofs._check_leaf_count(record, node)
    self._disprove(reward_epoch, record.attempt, msg.sender, IRootDisputes.Fault.LEAF_COUNT)


@external
def prove_order(
    reward_epoch: uint256, left: IRewardDistributor.ProvenLeaf, right: IRewardDistributor.ProvenLeaf
):
    """
    @notice Makes a root void whose accounts do not strictly ascend: out of order, or one of them twice.
    @dev Without order nobody could show that an account is missing.
    @param reward_epoch Whose pending root.
    @param left One leaf with its proof.
    @param right A leaf further right, of a lower account or the same.
    """
    record: IRewardDistributor.RootRecord = self._pending(reward_epoch)
    fraud_proofs._check_order(record, DISTRIBUTOR, left, right)
    self._disprove(reward_epoch, record.attempt, msg.sender, IRootDisputes.Fault.ORDER)


@external
def prove_fallen(
    reward_epoch: uint256,
    before: IRewardDistributor.ProvenLeaf,
    shown: DynArray[IRewardDistributor.ProvenLeaf, 2],
):
    """
    @notice Makes a root void that gives an account less than the root it builds on did, or nothing.
    @dev Amounts are cumulative, and so never fall.
    @param reward_epoch Whose pending root.
    @param before The account's leaf under the root before.
    @param shown The account's leaf under this root; or, where it has none, the two neighbours between which it would
           stand, or the first leaf or the last, beyond which it would.
    """
    record: IRewardDistributor.RootRecord = self._pending(reward_epoch)
    # of no epoch there is no root, and no leaf stands under none
    previous: IRewardDistributor.RootRecord = staticcall IRewardDistributor(DISTRIBUTOR).root(record.previous_epoch)
    fraud_proofs._check_fallen(record, previous, DISTRIBUTOR, before, shown)
    self._disprove(reward_epoch, record.attempt, msg.sender, IRootDisputes.Fault.FALLEN)


@external
def prove_contribution(
    reward_epoch: uint256,
    receipt: IRewardDistributor.ReceiptLeaf,
    receipt_index: uint256,
    receipt_proof: DynArray[bytes32, MAX_PROOF_LENGTH],
    contribution_id: uint256,
    share_ppm: int256,
    share_index: uint256,
    share_proof: DynArray[bytes32, MAX_PROOF_LENGTH],
):
    """
    @notice Makes a root void that finds influence in a contribution which was not accepted when its reward epoch ended.
    @dev Pending, rejected, withdrawn by then or never made: the registry says what was, at any later time alike.
    @param reward_epoch Whose pending root.
    @param receipt The answer's leaf in the attribution tree.
    @param receipt_index The receipt's position.
    @param receipt_proof The siblings up to the attribution root, lowest first.
    @param contribution_id The contribution.
    @param share_ppm Its share, signed, not 0.
    @param share_index The share's position among the receipt's shares.
    @param share_proof The siblings up to the receipt's shares root, lowest first.
    """
    record: IRewardDistributor.RootRecord = self._pending(reward_epoch)
    assert share_ppm != 0, "disputes: share is zero"
    is_share: bool = staticcall IRewardDistributor(DISTRIBUTOR).verify_attribution(
        reward_epoch,
        receipt,
        receipt_index,
        receipt_proof,
        contribution_id,
        share_ppm,
        share_index,
        share_proof,
    )
    assert is_share, "disputes: share not under the root"
    epoch_end: uint256 = staticcall IRewardDistributor(DISTRIBUTOR).epoch_end(reward_epoch)
    was_accepted: bool = staticcall IDatanetRegistry(DATANET_REGISTRY).was_accepted(contribution_id, epoch_end)
    assert not was_accepted, "disputes: contribution was accepted"
    self._disprove(reward_epoch, record.attempt, msg.sender, IRootDisputes.Fault.CONTRIBUTION)


# evidence
@external
def demand_chunk(reward_epoch: uint256, chunk_index: uint256):
    """
    @notice Puts your bond down for a chunk of a root's evidence that nobody gives you, and holds the root until it is
            shown. Approve this contract first.
    @dev Once a chunk and attempt, within the root's window, which the distributor checks.
    @param reward_epoch Whose pending root.
    @param chunk_index The chunk, counted from 0 through all files of the evidence.
    """
    record: IRewardDistributor.RootRecord = self._pending(reward_epoch)
    assert chunk_index < record.evidence_chunk_count, "disputes: no such chunk"
    deadline: uint256 = block.timestamp + ANSWER_SECONDS
    evidence_demands._open(reward_epoch, record.attempt, chunk_index, deadline)
    log IRootDisputes.ChunkDemanded(
        reward_epoch=reward_epoch,
        chunk_index=chunk_index,
        demander=msg.sender,
        attempt=record.attempt,
        bond_wei=DEMAND_BOND_WEI,
        deadline=deadline,
    )
    extcall IRewardDistributor(DISTRIBUTOR).hold(reward_epoch)
    assert extcall IERC20(OPEN_TOKEN).transferFrom(msg.sender, self, DEMAND_BOND_WEI)


@external
def answer_demand(
    reward_epoch: uint256,
    chunk_index: uint256,
    chunk: Bytes[MAX_CHUNK_BYTES],
    proof: DynArray[bytes32, MAX_PROOF_LENGTH],
):
    """
    @notice Shows a demanded chunk to everyone, in the event, and gets the demander's bond. Anyone may.
    @dev The event costs nothing: calldata of this size is charged above all that is done with it (EIP-7623).
    @param reward_epoch Whose pending root.
    @param chunk_index The chunk.
    @param chunk Its bytes.
    @param proof The siblings up to the evidence chunk root, lowest first.
    """
    record: IRewardDistributor.RootRecord = self._pending(reward_epoch)
    demand: IRootDisputes.Demand = evidence_demands._close(reward_epoch, record.attempt, chunk_index, True)
    assert block.timestamp < demand.deadline, "disputes: answer too late"
    is_chunk: bool = evidence_demands._is_chunk(
        record.evidence_chunk_root, record.evidence_chunk_count, chunk_index, keccak256(chunk), proof
    )
    assert is_chunk, "disputes: not the chunk"
    log IRootDisputes.DemandAnswered(
        reward_epoch=reward_epoch,
        chunk_index=chunk_index,
        answerer=msg.sender,
        attempt=record.attempt,
        bond_wei=DEMAND_BOND_WEI,
        chunk=chunk,
    )
    extcall IRewardDistributor(DISTRIBUTOR).release(reward_epoch)
    assert extcall IERC20(OPEN_TOKEN).transfer(msg.sender, DEMAND_BOND_WEI)


@external
def void_unanswered(reward_epoch: uint256, chunk_index: uint256):
    """
    @notice Makes a root void whose evidence was demanded and not shown in time. Anyone may call it; the demander gets
            the bond back, and the prover's half of the poster's.
    @dev Other demands for the same root are paid back by `settle_demand`.
    @param reward_epoch Whose pending root.
    @param chunk_index The chunk.
    """
    record: IRewardDistributor.RootRecord = self._pending(reward_epoch)
    demand: IRootDisputes.Demand = evidence_demands._close(reward_epoch, record.attempt, chunk_index, False)
    assert block.timestamp >= demand.deadline, "disputes: answer time not over"
    self._disprove(reward_epoch, record.attempt, demand.demander, IRootDisputes.Fault.UNANSWERED)
    self._settle(reward_epoch, record.attempt, chunk_index, demand.demander)


@external
def settle_demand(reward_epoch: uint256, attempt: uint256, chunk_index: uint256):
    """
    @notice Pays out the bond of an open demand whose root is pending no longer: back to the demander where the root is
            void, to the treasury where it became final. Anyone may call it.
    @dev A root becomes final with an open demand only when nobody made it void from the deadline to the end of the
         resolution time: who demands must see it through, or demands would be delay for nothing.
    @param reward_epoch Whose root.
    @param attempt Which root of that epoch, counted from 0.
    @param chunk_index The chunk.
    """
    demand: IRootDisputes.Demand = evidence_demands._close(reward_epoch, attempt, chunk_index, False)
    record: IRewardDistributor.RootRecord = staticcall IRewardDistributor(DISTRIBUTOR).root(reward_epoch)
    recipient: address = demand.demander
    # a later attempt is only ever posted after this one was made void
    if record.attempt == attempt:
        assert not self._is_pending(record.status), "disputes: root still pending"
        if record.status == IRewardDistributor.RootStatus.FINAL:
            recipient = TREASURY
    self._settle(reward_epoch, attempt, chunk_index, recipient)


@view
@external
def demand(reward_epoch: uint256, attempt: uint256, chunk_index: uint256) -> IRootDisputes.Demand:
    """
    @notice The demand for a chunk of a root's evidence.
    @param reward_epoch Whose root.
    @param attempt Which root of that epoch, counted from 0.
    @param chunk_index The chunk.
    @return Who demanded it and until when it can be shown, zero where it is not open; and whether it was shown.
    """
    return evidence_demands._demand(reward_epoch, attempt, chunk_index)


@internal
@view
def _pending(reward_epoch: uint256) -> IRewardDistributor.RootRecord:
    """
    @dev The record of a root that can still become void. Its window may be over, as long as nobody made it final.
    """
    record: IRewardDistributor.RootRecord = staticcall IRewardDistributor(DISTRIBUTOR).root(reward_epoch)
    assert self._is_pending(record.status), "disputes: root not pending"
    return record


@internal
@view
def _is_pending(status: IRewardDistributor.RootStatus) -> bool:
    """
    @dev Neither final nor void, and posted at all.
    """
    return status in (IRewardDistributor.RootStatus.POSTED | IRewardDistributor.RootStatus.CHALLENGED)


@internal
def _disprove(reward_epoch: uint256, attempt: uint256, prover: address, fault: IRootDisputes.Fault):
    """
    @dev Makes the root void; the distributor pays the prover.
    """
    log IRootDisputes.RootDisproved(reward_epoch=reward_epoch, attempt=attempt, prover=prover, fault=fault)
    extcall IRewardDistributor(DISTRIBUTOR).void_proven(reward_epoch, prover)


@internal
def _settle(reward_epoch: uint256, attempt: uint256, chunk_index: uint256, recipient: address):
    """
    @dev Pays the bond of a demand that the caller has closed.
    """
    log IRootDisputes.DemandSettled(
        reward_epoch=reward_epoch,
        chunk_index=chunk_index,
        recipient=recipient,
        attempt=attempt,
        bond_wei=DEMAND_BOND_WEI,
    )
    assert extcall IERC20(OPEN_TOKEN).transfer(recipient, DEMAND_BOND_WEI)
