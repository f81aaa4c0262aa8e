# pragma version 0.4.3
# pragma nonreentrancy on
# pragma optimize codesize
"""
@title The governor: gOPEN decides, the timelock carries out
@license AGPL-3.0-only
@notice Whoever has enough votes proposes calls; gOPEN votes on them with the power of a second in the past; what has a
        majority and a quorum waits in the timelock and is then executed by anyone. The interface is a superset of
        OpenZeppelin's Governor 5.7 with settings, simple counting, a quorum fraction, timelock control and late-quorum
        extension.
@dev Powers: settings, guardian and timelock change only by a proposal that this contract executes. A proposer may
     cancel while the proposal is pending. The guardian may cancel until it is executed, and do nothing else; governance
     names it and can do without. No owner, no upgrade, no ether but what an execution passes on. Functions that a
     proposal itself may call, and reads, are open to re-entry: `execute` writes its mark before it calls anyone.
     The check of the targets' code holds only while nobody but this contract may execute in the timelock. Compiled for
     size, which costs a vote 140 gas and keeps the code below 20,000 bytes.
@custom:halt The guardian cancels a proposal; executed calls cannot be undone.
"""

from .interfaces import IOpenGovernor
from .modules import ballots
from .modules import governor_settings
from .modules import proposal_rows
from .modules import proposals
from .modules import proposer_suffix
from .modules import quorum_fraction
from .modules import refused_tokens
from .modules import tallies
from .modules import timelock_control
from snekmate.utils import eip712_domain_separator

implements: IOpenGovernor
initializes: eip712_domain_separator
initializes: timelock_control
initializes: governor_settings[timelock_control := timelock_control]
initializes: quorum_fraction[timelock_control := timelock_control]
initializes: proposal_rows
initializes: proposals[proposal_rows := proposal_rows, timelock_control := timelock_control]
initializes: tallies[
    governor_settings := governor_settings, proposal_rows := proposal_rows, quorum_fraction := quorum_fraction
]
initializes: ballots[
    proposal_rows := proposal_rows,
    proposals := proposals,
    quorum_fraction := quorum_fraction,
    tallies := tallies,
    eip712_domain_separator := eip712_domain_separator,
]

exports: eip712_domain_separator.eip712Domain
exports: (
    timelock_control.timelock,
    timelock_control.updateTimelock,
    timelock_control.relay,
)
exports: (
    governor_settings.votingDelay,
    governor_settings.votingPeriod,
    governor_settings.proposalThreshold,
    governor_settings.lateQuorumVoteExtension,
    governor_settings.setVotingDelay,
    governor_settings.setVotingPeriod,
    governor_settings.setProposalThreshold,
    governor_settings.setLateQuorumVoteExtension,
)
exports: (
    quorum_fraction.token,
    quorum_fraction.clock,
    quorum_fraction.CLOCK_MODE,
    quorum_fraction.getVotes,
    quorum_fraction.getVotesWithParams,
    quorum_fraction.quorum,
    quorum_fraction.quorumNumerator,
    quorum_fraction.quorumDenominator,
    quorum_fraction.updateQuorumNumerator,
    quorum_fraction.QUORUM_FLOOR_WEI,
)
exports: (
    proposal_rows.proposalSnapshot,
    proposal_rows.proposalDeadline,
    proposal_rows.proposalProposer,
    proposal_rows.proposalEta,
    proposal_rows.proposalVotes,
    proposals.state,
    proposals.proposalNeedsQueuing,
    proposals.code_digest,
    proposals.code_digest_of,
)
exports: (
    ballots.BALLOT_TYPEHASH,
    ballots.EXTENDED_BALLOT_TYPEHASH,
    ballots.COUNTING_MODE,
    ballots.nonces,
    ballots.hasVoted,
    ballots.castVote,
    ballots.castVoteWithReason,
    ballots.castVoteWithReasonAndParams,
    ballots.castVoteBySig,
    ballots.castVoteWithReasonAndParamsBySig,
)

