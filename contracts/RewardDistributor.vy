# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Rewards: cumulative Merkle sum-tree roots, challenges, claims, verification on chain
@license AGPL-3.0-only
@notice Contributors' parts of all fees accrue here by reward epoch. For each epoch the oracle's signers post one root
        over everything that every account has earned since the start; after its challenge window anyone can claim for
        anyone.
@dev Powers: the signers (m of n) post roots; the accruer (InferencePayments) books what it has paid in; the owner (the
     timelock) names both, names the disputes contract (RootDisputes) and resolves challenges. The disputes contract
     makes a pending root void when somebody proves it false, says who gets half of its bond, and holds one up while
     evidence is demanded. None of them can move anything else to an account that is not in a final root.
     Every root names the one that it builds on and is backed by its poster's bond. Who put a root into the chain gets
     the bond back when it is final, and also when it falls with an earlier root or by a deadline, undecided: only a
     root that was itself found false costs it, or one idle challenger could take the bonds of honest posters.
     Solvency: `OPEN balance >= accrued and not final + final and not claimed + bonds`. A root's total may grow by what
     accrued since the root before it and no more, the tree proves the total, and claims together never pass it: so all
     signers' keys together can misdirect what accrued within the pending epochs, and take from accounts what final
     roots gave them and they have not claimed (`prove_fallen` shows that), if nobody looks; and nothing else.
     Claims stay open, against the last final root, whatever becomes of later ones.
@custom:halt Prove the root false in RootDisputes, or challenge it: it and every later one freeze. The owner decides,
             and if it does not in time, anyone makes them void. Each root is final or void, or anyone can make it so,
             by `posted_at + CHALLENGE_WINDOW_SECONDS + RESOLUTION_SECONDS`. The owner stops all posting by replacing
             the signers.
