// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Governor} from "@openzeppelin/contracts/governance/Governor.sol";
import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";
import {GovernorCountingSimple} from "@openzeppelin/contracts/governance/extensions/GovernorCountingSimple.sol";
import {
    GovernorPreventLateQuorum
} from "@openzeppelin/contracts/governance/extensions/GovernorPreventLateQuorum.sol";
import {
    GovernorProposalGuardian
} from "@openzeppelin/contracts/governance/extensions/GovernorProposalGuardian.sol";
import {GovernorSettings} from "@openzeppelin/contracts/governance/extensions/GovernorSettings.sol";
import {GovernorTimelockControl} from "@openzeppelin/contracts/governance/extensions/GovernorTimelockControl.sol";
import {GovernorVotes} from "@openzeppelin/contracts/governance/extensions/GovernorVotes.sol";
import {
    GovernorVotesQuorumFraction
} from "@openzeppelin/contracts/governance/extensions/GovernorVotesQuorumFraction.sol";
import {IVotes} from "@openzeppelin/contracts/governance/utils/IVotes.sol";

/// What a proposal calls.
contract Box {
    uint256 public value;

    function store(uint256 newValue) external {
        value = newValue;
    }
}

/// OpenZeppelin's governor as its wizard makes it, with a timelock: what the gas table compares with.
contract OzGovernor is
    Governor,
    GovernorSettings,
    GovernorCountingSimple,
    GovernorVotes,
    GovernorVotesQuorumFraction,
    GovernorTimelockControl
{
    constructor(
        IVotes token,
        TimelockController timelock,
        uint48 delay,
        uint32 period,
        uint256 threshold,
        uint256 quorumNumerator
    )
        Governor("OpenLedger OpenGovernor")
        GovernorSettings(delay, period, threshold)
        GovernorVotes(token)
        GovernorVotesQuorumFraction(quorumNumerator)
        GovernorTimelockControl(timelock)
    {}

    function state(uint256 proposalId)
        public
        view
        virtual
        override(Governor, GovernorTimelockControl)
        returns (ProposalState)
    {
        return super.state(proposalId);
    }

    function proposalNeedsQueuing(uint256 proposalId)
        public
        view
        virtual
        override(Governor, GovernorTimelockControl)
        returns (bool)
    {
        return super.proposalNeedsQueuing(proposalId);
    }

    function proposalThreshold() public view virtual override(Governor, GovernorSettings) returns (uint256) {
        return super.proposalThreshold();
    }

    function _queueOperations(
        uint256 id,
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory data,
        bytes32 text
    )
        internal
        virtual
        override(Governor, GovernorTimelockControl)
        returns (uint48)
    {
        return super._queueOperations(id, targets, values, data, text);
    }

    function _executeOperations(
        uint256 id,
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory data,
        bytes32 text
    ) internal virtual override(Governor, GovernorTimelockControl) {
        super._executeOperations(id, targets, values, data, text);
    }

    function _cancel(address[] memory targets, uint256[] memory values, bytes[] memory data, bytes32 text)
        internal
        virtual
        override(Governor, GovernorTimelockControl)
        returns (uint256)
    {
        return super._cancel(targets, values, data, text);
    }

    function _executor() internal view virtual override(Governor, GovernorTimelockControl) returns (address) {
        return super._executor();
    }
}