exports: (
    refused_tokens.onERC721Received,
    refused_tokens.onERC1155Received,
    refused_tokens.onERC1155BatchReceived,
)

# ERC-5267's, for tools that look for it in the ABI; the domain never changes, so nothing logs it
event EIP712DomainChanged:
    pass


name: public(constant(String[23])) = "OpenLedger OpenGovernor"
version: public(constant(String[1])) = "1"
MAX_CALLS: constant(uint256) = proposals.MAX_CALLS
MAX_CALL_BYTES: constant(uint256) = proposals.MAX_CALL_BYTES
MAX_DESCRIPTION_BYTES: constant(uint256) = 8_192
_SUPPORTED_INTERFACES: constant(bytes4[4]) = [
    0x01FFC9A7,  # ERC-165
    0xCDBDFCEE,  # IGovernor
    0x65455A86,  # IGovernor as it was without getProposalId
    0x4E2312E0,  # IERC1155Receiver: OpenZeppelin's answers for it too, though it refuses every token
]

guardian: public(reentrant(address))


@deploy
def __init__(
    staked_open: address,
    timelock: address,
    first_guardian: address,
    voting_delay_seconds: uint48,
    voting_period_seconds: uint32,
    proposal_threshold_wei: uint256,
    quorum_numerator: uint256,
    quorum_floor_wei: uint256,
    late_quorum_extension_seconds: uint48,
):
    """
    @notice Binds the governor to its votes for ever, and to its timelock and settings until governance changes them.
    @dev The deployer keeps nothing. The timelock must make this contract its only proposer, canceller and executor.
    @param staked_open gOPEN, whose clock is block time.
    @param timelock The timelock that owns what is governed.
    @param first_guardian Who may cancel; the zero address for nobody.
    @param voting_delay_seconds From proposal to snapshot.
    @param voting_period_seconds From snapshot to deadline, more than 0.
    @param proposal_threshold_wei Votes that a proposer needs, in wei of gOPEN, below 2^96.
    @param quorum_numerator The quorum in hundredths of all gOPEN, at most 100.
    @param quorum_floor_wei The least quorum in wei of gOPEN, more than 0 and below 2^96, for ever.
    @param late_quorum_extension_seconds How long a vote lasts at least after its quorum is reached, at most the period.
    """
    eip712_domain_separator.__init__(name, version)
    quorum_fraction.__init__(staked_open, quorum_numerator, quorum_floor_wei)
    governor_settings._set_voting_delay(voting_delay_seconds)
    governor_settings._set_voting_period(voting_period_seconds)
    governor_settings._set_threshold(proposal_threshold_wei)
    governor_settings._set_extension(late_quorum_extension_seconds)
    timelock_control._set_timelock(timelock)
    self._set_guardian(first_guardian)


