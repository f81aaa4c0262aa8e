# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Rewards: cumulative Merkle sum-tree roots, challenges, claims, verification on chain
@license AGPL-3.0-only
@notice Contributors' parts of all fees accrue here by reward epoch. For each epoch the oracle's signers post one root over
        everything that every account has earned since the start; after its challenge window anyone can claim for anyone.
@dev Powers: the signers (m of n) post roots; the accruer (InferencePayments) books what it has paid in; the owner (the
     timelock) names both and resolves challenges. None of them can move OPEN to an account that is not in a final root.
     Solvency: `OPEN balance >= accrued and not final + final and not claimed + bonds`. A root's total may grow by what
     accrued since the root before it and no more, the tree proves the total, and claims together never pass it: so all
     signers' keys together can misdirect what accrued within the pending epochs, if nobody challenges, and nothing else.
     Claims stay open, against the last final root, whatever becomes of later ones.
@custom:halt Challenge the root: it and every later one freeze. The owner decides, and if it does not in time, anyone makes
             them void. The owner stops all posting by replacing the signers.
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
from .modules import reward_roots
from .modules import verification

implements: IRewardDistributor
initializes: ownable
initializes: eip712_domain_separator
initializes: accruals
initializes: claims
initializes: oracle_signers[eip712_domain_separator := eip712_domain_separator]
initializes: reward_epochs
initializes: reward_roots
initializes: challenges[reward_roots := reward_roots]
initializes: verification[reward_roots := reward_roots]

# Left out on purpose: `renounce_ownership`; challenges need somebody to resolve them.
exports: (ownable.owner, ownable.transfer_ownership)
exports: eip712_domain_separator.eip712Domain
exports: (accruals.accrued, claims.claimed)
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
OPEN_TOKEN: public(immutable(address))
TREASURY: public(immutable(address))
CHALLENGE_WINDOW_SECONDS: public(immutable(uint256))
RESOLUTION_SECONDS: public(immutable(uint256))
CHALLENGE_BOND_WEI: public(immutable(uint256))

accruer: public(address)
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
):
    """
    @notice Starts the first reward epoch now.
    @param open_token The OPEN token.
    @param treasury Gets what no contribution earned, and half of lost bonds.
    @param owner Who names signers and accruer and resolves challenges: the timelock.
    @param epoch_seconds Length of a reward epoch, more than 0.
    @param challenge_window_seconds How long a root can be challenged after it is posted, more than 0.
    @param resolution_seconds How long after the window the owner can still decide; then a challenged root can be made void.
    @param challenge_bond_wei What a challenger puts down, more than 0.
    """
    assert empty(address) not in [open_token, treasury, owner], "distributor: zero address"
    assert challenge_window_seconds > 0, "distributor: zero seconds"
    assert challenge_bond_wei > 0, "distributor: zero bond"
    OPEN_TOKEN = open_token
    TREASURY = treasury
    CHALLENGE_WINDOW_SECONDS = challenge_window_seconds
    RESOLUTION_SECONDS = resolution_seconds
    CHALLENGE_BOND_WEI = challenge_bond_wei
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
    @notice Posts the root of a reward epoch that has ended, signed by enough oracle signers. Anyone may send it.
    @dev A root that covers more epochs than one is fine: reward epochs without a root are simply part of the next. The
         attempt is signed, so the signatures of a void root are of no more use.
    @param post The root and what it commits to; the total is cumulative.
    @param signatures 65 bytes each, by signer address strictly ascending.
    """
    assert block.timestamp >= reward_epochs._epoch_end(post.reward_epoch), "distributor: epoch not over"
    assert post.root != empty(bytes32), "distributor: root is zero"
    assert post.evidence_digest != empty(bytes32), "distributor: evidence is zero"
    assert 0 < post.leaf_count and post.leaf_count <= MAX_LEAF_COUNT, "distributor: leaf count out of range"
    previous_epoch: uint256 = reward_roots._last_posted()
    assert post.reward_epoch > previous_epoch, "distributor: epoch already posted"
    self._check_total(post.total_wei, previous_epoch, post.reward_epoch)
    oracle_signers._check(post, signatures)
    reward_roots._append(post)


# auditors
@external
def challenge(reward_epoch: uint256, reason_digest: bytes32):
    """
    @notice Puts your bond against a root in its window and freezes it, and every later one, until it is resolved. Approve
            this contract first.
    @dev Any number of challengers may join, each once a round; a resolved challenge does not end the window for others.
    @param reward_epoch Whose root is false.
    @param reason_digest sha-256 of the published reason.
    """
    row: reward_roots.Row = reward_roots._row(reward_epoch)
    challengeable: IRewardDistributor.RootStatus = (
        IRewardDistributor.RootStatus.POSTED | IRewardDistributor.RootStatus.CHALLENGED
    )
    assert row.status in challengeable, "distributor: root not pending"
    assert block.timestamp < row.posted_at + CHALLENGE_WINDOW_SECONDS, "distributor: window over"
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
    @dev The safe default: what accrued stays here for the next root.
    @param reward_epoch Whose root was challenged.
    """
    row: reward_roots.Row = self._challenged_row(reward_epoch)
    deadline: uint256 = row.posted_at + CHALLENGE_WINDOW_SECONDS + RESOLUTION_SECONDS
    assert block.timestamp >= deadline, "distributor: resolution not over"
    reward_roots._void_from(reward_epoch)


