// SPDX-License-Identifier: Apache-2.0
// Written by `python -m integrations.generate` from contracts/RewardDistributor.vy: change that, not this.
pragma solidity >=0.8.20;

interface IRewardDistributor {
    struct ProvenLeaf {
        address account;
        uint256 cumulative_wei;
        uint256 index;
        bytes32[] proof;
    }

    struct ReceiptLeaf {
        bytes32 receipt_id;
        bytes32 adapter_digest;
        bytes32 answer_hash;
        uint256 fee_wei;
        bytes32 shares_root;
    }

    struct RootPost {
        uint256 reward_epoch;
        uint256 attempt;
        bytes32 previous_root;
        bytes32 root;
        uint256 total_wei;
        uint256 leaf_count;
        bytes32 evidence_digest;
        bytes32 evidence_chunk_root;
        uint256 evidence_chunk_count;
        bytes32 attribution_root;
    }

    struct RootRecord {
        bytes32 root;
        uint256 total_wei;
        uint256 leaf_count;
        bytes32 evidence_digest;
        bytes32 attribution_root;
        uint256 previous_epoch;
        uint256 posted_at;
        uint256 attempt;
        uint256 status;
        address poster;
        bytes32 evidence_chunk_root;
        uint256 evidence_chunk_count;
        uint256 hold_count;
    }

    event OwnershipTransferred(address indexed previous_owner, address indexed new_owner);

    event RecoverySet(address indexed account, address indexed recipient);

    event Accrued(uint256 indexed reward_epoch, uint256 amount_wei, uint256 cumulative_wei);

    event RootPosted(
        uint256 indexed reward_epoch,
        uint256 indexed attempt,
        address indexed poster,
        bytes32 root,
        uint256 total_wei,
        uint256 leaf_count,
        bytes32 evidence_digest,
        bytes32 evidence_chunk_root,
        uint256 evidence_chunk_count,
        bytes32 attribution_root,
        uint256 previous_epoch
    );

    event RootChallenged(
        uint256 indexed reward_epoch,
        uint256 indexed attempt,
        address indexed challenger,
        uint256 bond_wei,
        bytes32 reason_digest
    );

    event RootVoided(uint256 indexed reward_epoch, uint256 indexed attempt, bytes32 root);

    event RootBondLost(
        uint256 indexed reward_epoch,
        uint256 indexed attempt,
        address indexed recipient,
        uint256 burned_wei,
        uint256 recipient_wei
    );

    event RootBondReturned(
        uint256 indexed reward_epoch,
        uint256 indexed attempt,
        address indexed poster,
        uint256 amount_wei
    );

    event BondReturned(address indexed challenger, uint256 amount_wei);

    event HoldsChanged(uint256 indexed reward_epoch, uint256 indexed attempt, uint256 hold_count);

    event ChallengeRejected(
        uint256 indexed reward_epoch,
        uint256 indexed attempt,
        uint256 burned_wei,
        uint256 treasury_wei
    );

    event SignersSet(address[] signers, uint256 threshold);

    event AccruerSet(address indexed accruer);

    event DisputesSet(address indexed disputes);

    event RootFinalized(uint256 indexed reward_epoch, bytes32 root, uint256 total_wei, uint256 remainder_wei);

    event Claimed(address indexed account, uint256 indexed reward_epoch, uint256 amount_wei, uint256 cumulative_wei);

    function owner() external view returns (address);

    function transfer_ownership(address new_owner) external;

    function eip712Domain() external view
        returns (bytes1, string memory, string memory, uint256, address, bytes32, uint256[] memory);

    function accrued(uint256 reward_epoch) external view returns (uint256);

    function claimed(address account) external view returns (uint256);

    function recovery(address account) external view returns (address);

    function set_recovery(address recipient) external;

    function signers() external view returns (address[] memory);

    function threshold() external view returns (uint256);

    function root_digest(RootPost calldata post) external view returns (bytes32);

    function GENESIS() external view returns (uint256);

    function EPOCH_SECONDS() external view returns (uint256);

    function current_epoch() external view returns (uint256);

    function epoch_end(uint256 reward_epoch) external view returns (uint256);

    function root(uint256 reward_epoch) external view returns (RootRecord memory);

    function last_posted_epoch() external view returns (uint256);

    function last_final_epoch() external view returns (uint256);

    function verify_reward(
        uint256 reward_epoch,
        address account,
        uint256 cumulative_wei,
        uint256 index,
        bytes32[] calldata proof
    ) external view returns (bool);

    function verify_attribution(
        uint256 reward_epoch,
        ReceiptLeaf calldata receipt,
        uint256 receipt_index,
        bytes32[] calldata receipt_proof,
        uint256 contribution_id,
        int256 share_ppm,
        uint256 share_index,
        bytes32[] calldata share_proof
    ) external view returns (bool);

    /// Books contributors' parts for the present reward epoch; the accruer has transferred them before.
    function accrue(uint256 amount_wei) external returns (uint256);

    /// Posts the root of a reward epoch that has ended, signed by enough oracle signers. Anyone may send it, with the
    /// bond behind it. Approve this contract first.
    function post_root(RootPost calldata post, bytes[] calldata signatures) external;

    /// Puts your bond against a root in its window and freezes it, and every later one, until it is resolved. Approve
    /// this contract first.
    function challenge(uint256 reward_epoch, bytes32 reason_digest) external;

    /// Makes a challenged root void which the owner did not resolve in time. Anyone may call it.
    function void_expired(uint256 reward_epoch) external;

    /// Pays back your bonds on roots that became void, and forgets those that were lost. Pays nothing where there is
    /// nothing.
    function withdraw_bond() external returns (uint256);

    /// Makes a root void that was proven false, with every later one, and gives half of its bond to the prover.
    function void_proven(uint256 reward_epoch, address prover) external;

    /// Keeps a root from becoming final while somebody waits for a part of its evidence.
    function hold(uint256 reward_epoch) external;

    /// Ends one hold.
    function release(uint256 reward_epoch) external;

    /// Decides a challenge: the root is void, with every later one, and its poster's bond is lost; or it stands, and
    /// every bond against it is lost.
    function resolve_challenge(uint256 reward_epoch, bool is_void) external;

    /// Replaces the oracle's signers.
    function set_signers(address[] calldata signers, uint256 threshold) external;

    /// Names the contract that books contributors' parts: InferencePayments.
    function set_accruer(address accruer) external;

    /// Names the contract that proves roots false: RootDisputes.
    function set_disputes(address disputes) external;

    /// Makes the oldest pending root final once its window is over, and opens it to claims. Anyone may call it.
    function finalize(uint256 reward_epoch) external;

    /// Pays an account what the last final root gives it and it has not had yet. Anyone may call it; only the account
    /// is paid, or the recovery address that it named.
    function claim(
        address account,
        uint256 cumulative_wei,
        uint256 index,
        bytes32[] calldata proof
    ) external returns (uint256);

    /// Pays several accounts as `claim` does, each with its own leaf.
    function claim_many(ProvenLeaf[] calldata leaves) external returns (uint256);

    /// What this contract holds for others: accrued and not final, final and not claimed, and bonds.
    function owed_wei() external view returns (uint256);

    function OPEN_TOKEN() external view returns (address);

    function TREASURY() external view returns (address);

    function CHALLENGE_WINDOW_SECONDS() external view returns (uint256);

    function RESOLUTION_SECONDS() external view returns (uint256);

    function CHALLENGE_BOND_WEI() external view returns (uint256);

    function ROOT_BOND_WEI() external view returns (uint256);

    function accruer() external view returns (address);

    function disputes() external view returns (address);
}
