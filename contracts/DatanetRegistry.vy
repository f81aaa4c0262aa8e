# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title The registry of Datanets: who may contribute what, what was contributed, and what became of it
@license AGPL-3.0-only
@notice A contributor commits, then reveals a file's digest, with a deposit; the review court's committees accept or
        reject it. Only digests are here: the files lie in the content store, and validators read them.
@dev Powers: a Datanet's owner sets its limits, its curators and whether it is open, and records snapshots; curators
     open, close and record. The court decides on pending contributions and can take the deposit of one that it rejects
     as abuse, and no other OPEN. The owner (the timelock) names the court and nothing else. Solvency:
     `OPEN balance >= DEPOSIT_WEI x (free + locked deposits)`; OPEN sent here by a plain transfer is lost to its sender.
     One content counts once in all Datanets: its canonical hash belongs to the earliest commitment that reveals it. A
     later one that revealed it first gives way while it is pending, as if withdrawn: whoever saw the content in a
     reveal that failed or waits in the mempool cannot keep its contributor out by overtaking him. A rejection frees the
     hash, and so does a withdrawal before acceptance, so that nobody keeps an honest contributor out by registering the
     hash of data that he does not hold; an accepted contribution that is withdrawn keeps it, so that nobody else puts
     it back.
@custom:halt A Datanet's owner or curator stops new contributions with `set_open(id, False)`. Replacing the court stops
     all decisions. Nothing stops a withdrawal, of a contribution or of a free deposit.