/// The same with the late-quorum extension and an absolute floor under the quorum, as ours has them: what the
/// differential runs compare with.
contract OzLateGovernor is OzGovernor, GovernorPreventLateQuorum {
    uint256 private immutable _floor;

    constructor(
        IVotes token,
        TimelockController timelock,
        uint48 delay,
        uint32 period,
        uint256 threshold,
        uint256 quorumNumerator,
        uint256 floor,
        uint48 extension
    )
        OzGovernor(token, timelock, delay, period, threshold, quorumNumerator)
        GovernorPreventLateQuorum(extension)
    {
        _floor = floor;
    }

    function quorum(uint256 timepoint)
        public
        view
        virtual override(Governor, GovernorVotesQuorumFraction)
        returns (uint256)
    {
        uint256 fraction = super.quorum(timepoint);
        return fraction < _floor ? _floor : fraction;
    }

    function state(uint256 proposalId) public view virtual override(Governor, OzGovernor) returns (ProposalState) {
        return OzGovernor.state(proposalId);
    }

    function proposalNeedsQueuing(uint256 id) public view virtual override(Governor, OzGovernor) returns (bool) {
        return OzGovernor.proposalNeedsQueuing(id);
    }

    function proposalThreshold() public view virtual override(Governor, OzGovernor) returns (uint256) {
        return OzGovernor.proposalThreshold();
    }

    function proposalDeadline(uint256 proposalId)
        public
        view
        virtual override(Governor, GovernorPreventLateQuorum)
        returns (uint256)
    {
        return super.proposalDeadline(proposalId);
    }

    function _tallyUpdated(uint256 proposalId) internal virtual override(Governor, GovernorPreventLateQuorum) {
        super._tallyUpdated(proposalId);
    }

    function _queueOperations(
        uint256 id,
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory data,
        bytes32 text
    )
        internal
        virtual override(Governor, OzGovernor)
        returns (uint48)
    {
        return OzGovernor._queueOperations(id, targets, values, data, text);
    }

    function _executeOperations(
        uint256 id,
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory data,
        bytes32 text
    ) internal virtual override(Governor, OzGovernor) {
        OzGovernor._executeOperations(id, targets, values, data, text);
    }

    function _cancel(address[] memory targets, uint256[] memory values, bytes[] memory data, bytes32 text)
        internal
        virtual override(Governor, OzGovernor)
        returns (uint256)
    {
        return OzGovernor._cancel(targets, values, data, text);
    }

    function _executor() internal view virtual override(Governor, OzGovernor) returns (address) {
        return OzGovernor._executor();
    }
}

/// The same with OpenZeppelin's guardian, who may cancel at any time.
contract OzGuardedGovernor is OzLateGovernor, GovernorProposalGuardian {
    constructor(
        IVotes token,
        TimelockController timelock,
        address guardian,
        uint48 delay,
        uint32 period,
        uint256 threshold,
        uint256 quorumNumerator,
        uint256 floor,
        uint48 extension
    ) OzLateGovernor(token, timelock, delay, period, threshold, quorumNumerator, floor, extension) {
        _setProposalGuardian(guardian);
    }

    function _validateCancel(uint256 proposalId, address caller)
        internal
        view
        override(Governor, GovernorProposalGuardian)
        returns (bool)
    {
        return super._validateCancel(proposalId, caller);
    }

    function state(uint256 proposalId) public view override(Governor, OzLateGovernor) returns (ProposalState) {
        return OzLateGovernor.state(proposalId);
    }

    function quorum(uint256 timepoint) public view override(Governor, OzLateGovernor) returns (uint256) {
        return OzLateGovernor.quorum(timepoint);
    }

    function proposalNeedsQueuing(uint256 id) public view override(Governor, OzLateGovernor) returns (bool) {
        return OzLateGovernor.proposalNeedsQueuing(id);
    }

    function proposalThreshold() public view override(Governor, OzLateGovernor) returns (uint256) {
        return OzLateGovernor.proposalThreshold();
    }

    function proposalDeadline(uint256 proposalId)
        public
        view
        override(Governor, OzLateGovernor)
        returns (uint256)
    {
        return OzLateGovernor.proposalDeadline(proposalId);
    }

    function _tallyUpdated(uint256 proposalId) internal override(Governor, OzLateGovernor) {
        OzLateGovernor._tallyUpdated(proposalId);
    }

    function _queueOperations(
        uint256 id,
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory data,
        bytes32 text
    )
        internal
        override(Governor, OzLateGovernor)
        returns (uint48)
    {
        return OzLateGovernor._queueOperations(id, targets, values, data, text);
    }

    function _executeOperations(
        uint256 id,
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory data,
        bytes32 text
    ) internal override(Governor, OzLateGovernor) {
        OzLateGovernor._executeOperations(id, targets, values, data, text);
    }

    function _cancel(address[] memory targets, uint256[] memory values, bytes[] memory data, bytes32 text)
        internal
        override(Governor, OzLateGovernor)
        returns (uint256)
    {
        return OzLateGovernor._cancel(targets, values, data, text);
    }

    function _executor() internal view override(Governor, OzLateGovernor) returns (address) {
        return OzLateGovernor._executor();
    }
}