# proposers
@external
def propose(
    targets: DynArray[address, MAX_CALLS],
    values: DynArray[uint256, MAX_CALLS],
    calldatas: DynArray[Bytes[MAX_CALL_BYTES], MAX_CALLS],
    description: String[MAX_DESCRIPTION_BYTES],
) -> uint256:
    """
    @notice Proposes calls for the timelock to make, and keeps the digest of the code that they go to.
    @dev Your votes are those of a second ago, so no stake of this transaction proposes. End the description with
         `#proposer=0x…`, your address, so that nobody else can propose the same before you.
    @param targets Whom to call, 1 to 8.
    @param values Wei of ether for each call.
    @param calldatas The calldata of each call, at most 1,024 bytes.
    @param description What it is for, at most 8,192 bytes; its hash is part of the number.
    @return The proposal's number.
    """
    length: uint256 = len(description)
    if length >= proposer_suffix.LENGTH:
        ending: String[proposer_suffix.LENGTH] = slice(
            description, length - proposer_suffix.LENGTH, proposer_suffix.LENGTH
        )
        assert proposer_suffix._is_for(ending, msg.sender), "governor: named another proposer"
    threshold_wei: uint256 = governor_settings._threshold(governor_settings._word)
    if threshold_wei > 0:
        votes_wei: uint256 = quorum_fraction._votes(msg.sender, block.timestamp - 1)
        assert votes_wei >= threshold_wei, "governor: too few votes"
    assert len(targets) > 0, "governor: no call"
    assert len(targets) == len(values) and len(targets) == len(calldatas), "governor: lengths differ"
    # `proposals._hash`, written out: the call would copy all arguments, for 3,700 gas of memory
    proposal_id: uint256 = convert(
        keccak256(abi_encode(targets, values, calldatas, keccak256(description))), uint256
    )
    settings: uint256 = governor_settings._word
    snapshot: uint256 = block.timestamp + governor_settings._voting_delay(settings)
    duration: uint256 = governor_settings._voting_period(settings)
    proposal_rows._add(proposal_id, msg.sender, snapshot, duration, proposals._code_digest(targets))
    # OpenZeppelin's event has a list of signatures, which stay empty
    signatures: DynArray[String[1], MAX_CALLS] = []
    for _: address in targets:
        signatures.append("")
    log IOpenGovernor.ProposalCreated(
        proposalId=proposal_id,
        proposer=msg.sender,
        targets=targets,
        values=values,
        signatures=signatures,
        calldatas=calldatas,
        voteStart=snapshot,
        voteEnd=snapshot + duration,
        description=description,
    )
    return proposal_id


# proposer and guardian
@external
def cancel(
    targets: DynArray[address, MAX_CALLS],
    values: DynArray[uint256, MAX_CALLS],
    calldatas: DynArray[Bytes[MAX_CALL_BYTES], MAX_CALLS],
    descriptionHash: bytes32,
) -> uint256:
    """
    @notice Ends a proposal for ever: its proposer before the vote begins, the guardian until it is executed.
    @dev Takes it out of the timelock too.
    @param targets As proposed.
    @param values As proposed.
    @param calldatas As proposed.
    @param descriptionHash keccak256 of the description.
    @return The proposal's number.
    """
    proposal_id: uint256 = proposals._hash(targets, values, calldatas, descriptionHash)
    state: uint8 = proposals._state(proposal_id)
    proposer: address = proposal_rows._proposer(proposal_rows._rows[proposal_id])
    is_withdrawal: bool = msg.sender == proposer and state == proposals.PENDING
    # a guardian of zero is nobody
    assert is_withdrawal or msg.sender == self.guardian, "governor: caller may not cancel"
    assert state != proposals.CANCELED and state != proposals.EXECUTED, "governor: proposal is over"
    proposal_rows._mark(proposal_id, proposal_rows.IS_CANCELED)
    log IOpenGovernor.ProposalCanceled(proposalId=proposal_id)
    timelock_control._cancel(proposal_id)
    return proposal_id


# anyone
@external
def queue(
    targets: DynArray[address, MAX_CALLS],
    values: DynArray[uint256, MAX_CALLS],
    calldatas: DynArray[Bytes[MAX_CALL_BYTES], MAX_CALLS],
    descriptionHash: bytes32,
) -> uint256:
    """
    @notice Puts a proposal that has succeeded into the timelock.
    @dev Refuses it if the code of a target is not what it was when it was proposed.
    @param targets As proposed.
    @param values As proposed.
    @param calldatas As proposed.
    @param descriptionHash keccak256 of the description.
    @return The proposal's number.
    """
    proposal_id: uint256 = proposals._hash(targets, values, calldatas, descriptionHash)
    assert proposals._state(proposal_id) == proposals.SUCCEEDED, "governor: has not succeeded"
    proposals._check_code(proposal_id, targets)
    eta: uint256 = timelock_control._schedule(proposal_id, targets, values, calldatas, descriptionHash)
    proposal_rows._set_eta(proposal_id, eta)
    log IOpenGovernor.ProposalQueued(proposalId=proposal_id, etaSeconds=eta)
    return proposal_id


