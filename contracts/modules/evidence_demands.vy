# pragma version ~=0.4.3
"""
@title Evidence demands: who waits for which chunk of a root's evidence, and until when
@license AGPL-3.0-only
@notice A chunk can be demanded once for each attempt at a root: its answer is on chain for good.
"""

from ..interfaces import IRootDisputes
from . import indexed_tree
from . import sum_tree

EVIDENCE_CHUNK_TYPEHASH: constant(bytes32) = keccak256("EvidenceChunk(uint256 index,bytes32 chunkHash)")
_ANSWERED: constant(uint256) = 1
_WORD_40: constant(uint256) = 2**40 - 1

# reward epoch => attempt => chunk => demander (160 bits) | deadline (40), or 1 once it was answered
_demands: HashMap[uint256, HashMap[uint256, HashMap[uint256, uint256]]]


@internal
@view
def _demand(reward_epoch: uint256, attempt: uint256, chunk_index: uint256) -> IRootDisputes.Demand:
    """
    @dev All zero where there is none.
    """
    word: uint256 = self._demands[reward_epoch][attempt][chunk_index]
    if word == _ANSWERED:
        return IRootDisputes.Demand(demander=empty(address), deadline=0, is_answered=True)
    return IRootDisputes.Demand(
        demander=convert(word >> 40, address), deadline=word & _WORD_40, is_answered=False
    )


@internal
def _open(reward_epoch: uint256, attempt: uint256, chunk_index: uint256, deadline: uint256):
    """
    @dev Records the sender's demand.
    """
    assert self._demands[reward_epoch][attempt][chunk_index] == 0, "disputes: chunk already demanded"
    self._demands[reward_epoch][attempt][chunk_index] = convert(msg.sender, uint256) << 40 | deadline


@internal
def _close(
    reward_epoch: uint256, attempt: uint256, chunk_index: uint256, is_answered: bool
) -> IRootDisputes.Demand:
    """
    @dev Ends an open demand and returns what it was. An answered one stays on record.
    """
    demand: IRootDisputes.Demand = self._demand(reward_epoch, attempt, chunk_index)
    assert demand.demander != empty(address), "disputes: no open demand"
    self._demands[reward_epoch][attempt][chunk_index] = _ANSWERED if is_answered else 0
    return demand


@internal
@pure
def _is_chunk(
    chunk_root: bytes32,
    chunk_count: uint256,
    chunk_index: uint256,
    chunk_hash: bytes32,
    proof: DynArray[bytes32, indexed_tree.MAX_PROOF_LENGTH],
) -> bool:
    """
    @dev Whether the root's signers committed to this chunk at this place. The proof is as long as the tree is deep: in
         a tree that is not, one index could stand for two chunks.
    """
    if len(proof) != sum_tree._depth(chunk_count):
        return False
    leaf: bytes32 = keccak256(keccak256(abi_encode(EVIDENCE_CHUNK_TYPEHASH, chunk_index, chunk_hash)))
    return indexed_tree._has_leaf(chunk_root, leaf, chunk_index, proof)