@external
def withdraw_bond() -> uint256:
    """
    @notice Pays back your bonds on roots that became void, and forgets those that were lost. Pays nothing where there is
            nothing.
    @dev The bonds are forgotten before the transfer.
    @return Wei of OPEN paid.
    """
    amount_wei: uint256 = challenges._take_won(msg.sender) * CHALLENGE_BOND_WEI
    if amount_wei > 0:
        self._reserved_wei -= amount_wei
        log IRewardDistributor.BondReturned(challenger=msg.sender, amount_wei=amount_wei)
        self._pay(msg.sender, amount_wei)
    return amount_wei


# governance
@external
def resolve_challenge(reward_epoch: uint256, is_void: bool):
    """
    @notice Decides a challenge: the root is void, with every later one, or stands, and every bond against it is lost.
    @dev Only the owner. Half of the lost bonds is burned, rounded down, so that challenging oneself costs; the rest goes to
         the treasury. A root that stands keeps its old window.
    @param reward_epoch Whose root was challenged.
    @param is_void True if the root was false.
    """
    ownable._check_owner()
    row: reward_roots.Row = self._challenged_row(reward_epoch)
    if is_void:
        reward_roots._void_from(reward_epoch)
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


# anyone
@external
def finalize(reward_epoch: uint256):
    """
    @notice Makes the oldest pending root final once its window is over, and opens it to claims. Anyone may call it.
    @dev What accrued since the last final root and is in no leaf goes to the treasury.
    @param reward_epoch The epoch of the oldest pending root.
    """
    row: reward_roots.Row = reward_roots._row(reward_epoch)
    assert row.status == IRewardDistributor.RootStatus.POSTED, "distributor: root not pending"
    assert row.previous_epoch == reward_roots._last_final(), "distributor: earlier root not final"
    assert block.timestamp >= row.posted_at + CHALLENGE_WINDOW_SECONDS, "distributor: window not over"
    last: claims.Final = claims._load()
    accrued_wei: uint256 = accruals._between(row.previous_epoch, reward_epoch)
    earned_wei: uint256 = row.total_wei - last.total_wei
    remainder_wei: uint256 = accrued_wei - earned_wei
    reward_roots._set_final(reward_epoch)
    self._reserved_wei -= accrued_wei
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


@external
def claim(
    account: address,
    cumulative_wei: uint256,
    index: uint256,
    proof: DynArray[IRewardDistributor.ProofNode, verification.MAX_PROOF_LENGTH],
) -> uint256:
    """
    @notice Pays an account what the last final root gives it and it has not had yet. Anyone may call it; only the account
            is paid.
    @dev Recorded before the transfer. Open at all times, also while later roots are challenged.
    @param account Whose leaf it is.
    @param cumulative_wei The leaf's amount in wei, over all reward epochs.
    @param index The leaf's position.
    @param proof The sibling of each height, lowest first.
    @return Wei of OPEN paid.
    """
    last: claims.Final = claims._load()
    assert last.epoch != 0, "distributor: no final root"
    is_leaf: bool = verification._is_reward(
        claims._root, last.total_wei, last.leaf_count, account, cumulative_wei, index, proof
    )
    assert is_leaf, "distributor: proof does not lead to the root"
    amount_wei: uint256 = claims._take(account, cumulative_wei)
    log IRewardDistributor.Claimed(
        account=account, reward_epoch=last.epoch, amount_wei=amount_wei, cumulative_wei=cumulative_wei
    )
    self._pay(account, amount_wei)
    return amount_wei


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
def _challenged_row(reward_epoch: uint256) -> reward_roots.Row:
    """
    @dev The row of a challenged root; fails for any other.
    """
    row: reward_roots.Row = reward_roots._row(reward_epoch)
    assert row.status == IRewardDistributor.RootStatus.CHALLENGED, "distributor: root not challenged"
    return row


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
def _pay(account: address, amount_wei: uint256):
    """
    @dev Moves OPEN out.
    """
    assert extcall IERC20(OPEN_TOKEN).transfer(account, amount_wei)