"""

from snekmate.auth import ownable
from .interfaces import IDatanetRegistry
from .modules import allowances
from .modules import commitments
from .modules import contribution_deposits
from .modules import contributions
from .modules import datanet_rows
from .modules import datanets
from .modules import decisions
from .modules import snapshots

implements: IDatanetRegistry
initializes: ownable
initializes: datanets
initializes: snapshots[datanets := datanets]
initializes: allowances[datanets := datanets]
initializes: contribution_deposits[allowances := allowances, datanets := datanets]
initializes: contributions
initializes: commitments[contributions := contributions]
initializes: decisions[contributions := contributions]

# Left out on purpose: `renounce_ownership`; a court that fails must be replaceable.
exports: (ownable.owner, ownable.transfer_ownership)
exports: (
    datanets.create_datanet,
    datanets.set_open,
    datanets.set_limits,
    datanets.set_curator,
    datanets.transfer_datanet,
    datanets.datanet,
    datanets.datanet_count,
    datanets.is_curator,
)
exports: (snapshots.record_snapshot, snapshots.snapshot_datanet, snapshots.snapshot_version)
exports: allowances.allowance_of
exports: (
    contribution_deposits.OPEN_TOKEN,
    contribution_deposits.TREASURY,
    contribution_deposits.DEPOSIT_WEI,
    contribution_deposits.add_deposits,
    contribution_deposits.withdraw_deposits,
    contribution_deposits.free_deposits,
)
exports: (commitments.commit, commitments.commitment_of)
exports: (
    contributions.contribution_count,
    contributions.contribution_by_canonical_hash,
    contributions.is_content,
)
exports: (decisions.contribution, decisions.was_accepted, decisions.contributor_stats)

# codecs of a CID: one raw block, or a DAG of blocks for a file that is larger
RAW: constant(uint256) = 85  # 0x55
DAG_PB: constant(uint256) = 112  # 0x70
RAW_BYTES: constant(uint256) = 262_144
MAX_SCORE: constant(uint256) = 100
# three times the longest review with all its appeals
RELEASE_SECONDS: public(constant(uint256)) = 90 * 86_400

court: public(address)


@deploy
def __init__(open_token: address, treasury: address, deposit_wei: uint256, owner: address):
    """
    @notice Binds the registry to its token, treasury and deposit for ever; the owner names the court next.
    @param open_token The OPEN token.
    @param treasury Gets half of what abusive contributions lose: the timelock.
    @param deposit_wei Wei of OPEN that one contribution locks, more than 0 and at most 1,000 OPEN.
    @param owner Who may name the court: the timelock, or the deployer until it hands over.
    """
    assert owner != empty(address), "datanet_registry: owner is the zero address"
    contribution_deposits.__init__(open_token, treasury, deposit_wei)
    ownable.__init__()
    ownable._transfer_ownership(owner)


# owner
@external
def set_court(court: address):
    """
    @notice Names the contract that decides on contributions.
    @dev What the old court has not decided stays pending for the new one.
    @param court The review court; not zero.
    """
    ownable._check_owner()
    assert court != empty(address), "datanet_registry: court is the zero address"
    self.court = court
    log IDatanetRegistry.CourtSet(court=court)


# contributors
@external
@reentrant  # it calls nobody, and the lock costs 330 gas
def reveal(
    contribution_id: uint256,
    datanet_id: uint256,
    digest: bytes32,
    canonical_hash: bytes32,
    byte_count: uint256,
    format: uint256,
    salt: bytes32,
):
    """
    @notice Contributes the file that you committed to, at least one block and at most a day ago. Locks one deposit.
    @dev Byte count and canonical hash are your word until validators have read the file; they reject a false one.
    @param contribution_id The id of your commitment.
    @param datanet_id An open Datanet.
    @param digest sha-256 digest of the file's CID; the codec is raw up to 262,144 bytes, dag-pb above.
    @param canonical_hash Hash of the content in its canonical form; no earlier commitment may have revealed it.
    @param byte_count Size of the file in bytes, 1 to the Datanet's file limit.
    @param format Bit number of the format.
    @param salt The salt of your commitment.
    """
    commitment: bytes32 = commitments._commitment_of(msg.sender, datanet_id, digest, canonical_hash, salt)
    commit_block: uint256 = commitments._check_opens(contribution_id, commitment)
    holder_id: uint256 = contributions._holder_of(canonical_hash)
    if holder_id != 0:
        self._displace(holder_id, contribution_id)
    key: uint256 = allowances._key(datanet_id, msg.sender)
    allowances._use(datanet_id, key, byte_count, format)
    contributions._record(contribution_id, key, digest, canonical_hash, byte_count, format)
    log IDatanetRegistry.Contributed(
        contribution_id=contribution_id,
        datanet_id=datanet_id,
        contributor=msg.sender,
        digest=digest,
        codec=RAW if byte_count <= RAW_BYTES else DAG_PB,
        canonical_hash=canonical_hash,
        byte_count=byte_count,
        format=format,
        commit_block=commit_block,
    )


@external
def withdraw_contribution(contribution_id: uint256, canonical_hash: bytes32):
    """
    @notice Takes your pending or accepted contribution out: it earns no more, ranks you no more, and later snapshots
            leave it out.
    @dev What was trained on it stays trained; the allowance that it used stays used. A pending one frees its content,
         and its deposit unless a review has begun: then the verdict still decides on that.
    @param contribution_id Your contribution.
    @param canonical_hash Its canonical hash.
    """
    row: uint256 = contributions._revealed(contribution_id)
    assert msg.sender == contributions._contributor_of(row), "datanet_registry: sender is not the contributor"
    if row >> 248 == contributions.ACCEPTED:
        contributions._check_holds(contribution_id, canonical_hash)
        decisions._withdraw(contribution_id, row)
    else:
        assert row >> 248 == contributions.PENDING, "datanet_registry: already rejected or withdrawn"
        contributions._free_content(contribution_id, canonical_hash)
        self._withdraw_pending(contribution_id, row)
    log IDatanetRegistry.Withdrawn(contribution_id=contribution_id)


# the court
@external
def begin_review(contribution_id: uint256):
    """
    @notice Marks a pending contribution as under review, so that its deposit answers for it whatever its contributor
            does next.
    @dev Without it, a contributor who sees abuse being voted would withdraw and keep the deposit. May be repeated.
    @param contribution_id A pending contribution.
    """
    self._check_court()
    row: uint256 = contributions._revealed(contribution_id)
    assert row >> 248 == contributions.PENDING, "datanet_registry: contribution not pending"
    contributions._rows[contribution_id] = row | contributions.UNDER_REVIEW


@external
def resolve(contribution_id: uint256, canonical_hash: bytes32, is_accepted: bool, score: uint256, is_abusive: bool):
    """
    @notice Decides on a contribution, once and for good; of one that was withdrawn under review, on its deposit alone.
    @dev A rejection frees the content. The deposit becomes free, or is lost to abuse; the token comes last and calls
         nobody back. Changes nothing for a withdrawn one whose deposit is free: no contributor can make it revert.
    @param contribution_id A pending contribution, or a withdrawn one.
    @param canonical_hash Its canonical hash; not looked at where it was withdrawn.
    @param is_accepted The verdict.
    @param score 1 to 100 if accepted, else 0.
    @param is_abusive Whether it is rejected as abuse.
    """
    self._check_court()
    assert (score != 0) == is_accepted, "datanet_registry: score contradicts the verdict"
    assert score <= MAX_SCORE, "datanet_registry: score above 100"
    assert not (is_accepted and is_abusive), "datanet_registry: accepted as abuse"
    row: uint256 = contributions._revealed(contribution_id)
    datanet_id: uint256 = contributions._datanet_of(row)
    contributor: address = contributions._contributor_of(row)
    locks_deposit: bool = True
    if row >> 248 == contributions.WITHDRAWN:
        locks_deposit = decisions._end_review(contribution_id, row)
    else:
        assert row >> 248 == contributions.PENDING, "datanet_registry: nothing to decide"
        if is_accepted:
            contributions._check_holds(contribution_id, canonical_hash)
        else:
            contributions._free_content(contribution_id, canonical_hash)
        decisions._decide(contribution_id, row, is_accepted, score)
        log IDatanetRegistry.Resolved(
            contribution_id=contribution_id,
            datanet_id=datanet_id,
            contributor=contributor,
            is_accepted=is_accepted,
            score=score,
        )
    if locks_deposit and is_abusive:
        contribution_deposits._lose(contribution_id, contributor)
    elif locks_deposit:
        contribution_deposits._free(datanet_id, contributor)


# anyone
@external
def release_deposit(contribution_id: uint256):
    """
    @notice Frees the deposit of a contribution that was withdrawn under review and got no verdict for 90 days.
    @dev The way out if a court fails or is replaced; a contribution that is still pending is withdrawn first.
    @param contribution_id The withdrawn contribution; its contributor gets the deposit.
    """
    row: uint256 = contributions._revealed(contribution_id)
    assert decisions._end_review(contribution_id, row), "datanet_registry: no verdict awaited"
    withdrawn_at: uint256 = decisions._times_of(contribution_id)[1]
    assert block.timestamp >= withdrawn_at + RELEASE_SECONDS, "datanet_registry: verdict still possible"
    contribution_deposits._free(contributions._datanet_of(row), contributions._contributor_of(row))


@external
@view
def review_terms(
    contribution_id: uint256,
) -> (uint256, address, IDatanetRegistry.Modality, IDatanetRegistry.Status, IDatanetRegistry.Terms):
    """
    @notice What the court asks for before it opens a review.
    @dev All zero for an id that does not exist or is not revealed.
    @param contribution_id The contribution.
    @return Datanet, contributor, modality, status, terms of review.
    """
    row: uint256 = contributions._revealed(contribution_id)
    datanet_id: uint256 = contributions._datanet_of(row)
    return (
        datanet_id,
        contributions._contributor_of(row),
        datanet_rows._modality_of(datanets._rows[datanet_id]),
        contributions._status_of(row),
        datanet_rows._terms_of(datanets._terms[datanet_id]),
    )


@internal
@view
def _check_court():
    """
    @dev Until the owner names a court nobody decides.
    """
    assert msg.sender == self.court, "datanet_registry: sender is not the court"


@internal
def _displace(holder_id: uint256, contribution_id: uint256):
    """
    @dev Makes way for the earlier commitment to a content; the hash's slot is overwritten next. Only a commitment from
         before the holder's can do it, so a day after the holder's commitment nobody can. The deposit of a holder that
         is displaced under review waits for the verdict, as after a withdrawal.
    """
    assert holder_id > contribution_id, "datanet_registry: content already contributed"
    row: uint256 = contributions._revealed(holder_id)
    assert row >> 248 == contributions.PENDING, "datanet_registry: content already decided on"
    self._withdraw_pending(holder_id, row)
    log IDatanetRegistry.Withdrawn(contribution_id=holder_id)


@internal
def _withdraw_pending(contribution_id: uint256, row: uint256):
    """
    @dev Takes a pending contribution out; its deposit becomes free unless a verdict will decide on it.
    """
    decisions._withdraw(contribution_id, row)
    if row & contributions.UNDER_REVIEW == 0:
        contribution_deposits._free(contributions._datanet_of(row), contributions._contributor_of(row))
