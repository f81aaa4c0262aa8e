// SPDX-License-Identifier: Apache-2.0
// Written by `python -m integrations.generate` from contracts/DatanetRegistry.vy: change that, not this.
pragma solidity >=0.8.20;

interface IDatanetRegistry {
    struct Contribution {
        uint256 datanet_id;
        address contributor;
        uint256 byte_count;
        uint256 format;
        uint256 status;
        uint256 score;
        uint256 decided_at;
        uint256 withdrawn_at;
    }

    struct ContributorStats {
        uint256 accepted;
        uint256 rejected;
        uint256 score_sum;
    }

    struct Datanet {
        address owner;
        uint256 modality;
        uint256 formats;
        Terms terms;
        bool is_open;
        Limits limits;
        bytes32 metadata_digest;
        uint256 snapshot_version;
    }

    struct Limits {
        uint256 contributor_bytes_per_day;
        uint256 datanet_bytes_per_day;
        uint256 contributor_files_per_day;
        uint256 file_bytes;
    }

    struct Terms {
        uint256 committee_size;
        uint256 review_fee_wei;
        uint256 review_reward_wei;
    }

    event OwnershipTransferred(address indexed previous_owner, address indexed new_owner);

    event DatanetCreated(
        uint256 indexed datanet_id,
        address indexed owner,
        uint256 modality,
        uint256 formats,
        Terms terms,
        Limits limits,
        bytes32 metadata_digest
    );

    event DatanetOpened(uint256 indexed datanet_id, bool is_open);

    event LimitsChanged(uint256 indexed datanet_id, Limits limits);

    event CuratorSet(uint256 indexed datanet_id, address indexed curator, bool is_curator);

    event DatanetOwnerChanged(uint256 indexed datanet_id, address indexed previous_owner, address indexed new_owner);

    event SnapshotRecorded(
        uint256 indexed datanet_id,
        bytes32 indexed dataset_root,
        uint256 version,
        bytes32 manifest_digest,
        uint256 contribution_count
    );

    event DepositsChanged(
        uint256 indexed datanet_id,
        address indexed contributor,
        uint256 free_count,
        int256 amount_wei
    );

    event Committed(uint256 indexed contribution_id, address indexed contributor, bytes32 commitment);

    event CourtSet(address indexed court);

    event Contributed(
        uint256 indexed contribution_id,
        uint256 indexed datanet_id,
        address indexed contributor,
        bytes32 digest,
        uint256 codec,
        bytes32 canonical_hash,
        uint256 byte_count,
        uint256 format,
        uint256 commit_block
    );

    event Withdrawn(uint256 indexed contribution_id);

    event Resolved(
        uint256 indexed contribution_id,
        uint256 indexed datanet_id,
        address indexed contributor,
        bool is_accepted,
        uint256 score
    );

    event DepositLost(uint256 indexed contribution_id, address indexed contributor, uint256 amount_wei);

    function owner() external view returns (address);

    function transfer_ownership(address new_owner) external;

    function create_datanet(
        uint256 modality,
        uint256 formats,
        Terms calldata terms,
        Limits calldata limits,
        bytes32 metadata_digest
    ) external returns (uint256);

    function set_open(uint256 datanet_id, bool is_open) external;

    function set_limits(uint256 datanet_id, Limits calldata limits) external;

    function set_curator(uint256 datanet_id, address account, bool is_curator) external;

    function transfer_datanet(uint256 datanet_id, address new_owner) external;

    function datanet(uint256 datanet_id) external view returns (Datanet memory);

    function datanet_count() external view returns (uint256);

    function is_curator(uint256, address) external view returns (bool);

    function record_snapshot(
        uint256 datanet_id,
        bytes32 dataset_root,
        bytes32 manifest_digest,
        uint256 contribution_count
    ) external returns (uint256);

    function snapshot_datanet(bytes32) external view returns (uint256);

    function snapshot_version(uint256, bytes32) external view returns (uint256);

    function allowance_of(uint256 datanet_id, address contributor) external view returns (uint256, uint256, uint256);

    function OPEN_TOKEN() external view returns (address);

    function TREASURY() external view returns (address);

    function DEPOSIT_WEI() external view returns (uint256);

    function add_deposits(uint256 datanet_id, uint256 count) external;

    function withdraw_deposits(uint256 datanet_id, uint256 count) external;

    function free_deposits(uint256 datanet_id, address contributor) external view returns (uint256);

    function commit(bytes32 commitment) external returns (uint256);

    function commitment_of(
        address contributor,
        uint256 datanet_id,
        bytes32 digest,
        bytes32 canonical_hash,
        bytes32 salt
    ) external pure returns (bytes32);

    function contribution_count() external view returns (uint256);

    function contribution_by_canonical_hash(bytes32 canonical_hash) external view returns (uint256);

    function is_content(uint256 contribution_id, bytes32 digest, bytes32 canonical_hash) external view returns (bool);

    function contribution(uint256 contribution_id) external view returns (Contribution memory);

    function was_accepted(uint256 contribution_id, uint256 timepoint) external view returns (bool);

    function contributor_stats(uint256 datanet_id, address contributor) external view returns (ContributorStats memory);

    /// Names the contract that decides on contributions.
    function set_court(address court) external;

    /// Contributes the file that you committed to, at least one block and at most a day ago. Locks one deposit.
    function reveal(
        uint256 contribution_id,
        uint256 datanet_id,
        bytes32 digest,
        bytes32 canonical_hash,
        uint256 byte_count,
        uint256 format,
        bytes32 salt
    ) external;

    /// Takes your pending or accepted contribution out: it earns no more, ranks you no more, and later snapshots leave
    /// it out.
    function withdraw_contribution(uint256 contribution_id, bytes32 canonical_hash) external;

    /// Marks a pending contribution as under review, so that its deposit answers for it whatever its contributor does
    /// next.
    function begin_review(uint256 contribution_id) external;

    /// Decides on a contribution, once and for good; of one that was withdrawn under review, on its deposit alone.
    function resolve(
        uint256 contribution_id,
        bytes32 canonical_hash,
        bool is_accepted,
        uint256 score,
        bool is_abusive
    ) external;

    /// Frees the deposit of a contribution that was withdrawn under review and got no verdict for 90 days.
    function release_deposit(uint256 contribution_id) external;

    /// What the court asks for before it opens a review.
    function review_terms(
        uint256 contribution_id
    ) external view returns (uint256, address, uint256, uint256, Terms memory);

    function RELEASE_SECONDS() external view returns (uint256);

    function court() external view returns (address);
}