@external
@payable
def execute(
    targets: DynArray[address, MAX_CALLS],
    values: DynArray[uint256, MAX_CALLS],
    calldatas: DynArray[Bytes[MAX_CALL_BYTES], MAX_CALLS],
    descriptionHash: bytes32,
) -> uint256:
    """
    @notice Makes a queued proposal's calls from the timelock once its delay is over.
    @dev Marked as executed first. Refuses it if the code of a target is not what it was when it was proposed. All calls
         succeed or none. Ether sent along goes to the timelock, which pays the calls from all that it holds.
    @param targets As proposed.
    @param values As proposed.
    @param calldatas As proposed.
    @param descriptionHash keccak256 of the description.
    @return The proposal's number.
    """
    proposal_id: uint256 = proposals._hash(targets, values, calldatas, descriptionHash)
    assert proposals._state(proposal_id) == proposals.QUEUED, "governor: proposal is not queued"
    proposals._check_code(proposal_id, targets)
    proposal_rows._mark(proposal_id, proposal_rows.IS_EXECUTED)
    timelock_control._execute(proposal_id, targets, values, calldatas, descriptionHash)
    log IOpenGovernor.ProposalExecuted(proposalId=proposal_id)
    return proposal_id


# governance
@external
@reentrant
def set_guardian(new_guardian: address):
    """
    @notice Names who may cancel proposals. Only by an executed proposal.
    @dev The guardian could cancel such a proposal too; it cannot make, pass or hasten one.
    @param new_guardian The account; the zero address for nobody.
    """
    timelock_control._check_setter()
    self._set_guardian(new_guardian)


# reads
@external
@pure
def hashProposal(
    targets: DynArray[address, MAX_CALLS],
    values: DynArray[uint256, MAX_CALLS],
    calldatas: DynArray[Bytes[MAX_CALL_BYTES], MAX_CALLS],
    descriptionHash: bytes32,
) -> uint256:
    """
    @notice The number that a proposal of this content has.
    @dev keccak256 of Solidity's abi.encode of the four.
    @param targets Whom to call.
    @param values Wei of ether for each call.
    @param calldatas The calldata of each call.
    @param descriptionHash keccak256 of the description.
    @return The number, whether or not there is such a proposal.
    """
    return proposals._hash(targets, values, calldatas, descriptionHash)


@external
@view
@reentrant
def getProposalId(
    targets: DynArray[address, MAX_CALLS],
    values: DynArray[uint256, MAX_CALLS],
    calldatas: DynArray[Bytes[MAX_CALL_BYTES], MAX_CALLS],
    descriptionHash: bytes32,
) -> uint256:
    """
    @notice As `hashProposal`.
    @dev OpenZeppelin's newer name.
    @param targets Whom to call.
    @param values Wei of ether for each call.
    @param calldatas The calldata of each call.
    @param descriptionHash keccak256 of the description.
    @return The number, whether or not there is such a proposal.
    """
    return proposals._hash(targets, values, calldatas, descriptionHash)


@external
@view
@reentrant
def supportsInterface(interfaceId: bytes4) -> bool:
    """
    @notice Whether this contract has an interface (ERC-165).
    @dev The same answers as OpenZeppelin's.
    @param interfaceId Its id.
    @return True for ERC-165, both ids of IGovernor, and IERC1155Receiver.
    """
    return interfaceId in _SUPPORTED_INTERFACES


@internal
def _set_guardian(new_guardian: address):
    """
    @dev Logs the change, at deployment too.
    """
    log IOpenGovernor.GuardianSet(previous_guardian=self.guardian, guardian=new_guardian)
    self.guardian = new_guardian