"""

from ethereum.ercs import IERC20
from snekmate.auth import ownable
from snekmate.utils import eip712_domain_separator
from .interfaces import IBurnable
from .interfaces import IRewardDistributor
from .modules import accruals
from .modules import challenges
from .modules import claims
from .modules import oracle_signers
from .modules import reward_epochs
from .modules import reward_leaves
from .modules import reward_roots
from .modules import root_evidence
from .modules import sum_tree
from .modules import verification

implements: IRewardDistributor
initializes: ownable
initializes: eip712_domain_separator
initializes: accruals
initializes: claims
initializes: oracle_signers[eip712_domain_separator := eip712_domain_separator]
initializes: reward_epochs
initializes: root_evidence
initializes: reward_roots[root_evidence := root_evidence]
initializes: challenges[reward_roots := reward_roots]
initializes: verification[reward_roots := reward_roots, root_evidence := root_evidence]

# Left out on purpose: `renounce_ownership`; challenges need somebody to resolve them.
exports: (ownable.owner, ownable.transfer_ownership)
exports: eip712_domain_separator.eip712Domain
exports: (accruals.accrued, claims.claimed, claims.recovery, claims.set_recovery)
exports: (oracle_signers.signers, oracle_signers.threshold, oracle_signers.root_digest)
exports: (
    reward_epochs.GENESIS,
    reward_epochs.EPOCH_SECONDS,
    reward_epochs.current_epoch,
    reward_epochs.epoch_end,
)
exports: (reward_roots.root, reward_roots.last_posted_epoch, reward_roots.last_final_epoch)
exports: (verification.verify_reward, verification.verify_attribution)

MAX_LEAF_COUNT: constant(uint256) = 2**32
MAX_CLAIMS: constant(uint256) = 32
OPEN_TOKEN: public(immutable(address))
TREASURY: public(immutable(address))
CHALLENGE_WINDOW_SECONDS: public(immutable(uint256))
RESOLUTION_SECONDS: public(immutable(uint256))
CHALLENGE_BOND_WEI: public(immutable(uint256))
ROOT_BOND_WEI: public(immutable(uint256))

accruer: public(address)
disputes: public(address)
# accrued and not yet final, plus bonds
_reserved_wei: uint256


@deploy
def __init__(
    open_token: address,
    treasury: address,
    owner: address,
    epoch_seconds: uint256,
    challenge_window_seconds: uint256,
    resolution_seconds: uint256,
    challenge_bond_wei: uint256,
    root_bond_wei: uint256,
):
    """
    @notice Starts the first reward epoch now.
    @param open_token The OPEN token.
    @param treasury Gets what no contribution earned, and half of lost bonds.
    @param owner Who names signers, accruer and disputes contract, and resolves challenges: the timelock.
    @param epoch_seconds Length of a reward epoch, more than 0.
    @param challenge_window_seconds How long a root can be challenged after it is posted, more than 0.
    @param resolution_seconds How long after the window the owner can still decide; then a challenged root can be made
           void.
    @param challenge_bond_wei What a challenger puts down, more than 0.
    @param root_bond_wei What the poster of a root puts down, more than 0.
    """
    assert empty(address) not in [open_token, treasury, owner], "distributor: zero address"
    assert challenge_window_seconds > 0, "distributor: zero seconds"
    assert challenge_bond_wei > 0, "distributor: zero bond"
    assert root_bond_wei > 0, "distributor: zero root bond"
    OPEN_TOKEN = open_token
    TREASURY = treasury
    CHALLENGE_WINDOW_SECONDS = challenge_window_seconds
    RESOLUTION_SECONDS = resolution_seconds
    CHALLENGE_BOND_WEI = challenge_bond_wei
    ROOT_BOND_WEI = root_bond_wei
    reward_epochs.__init__(epoch_seconds)
    eip712_domain_separator.__init__("OpenLedger RewardDistributor", "1")
    ownable.__init__()
    ownable._transfer_ownership(owner)


# payments
@external
def accrue(amount_wei: uint256) -> uint256:
    """
    @notice Books contributors' parts for the present reward epoch; the accruer has transferred them before.
    @dev Only the accruer, and only OPEN that is here and owed to nobody: not even the accruer can credit air.
    @param amount_wei Wei of OPEN.
    @return The reward epoch.
    """
    assert msg.sender == self.accruer, "distributor: sender is not the accruer"
    reward_epoch: uint256 = reward_epochs._current_epoch()
    cumulative_wei: uint256 = accruals._add(reward_epoch, amount_wei)
    self._reserved_wei += amount_wei
    assert staticcall IERC20(OPEN_TOKEN).balanceOf(self) >= self._owed_wei(), "distributor: amount not received"
    log IRewardDistributor.Accrued(
        reward_epoch=reward_epoch, amount_wei=amount_wei, cumulative_wei=cumulative_wei
    )
    return reward_epoch


# oracle
@external
def post_root(
    post: IRewardDistributor.RootPost, signatures: DynArray[Bytes[65], oracle_signers.MAX_SIGNERS]
):
    """
    @notice Posts the root of a reward epoch that has ended, signed by enough oracle signers. Anyone may send it, with
            the bond behind it. Approve this contract first.
    @dev A root that covers more epochs than one is fine: reward epochs without a root are simply part of the next. The
         attempt is signed, so the signatures of a void root are of no more use; so is the root before it, so that one
         which never made it on chain dies with the root that it builds on.
    @param post The root and what it commits to; the total is cumulative.
    @param signatures 65 bytes each, by signer address strictly ascending.
    """
    assert block.timestamp >= reward_epochs._epoch_end(post.reward_epoch), "distributor: epoch not over"
    assert post.root != empty(bytes32), "distributor: root is zero"
    assert sum_tree._sum(convert(post.root, uint256)) == post.total_wei, "distributor: root has another total"
    assert post.evidence_digest != empty(bytes32), "distributor: evidence is zero"
    assert 0 < post.leaf_count and post.leaf_count <= MAX_LEAF_COUNT, "distributor: leaf count out of range"
    previous_epoch: uint256 = reward_roots._last_posted()
    assert post.reward_epoch > previous_epoch, "distributor: epoch already posted"
    self._check_total(post.total_wei, previous_epoch, post.reward_epoch)
    oracle_signers._check(post, signatures)
    reward_roots._append(post)
    self._reserved_wei += ROOT_BOND_WEI
    assert extcall IERC20(OPEN_TOKEN).transferFrom(msg.sender, self, ROOT_BOND_WEI)


# auditors
@external
def challenge(reward_epoch: uint256, reason_digest: bytes32):
    """
    @notice Puts your bond against a root in its window and freezes it, and every later one, until it is resolved.
            Approve this contract first.
    @dev Any number of challengers may join, each once a round; a resolved challenge does not end the window for others.
    @param reward_epoch Whose root is false.
    @param reason_digest sha-256 of the published reason.
    """
    row: reward_roots.Row = self._row_in_window(reward_epoch)
    challenges._add(msg.sender, reward_epoch, row.attempt)
    reward_roots._set_status(reward_epoch, IRewardDistributor.RootStatus.CHALLENGED)
    self._reserved_wei += CHALLENGE_BOND_WEI
    log IRewardDistributor.RootChallenged(
        reward_epoch=reward_epoch,
        attempt=row.attempt,
        challenger=msg.sender,
        bond_wei=CHALLENGE_BOND_WEI,
        reason_digest=reason_digest,
    )
    assert extcall IERC20(OPEN_TOKEN).transferFrom(msg.sender, self, CHALLENGE_BOND_WEI)


@external
def void_expired(reward_epoch: uint256):
    """
    @notice Makes a challenged root void which the owner did not resolve in time. Anyone may call it.
    @dev The safe default: what accrued stays here for the next root. Nobody was found wrong, so every bond goes back.
    @param reward_epoch Whose root was challenged.
    """
    row: reward_roots.Row = self._challenged_row(reward_epoch)
    deadline: uint256 = row.posted_at + CHALLENGE_WINDOW_SECONDS + RESOLUTION_SECONDS
    assert block.timestamp >= deadline, "distributor: resolution not over"
    self._void(reward_epoch, empty(address))


@external
def withdraw_bond() -> uint256:
    """
    @notice Pays back your bonds on roots that became void, and forgets those that were lost. Pays nothing where there
            is nothing.
    @dev The bonds are forgotten before the transfer.
    @return Wei of OPEN paid.
    """
    amount_wei: uint256 = challenges._take_won(msg.sender) * CHALLENGE_BOND_WEI
    if amount_wei > 0:
        self._reserved_wei -= amount_wei
        log IRewardDistributor.BondReturned(challenger=msg.sender, amount_wei=amount_wei)
        self._pay(msg.sender, amount_wei)
    return amount_wei


# the disputes contract
@external
def void_proven(reward_epoch: uint256, prover: address):
    """
    @notice Makes a root void that was proven false, with every later one, and gives half of its bond to the prover.
    @dev Only the disputes contract, which has checked the proof. Any time before the root is final. The other half is
         burned, so that proving oneself wrong costs. Bonds of challengers of these roots go back, see `withdraw_bond`.
    @param reward_epoch Whose root is false.
    @param prover Who gets half of the poster's bond, rounded up.
    """
    self._check_disputes()
    self._check_pending(reward_roots._row(reward_epoch))
    self._void(reward_epoch, prover)


@external
def hold(reward_epoch: uint256):
    """
    @notice Keeps a root from becoming final while somebody waits for a part of its evidence.
    @dev Only the disputes contract, within the root's window, and no hold outlasts the resolution time: whatever that
         contract does, it cannot stop the rewards.
    @param reward_epoch Whose root.
    """
    self._check_disputes()
    row: reward_roots.Row = self._row_in_window(reward_epoch)
    hold_count: uint256 = root_evidence._add_hold(reward_epoch)
    log IRewardDistributor.HoldsChanged(
        reward_epoch=reward_epoch, attempt=row.attempt, hold_count=hold_count
    )


@external
def release(reward_epoch: uint256):
    """
    @notice Ends one hold.
    @dev Only the disputes contract.
    @param reward_epoch Whose pending root.
    """
    self._check_disputes()
    row: reward_roots.Row = reward_roots._row(reward_epoch)
    self._check_pending(row)
    hold_count: uint256 = root_evidence._remove_hold(reward_epoch)
    log IRewardDistributor.HoldsChanged(
        reward_epoch=reward_epoch, attempt=row.attempt, hold_count=hold_count
    )


# governance
@external
def resolve_challenge(reward_epoch: uint256, is_void: bool):
    """
    @notice Decides a challenge: the root is void, with every later one, and its poster's bond is lost; or it stands,
            and every bond against it is lost.
    @dev Only the owner. Half of the lost bonds is burned, rounded down, so that challenging oneself costs; the rest
         goes to the treasury. A root that stands keeps its old window.
    @param reward_epoch Whose root was challenged.
    @param is_void True if the root was false.
    """
    ownable._check_owner()
    row: reward_roots.Row = self._challenged_row(reward_epoch)
    if is_void:
        self._void(reward_epoch, TREASURY)
    else:
        self._reject(reward_epoch, row.attempt)


@external
def set_signers(signers: DynArray[address, oracle_signers.MAX_SIGNERS], threshold: uint256):
    """
    @notice Replaces the oracle's signers.
    @dev Only the owner. Roots posted before stay as they are.
    @param signers 2 to 16 accounts, strictly ascending.
    @param threshold How many must sign: at least 2 and at least two thirds.
    """
    ownable._check_owner()
    oracle_signers._set(signers, threshold)


@external
def set_accruer(accruer: address):
    """
    @notice Names the contract that books contributors' parts: InferencePayments.
    @dev Only the owner. Zero stops accrual, and with it redemptions.
    @param accruer The contract.
    """
    ownable._check_owner()
    self.accruer = accruer
    log IRewardDistributor.AccruerSet(accruer=accruer)


@external
def set_disputes(disputes: address):
    """
    @notice Names the contract that proves roots false: RootDisputes.
    @dev Only the owner. Holds of the one before stay until they run out.
    @param disputes The contract. Zero stops proofs and demands, and leaves challenges.
    """
    ownable._check_owner()
    self.disputes = disputes
    log IRewardDistributor.DisputesSet(disputes=disputes)


# anyone
@external
def finalize(reward_epoch: uint256):
    """
    @notice Makes the oldest pending root final once its window is over, and opens it to claims. Anyone may call it.
    @dev What accrued since the last final root and is in no leaf goes to the treasury, the bond back to the poster. An
         open demand for evidence holds a root up, but not past the time in which a challenge would be resolved.
    @param reward_epoch The epoch of the oldest pending root.
    """
    row: reward_roots.Row = reward_roots._row(reward_epoch)
    self._check_pending(row)
    assert row.status != IRewardDistributor.RootStatus.CHALLENGED, "distributor: root challenged"
    assert row.previous_epoch == reward_roots._last_final(), "distributor: earlier root not final"
    window_end: uint256 = row.posted_at + CHALLENGE_WINDOW_SECONDS
    assert block.timestamp >= window_end, "distributor: window not over"
    is_held: bool = root_evidence._backing(reward_epoch).hold_count > 0
    assert not is_held or block.timestamp >= window_end + RESOLUTION_SECONDS, "distributor: evidence demanded"
    last: claims.Final = claims._load()
    accrued_wei: uint256 = accruals._between(row.previous_epoch, reward_epoch)
    earned_wei: uint256 = row.total_wei - last.total_wei
    remainder_wei: uint256 = accrued_wei - earned_wei
    reward_roots._set_final(reward_epoch)
    self._reserved_wei -= accrued_wei + ROOT_BOND_WEI
    claims._store(claims.Final(
        epoch=reward_epoch,
        leaf_count=row.leaf_count,
        total_wei=row.total_wei,
        unclaimed_wei=last.unclaimed_wei + earned_wei,
    ))
    claims._root = reward_roots._roots[reward_epoch]
    log IRewardDistributor.RootFinalized(
        reward_epoch=reward_epoch, root=claims._root, total_wei=row.total_wei, remainder_wei=remainder_wei
    )
    self._pay(TREASURY, remainder_wei)
    self._return_root_bond(reward_epoch)


@external
def claim(
    account: address,
    cumulative_wei: uint256,
    index: uint256,
    proof: DynArray[bytes32, verification.MAX_PROOF_LENGTH],
) -> uint256:
    """
    @notice Pays an account what the last final root gives it and it has not had yet. Anyone may call it; only the
            account is paid, or the recovery address that it named.
    @dev Recorded before the transfer. Open at all times, also while later roots are challenged.
    @param account Whose leaf it is.
    @param cumulative_wei The leaf's amount in wei, over all reward epochs.
    @param index The leaf's position.
    @param proof The sibling's word of each height, lowest first.
    @return Wei of OPEN paid.
    """
    last: claims.Final = self._last_final()
    leaf: bytes32 = reward_leaves._hash(self, account, cumulative_wei)
    is_leaf: bool = sum_tree._has_leaf(
        claims._root, last.leaf_count, leaf, cumulative_wei, index, proof
    )
    assert is_leaf, "distributor: proof does not lead to the root"
    amount_wei: uint256 = self._settle(account, cumulative_wei, last.epoch)
    assert amount_wei > 0, "distributor: nothing to claim"
    return amount_wei


@external
def claim_many(leaves: DynArray[IRewardDistributor.ProvenLeaf, MAX_CLAIMS]) -> uint256:
    """
    @notice Pays several accounts as `claim` does, each with its own leaf.
    @dev An account that has had everything is passed over, or whoever claims for one of them first would undo it all; a
         proof that does not hold undoes it all.
    @param leaves Leaves with their proofs.
    @return Wei of OPEN paid in all.
    """
    last: claims.Final = self._last_final()
    paid_wei: uint256 = 0
    for item: IRewardDistributor.ProvenLeaf in leaves:
        leaf: bytes32 = reward_leaves._hash(self, item.account, item.cumulative_wei)
        is_leaf: bool = sum_tree._has_leaf(
            claims._root, last.leaf_count, leaf, item.cumulative_wei, item.index, item.proof
        )
        assert is_leaf, "distributor: a proof does not lead to the root"
        paid_wei += self._settle(item.account, item.cumulative_wei, last.epoch)
    return paid_wei


@view
@external
def owed_wei() -> uint256:
    """
    @notice What this contract holds for others: accrued and not final, final and not claimed, and bonds.
    @return Wei of OPEN, never more than its balance.
    """
    return self._owed_wei()


@internal
@view
def _check_total(total_wei: uint256, previous_epoch: uint256, reward_epoch: uint256):
    """
    @dev A root may add what accrued since the root before it, and takes nothing back.
    """
    previous_wei: uint256 = reward_roots._row(previous_epoch).total_wei
    assert total_wei >= previous_wei, "distributor: total below previous root"
    accrued_wei: uint256 = accruals._between(previous_epoch, reward_epoch)
    assert total_wei - previous_wei <= accrued_wei, "distributor: total above accrued"


@internal
@view
def _check_disputes():
    """
    @dev Only the disputes contract.
    """
    assert msg.sender == self.disputes, "distributor: sender is not the disputes contract"


@internal
@view
def _check_pending(row: reward_roots.Row):
    """
    @dev Fails for a root that is final or void, and for an epoch without one.
    """
    pending: IRewardDistributor.RootStatus = (
        IRewardDistributor.RootStatus.POSTED | IRewardDistributor.RootStatus.CHALLENGED
    )
    assert row.status in pending, "distributor: root not pending"


@internal
@view
def _row_in_window(reward_epoch: uint256) -> reward_roots.Row:
    """
    @dev The row of a pending root that can still be challenged.
    """
    row: reward_roots.Row = reward_roots._row(reward_epoch)
    self._check_pending(row)
    assert block.timestamp < row.posted_at + CHALLENGE_WINDOW_SECONDS, "distributor: window over"
    return row


@internal
@view
def _challenged_row(reward_epoch: uint256) -> reward_roots.Row:
    """
    @dev The row of a challenged root; fails for any other.
    """
    row: reward_roots.Row = reward_roots._row(reward_epoch)
    assert row.status == IRewardDistributor.RootStatus.CHALLENGED, "distributor: root not challenged"
    return row


@internal
def _void(reward_epoch: uint256, recipient: address):
    """
    @dev Makes a root and every later one void. The first of them costs its poster the bond, half of it to `recipient`,
         unless that is zero: then it was never decided. The others only fell with it.
    """
    voided: DynArray[uint256, reward_roots.MAX_PENDING_ROOTS] = reward_roots._void_from(reward_epoch)
    self._reserved_wei -= len(voided) * ROOT_BOND_WEI
    for epoch: uint256 in voided:
        if epoch == reward_epoch and recipient != empty(address):
            self._lose_root_bond(epoch, recipient)
        else:
            self._return_root_bond(epoch)


@internal
def _lose_root_bond(reward_epoch: uint256, recipient: address):
    """
    @dev Burns half of a bond that is reserved no more, rounded down, and pays the rest.
    """
    burned_wei: uint256 = ROOT_BOND_WEI // 2
    log IRewardDistributor.RootBondLost(
        reward_epoch=reward_epoch,
        attempt=reward_roots._row(reward_epoch).attempt,
        recipient=recipient,
        burned_wei=burned_wei,
        recipient_wei=ROOT_BOND_WEI - burned_wei,
    )
    extcall IBurnable(OPEN_TOKEN).burn(burned_wei)
    self._pay(recipient, ROOT_BOND_WEI - burned_wei)


@internal
def _return_root_bond(reward_epoch: uint256):
    """
    @dev Pays a bond that is reserved no more; it is not kept for the poster to fetch, for OPEN cannot be refused.
    """
    poster: address = root_evidence._backing(reward_epoch).poster
    log IRewardDistributor.RootBondReturned(
        reward_epoch=reward_epoch,
        attempt=reward_roots._row(reward_epoch).attempt,
        poster=poster,
        amount_wei=ROOT_BOND_WEI,
    )
    self._pay(poster, ROOT_BOND_WEI)


@internal
def _reject(reward_epoch: uint256, attempt: uint256):
    """
    @dev The root stands: ends the round of challenges and shares out its bonds.
    """
    lost_wei: uint256 = challenges._end_round(reward_epoch, attempt) * CHALLENGE_BOND_WEI
    burned_wei: uint256 = lost_wei // 2
    self._reserved_wei -= lost_wei
    reward_roots._set_status(reward_epoch, IRewardDistributor.RootStatus.POSTED)
    log IRewardDistributor.ChallengeRejected(
        reward_epoch=reward_epoch,
        attempt=attempt,
        burned_wei=burned_wei,
        treasury_wei=lost_wei - burned_wei,
    )
    extcall IBurnable(OPEN_TOKEN).burn(burned_wei)
    self._pay(TREASURY, lost_wei - burned_wei)


@internal
@view
def _owed_wei() -> uint256:
    """
    @dev Everything here that belongs to others.
    """
    return self._reserved_wei + claims._unclaimed()


@internal
@view
def _last_final() -> claims.Final:
    """
    @dev The root that claims are paid from.
    """
    last: claims.Final = claims._load()
    assert last.epoch != 0, "distributor: no final root"
    return last


@internal
def _settle(account: address, cumulative_wei: uint256, reward_epoch: uint256) -> uint256:
    """
    @dev Pays what is left of a verified leaf of the last final root, recorded before the transfer.
    """
    amount_wei: uint256 = 0
    recipient: address = empty(address)
    amount_wei, recipient = claims._take(account, cumulative_wei)
    if amount_wei > 0:
        log IRewardDistributor.Claimed(
            account=account, reward_epoch=reward_epoch, amount_wei=amount_wei, cumulative_wei=cumulative_wei
        )
        self._pay(recipient, amount_wei)
    return amount_wei


@internal
def _pay(account: address, amount_wei: uint256):
    """
    @dev Moves OPEN out.
    """
    assert extcall IERC20(OPEN_TOKEN).transfer(account, amount_wei)
