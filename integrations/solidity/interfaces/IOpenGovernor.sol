// SPDX-License-Identifier: Apache-2.0
// Written by `python -m integrations.generate` from contracts/OpenGovernor.vy: change that, not this.
pragma solidity >=0.8.20;

interface IOpenGovernor {
    event EIP712DomainChanged();

    event QuorumNumeratorUpdated(uint256 oldQuorumNumerator, uint256 newQuorumNumerator);

    event VotingDelaySet(uint256 oldVotingDelay, uint256 newVotingDelay);

    event VotingPeriodSet(uint256 oldVotingPeriod, uint256 newVotingPeriod);

    event ProposalThresholdSet(uint256 oldProposalThreshold, uint256 newProposalThreshold);

    event LateQuorumVoteExtensionSet(uint64 oldVoteExtension, uint64 newVoteExtension);

    event TimelockChange(address oldTimelock, address newTimelock);

    event GuardianSet(address indexed previous_guardian, address indexed guardian);

    event ProposalExtended(uint256 indexed proposalId, uint64 extendedDeadline);

    event VoteCast(address indexed voter, uint256 proposalId, uint8 support, uint256 weight, string reason);

    event VoteCastWithParams(
        address indexed voter,
        uint256 proposalId,
        uint8 support,
        uint256 weight,
        string reason,
        bytes params
    );

    event ProposalCreated(
        uint256 proposalId,
        address proposer,
        address[] targets,
        uint256[] values,
        string[] signatures,
        bytes[] calldatas,
        uint256 voteStart,
        uint256 voteEnd,
        string description
    );

    event ProposalCanceled(uint256 proposalId);

    event ProposalQueued(uint256 proposalId, uint256 etaSeconds);

    event ProposalExecuted(uint256 proposalId);

    function eip712Domain() external view
        returns (bytes1, string memory, string memory, uint256, address, bytes32, uint256[] memory);

    function timelock() external view returns (address);

    function updateTimelock(address newTimelock) external;

    function relay(address target, uint256 amount, bytes calldata data) external payable;

    function votingDelay() external view returns (uint256);

    function votingPeriod() external view returns (uint256);

    function proposalThreshold() external view returns (uint256);

    function lateQuorumVoteExtension() external view returns (uint48);

    function setVotingDelay(uint48 newVotingDelay) external;

    function setVotingPeriod(uint32 newVotingPeriod) external;

    function setProposalThreshold(uint256 newProposalThreshold) external;

    function setLateQuorumVoteExtension(uint48 newVoteExtension) external;

    function token() external view returns (address);

    function clock() external view returns (uint48);

    function CLOCK_MODE() external view returns (string memory);

    function getVotes(address account, uint256 timepoint) external view returns (uint256);

    function getVotesWithParams(
        address account,
        uint256 timepoint,
        bytes calldata params
    ) external view returns (uint256);

    function quorum(uint256 timepoint) external view returns (uint256);

    function quorumNumerator() external view returns (uint256);

    function quorumNumerator(uint256 timepoint) external view returns (uint256);

    function quorumDenominator() external view returns (uint256);

    function updateQuorumNumerator(uint256 newQuorumNumerator) external;

    function QUORUM_FLOOR_WEI() external view returns (uint256);

    function proposalSnapshot(uint256 proposalId) external view returns (uint256);

    function proposalDeadline(uint256 proposalId) external view returns (uint256);

    function proposalProposer(uint256 proposalId) external view returns (address);

    function proposalEta(uint256 proposalId) external view returns (uint256);

    function proposalVotes(uint256 proposalId) external view returns (uint256, uint256, uint256);

    function state(uint256 proposalId) external view returns (uint8);

    function proposalNeedsQueuing(uint256 proposalId) external view returns (bool);

    function code_digest(uint256 proposalId) external view returns (uint256);

    function code_digest_of(address[] calldata targets) external view returns (uint256);

    function BALLOT_TYPEHASH() external view returns (bytes32);

    function EXTENDED_BALLOT_TYPEHASH() external view returns (bytes32);

    function COUNTING_MODE() external pure returns (string memory);

    function nonces(address) external view returns (uint256);

    function hasVoted(uint256, address) external view returns (bool);

    function castVote(uint256 proposalId, uint8 support) external returns (uint256);

    function castVoteWithReason(uint256 proposalId, uint8 support, string calldata reason) external returns (uint256);

    function castVoteWithReasonAndParams(
        uint256 proposalId,
        uint8 support,
        string calldata reason,
        bytes calldata params
    ) external returns (uint256);

    function castVoteBySig(
        uint256 proposalId,
        uint8 support,
        address voter,
        bytes calldata signature
    ) external returns (uint256);

    function castVoteWithReasonAndParamsBySig(
        uint256 proposalId,
        uint8 support,
        address voter,
        string calldata reason,
        bytes calldata params,
        bytes calldata signature
    ) external returns (uint256);

    function onERC721Received(
        address operator,
        address sender,
        uint256 tokenId,
        bytes calldata data
    ) external returns (bytes4);

    function onERC1155Received(
        address operator,
        address sender,
        uint256 tokenId,
        uint256 amount,
        bytes calldata data
    ) external returns (bytes4);

    function onERC1155BatchReceived(
        address operator,
        address sender,
        uint256[] calldata tokenIds,
        uint256[] calldata amounts,
        bytes calldata data
    ) external returns (bytes4);

    /// Proposes calls for the timelock to make, and keeps the digest of the code that they go to.
    function propose(
        address[] calldata targets,
        uint256[] calldata values,
        bytes[] calldata calldatas,
        string calldata description
    ) external returns (uint256);

    /// Ends a proposal for ever: its proposer before the vote begins, the guardian until it is executed.
    function cancel(
        address[] calldata targets,
        uint256[] calldata values,
        bytes[] calldata calldatas,
        bytes32 descriptionHash
    ) external returns (uint256);

    /// Puts a proposal that has succeeded into the timelock.
    function queue(
        address[] calldata targets,
        uint256[] calldata values,
        bytes[] calldata calldatas,
        bytes32 descriptionHash
    ) external returns (uint256);

    /// Makes a queued proposal's calls from the timelock once its delay is over.
    function execute(
        address[] calldata targets,
        uint256[] calldata values,
        bytes[] calldata calldatas,
        bytes32 descriptionHash
    ) external payable returns (uint256);

    /// Names who may cancel proposals. Only by an executed proposal.
    function set_guardian(address new_guardian) external;

    /// The number that a proposal of this content has.
    function hashProposal(
        address[] calldata targets,
        uint256[] calldata values,
        bytes[] calldata calldatas,
        bytes32 descriptionHash
    ) external pure returns (uint256);

    /// As `hashProposal`.
    function getProposalId(
        address[] calldata targets,
        uint256[] calldata values,
        bytes[] calldata calldatas,
        bytes32 descriptionHash
    ) external view returns (uint256);

    /// Whether this contract has an interface (ERC-165).
    function supportsInterface(bytes4 interfaceId) external view returns (bool);

    function name() external view returns (string memory);

    function version() external view returns (string memory);

    function guardian() external view returns (address);
}
