# pragma version ~=0.4.3
# pragma nonreentrancy on
"""
@title Reward roots: the chain of posted roots, each built on the one before
@license AGPL-3.0-only
@notice POSTED -> FINAL, or POSTED -> CHALLENGED -> POSTED or VOID. Roots are cumulative, so when one is void, so are
        all later ones. A void reward epoch can be posted again, as the next attempt. Roots become final in order.
"""

from ..interfaces import IRewardDistributor
from . import root_evidence

uses: root_evidence

struct Row:
    total_wei: uint256
    leaf_count: uint256
    previous_epoch: uint256
    posted_at: uint256
    attempt: uint256
    status: IRewardDistributor.RootStatus


MAX_PENDING_ROOTS: constant(uint256) = 16
_WORD_8: constant(uint256) = 2**8 - 1
_WORD_24: constant(uint256) = 2**24 - 1
_WORD_32: constant(uint256) = 2**32 - 1
_WORD_40: constant(uint256) = 2**40 - 1
_WORD_64: constant(uint256) = 2**64 - 1

_roots: HashMap[uint256, bytes32]
# total_wei (112 bits) | leaf_count (40) | previous_epoch (32) | posted_at (40) | attempt (24) | status (8)
_rows: HashMap[uint256, uint256]
# pending count (64 bits) | last posted epoch (64) | last final epoch (64)
_ends: uint256


@view
@external
def root(reward_epoch: uint256) -> IRewardDistributor.RootRecord:
    """
    @notice The last root posted for a reward epoch, void or not.
    @param reward_epoch The epoch.
    @return The record, all zero where there was none.
    """
    row: Row = self._row(reward_epoch)
    backing: root_evidence.Backing = root_evidence._backing(reward_epoch)
    return IRewardDistributor.RootRecord(
        root=self._roots[reward_epoch],
        total_wei=row.total_wei,
        leaf_count=row.leaf_count,
        evidence_digest=root_evidence._digests[reward_epoch],
        attribution_root=root_evidence._attribution_roots[reward_epoch],
        previous_epoch=row.previous_epoch,
        posted_at=row.posted_at,
        attempt=row.attempt,
        status=row.status,
        poster=backing.poster,
        evidence_chunk_root=root_evidence._chunk_roots[reward_epoch],
        evidence_chunk_count=backing.chunk_count,
        hold_count=backing.hold_count,
    )


@view
@external
def last_posted_epoch() -> uint256:
    """
    @notice The reward epoch of the newest root that is not void.
    @return 0 before the first.
    """
    return self._last_posted()


@view
@external
def last_final_epoch() -> uint256:
    """
    @notice The reward epoch of the root that claims are paid from.
    @return 0 before the first.
    """
    return self._last_final()


@internal
@view
def _row(epoch: uint256) -> Row:
    """
    @dev The last root posted for the epoch; all zero where there was none.
    """
    word: uint256 = self._rows[epoch]
    return Row(
        total_wei=word >> 144,
        leaf_count=(word >> 104) & _WORD_40,
        previous_epoch=(word >> 72) & _WORD_32,
        posted_at=(word >> 32) & _WORD_40,
        attempt=(word >> 8) & _WORD_24,
        status=convert(word & _WORD_8, IRewardDistributor.RootStatus),
    )


@internal
def _set_status(epoch: uint256, status: IRewardDistributor.RootStatus):
    """
    @dev Replaces the status in the epoch's row.
    """
    self._rows[epoch] = self._rows[epoch] & ~_WORD_8 | convert(status, uint256)


@internal
@view
def _last_posted() -> uint256:
    """
    @dev The epoch of the newest root that is not void, 0 before the first.
    """
    return (self._ends >> 64) & _WORD_64


@internal
@view
def _last_final() -> uint256:
    """
    @dev The epoch of the newest final root, 0 before the first.
    """
    return self._ends & _WORD_64


@internal
def _set_ends(pending_count: uint256, last_posted: uint256, last_final: uint256):
    """
    @dev Writes the three ends of the chain in one slot.
    """
    self._ends = pending_count << 128 | last_posted << 64 | last_final


@internal
@view
def _next_attempt(epoch: uint256) -> uint256:
    """
    @dev How many roots were posted for the epoch so far.
    """
    row: Row = self._row(epoch)
    return row.attempt + 1 if row.status != empty(IRewardDistributor.RootStatus) else 0


@internal
@view
def _is_valid(epoch: uint256) -> bool:
    """
    @dev Whether the epoch has a root that is not void.
    """
    valid: IRewardDistributor.RootStatus = (
        IRewardDistributor.RootStatus.POSTED
        | IRewardDistributor.RootStatus.CHALLENGED
        | IRewardDistributor.RootStatus.FINAL
    )
    return self._row(epoch).status in valid


@internal
def _append(post: IRewardDistributor.RootPost):
    """
    @dev Puts a root behind the last posted one, the one that it names. The caller has checked signatures, epoch and
         total.
    """
    previous_epoch: uint256 = self._last_posted()
    pending_count: uint256 = self._ends >> 128
    assert pending_count < MAX_PENDING_ROOTS, "distributor: too many roots pending"
    assert post.previous_root == self._roots[previous_epoch], "distributor: builds on another root"
    assert post.attempt == self._next_attempt(post.reward_epoch), "distributor: wrong attempt"
    self._roots[post.reward_epoch] = post.root
    root_evidence._record(post)
    self._rows[post.reward_epoch] = (
        post.total_wei << 144
        | post.leaf_count << 104
        | previous_epoch << 72
        | block.timestamp << 32
        | post.attempt << 8
        | convert(IRewardDistributor.RootStatus.POSTED, uint256)
    )
    self._set_ends(pending_count + 1, post.reward_epoch, self._last_final())
    log IRewardDistributor.RootPosted(
        reward_epoch=post.reward_epoch,
        attempt=post.attempt,
        poster=msg.sender,
        root=post.root,
        total_wei=post.total_wei,
        leaf_count=post.leaf_count,
        evidence_digest=post.evidence_digest,
        evidence_chunk_root=post.evidence_chunk_root,
        evidence_chunk_count=post.evidence_chunk_count,
        attribution_root=post.attribution_root,
        previous_epoch=previous_epoch,
    )


@internal
def _void_from(epoch: uint256) -> DynArray[uint256, MAX_PENDING_ROOTS]:
    """
    @dev Makes the root of `epoch` and every later one void; the root before it is the last posted again. Returns their
         epochs, newest first.
    """
    voided: DynArray[uint256, MAX_PENDING_ROOTS] = []
    pending_count: uint256 = self._ends >> 128
    end: uint256 = self._last_posted()
    for _: uint256 in range(MAX_PENDING_ROOTS):
        if end < epoch:
            break
        row: Row = self._row(end)
        self._set_status(end, IRewardDistributor.RootStatus.VOID)
        log IRewardDistributor.RootVoided(reward_epoch=end, attempt=row.attempt, root=self._roots[end])
        voided.append(end)
        end = row.previous_epoch
        pending_count -= 1
    self._set_ends(pending_count, end, self._last_final())
    return voided


@internal
def _set_final(epoch: uint256):
    """
    @dev Ends the pending time of the oldest pending root. The caller has checked that it is the oldest.
    """
    self._set_status(epoch, IRewardDistributor.RootStatus.FINAL)
    self._set_ends((self._ends >> 128) - 1, self._last_posted(), epoch)
