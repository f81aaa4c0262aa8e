// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

import {IDatanetRegistry} from "./interfaces/IDatanetRegistry.sol";
import {IRewardDistributor} from "./interfaces/IRewardDistributor.sol";

/// @title An example for integrators: check on chain what a contribution earned, and for which answer
/// @notice Whoever holds the proofs that the oracle publishes shows two things: that a final reward root gives an
///         account an amount, and that a contribution of that account influenced an answer that was paid for. Other
///         contracts can build on the answer, to lend against earnings, say, or to pay a prize for being of use.
/// @dev It holds nothing and trusts nobody but the two contracts that it names: each proof is checked by them, and each
///      leaf binds chain and distributor, so that a proof from elsewhere does not pass.
contract RewardAuditor {
    struct RewardProof {
        uint256 rewardEpoch;
        address account;
        uint256 cumulativeWei;
        uint256 index;
        bytes32[] proof;
    }

    struct AttributionProof {
        IRewardDistributor.ReceiptLeaf receipt;
        uint256 receiptIndex;
        bytes32[] receiptProof;
        uint256 contributionId;
        int256 sharePpm;
        uint256 shareIndex;
        bytes32[] shareProof;
    }

    // members of IRewardDistributor.RootStatus and IDatanetRegistry.Status: Vyper's flags are numbers in the ABI
    uint256 public constant ROOT_FINAL = 4;
    uint256 public constant CONTRIBUTION_ACCEPTED = 2;

    IRewardDistributor public immutable distributor;
    IDatanetRegistry public immutable registry;

    event Audited(
        address indexed account,
        uint256 indexed contributionId,
        uint256 indexed rewardEpoch,
        bytes32 receiptId,
        int256 sharePpm,
        uint256 cumulativeWei
    );

    error NotFinal(uint256 rewardEpoch);
    error NotInRewards(uint256 rewardEpoch, address account);
    error NotInAttribution(uint256 rewardEpoch, uint256 contributionId);
    error NotTheContributor(uint256 contributionId, address account);
    error NotAccepted(uint256 contributionId);

    constructor(IRewardDistributor distributor_, IDatanetRegistry registry_) {
        distributor = distributor_;
        registry = registry_;
    }

    /// @notice Whether a root gives an account this amount, and can no longer be challenged.
    function isReward(RewardProof calldata reward) public view returns (bool) {
        return distributor.root(reward.rewardEpoch).status == ROOT_FINAL
            && distributor.verify_reward(
                reward.rewardEpoch, reward.account, reward.cumulativeWei, reward.index, reward.proof
            );
    }

    /// @notice Whether the oracle found that a contribution influenced an answer by so many parts per million.
    function isAttribution(uint256 rewardEpoch, AttributionProof calldata attribution) public view returns (bool) {
        return distributor.verify_attribution(
            rewardEpoch,
            attribution.receipt,
            attribution.receiptIndex,
            attribution.receiptProof,
            attribution.contributionId,
            attribution.sharePpm,
            attribution.shareIndex,
            attribution.shareProof
        );
    }

    /// @notice Records in an event that an account's contribution earned for an answer; reverts if any of it is false.
    function audit(RewardProof calldata reward, AttributionProof calldata attribution) external {
        uint256 rewardEpoch = reward.rewardEpoch;
        if (distributor.root(rewardEpoch).status != ROOT_FINAL) revert NotFinal(rewardEpoch);
        if (!isReward(reward)) revert NotInRewards(rewardEpoch, reward.account);
        uint256 contributionId = attribution.contributionId;
        if (!isAttribution(rewardEpoch, attribution)) revert NotInAttribution(rewardEpoch, contributionId);
        IDatanetRegistry.Contribution memory contribution = registry.contribution(contributionId);
        if (contribution.contributor != reward.account) revert NotTheContributor(contributionId, reward.account);
        if (contribution.status != CONTRIBUTION_ACCEPTED) revert NotAccepted(contributionId);
        emit Audited(
            reward.account,
            contributionId,
            rewardEpoch,
            attribution.receipt.receipt_id,
            attribution.sharePpm,
            reward.cumulativeWei
        );
    }
}
