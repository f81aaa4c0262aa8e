// SPDX-License-Identifier: Apache-2.0
// Written by `python -m integrations.generate` from contracts/RootDisputes.vy: change that, not this.
pragma solidity >=0.8.20;

interface IRootDisputes {
    struct Demand {
        address demander;
        uint256 deadline;
        bool is_answered;
    }

    struct PlacedNode {
        bytes32 node;
        uint256 index;
        bytes32[] proof;
    }

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

    event RootDisproved(uint256 indexed reward_epoch, uint256 indexed attempt, address indexed prover, uint256 fault);

    event ChunkDemanded(
        uint256 indexed reward_epoch,
        uint256 indexed chunk_index,
        address indexed demander,
        uint256 attempt,
        uint256 bond_wei,
        uint256 deadline
    );

    event DemandAnswered(
        uint256 indexed reward_epoch,
        uint256 indexed chunk_index,
        address indexed answerer,
        uint256 attempt,
        uint256 bond_wei,
        bytes chunk
    );

    event DemandSettled(
        uint256 indexed reward_epoch,
        uint256 indexed chunk_index,
        address indexed recipient,
        uint256 attempt,
        uint256 bond_wei
    );

    /// Makes a root void in whose tree a node's sum is not the sum of its children, or which has an inner node where a
    /// leaf belongs.
    function prove_sum(uint256 reward_epoch, PlacedNode calldata parent, bytes32 left, bytes32 right) external;

    /// Makes a root void in whose tree a leaf's sum is not its amount, or which has a leaf above the others.
    function prove_leaf(
        uint256 reward_epoch,
        PlacedNode calldata leaf,
        address account,
        uint256 cumulative_wei
    ) external;

    /// Makes a root void with something beyond its last leaf, or with nothing where a leaf belongs.
    function prove_leaf_count(uint256 reward_epoch, PlacedNode calldata node) external;

    /// Makes a root void whose accounts do not strictly ascend: out of order, or one of them twice.
    function prove_order(uint256 reward_epoch, ProvenLeaf calldata left, ProvenLeaf calldata right) external;

    /// Makes a root void that gives an account less than the root it builds on did, or nothing.
    function prove_fallen(uint256 reward_epoch, ProvenLeaf calldata before, ProvenLeaf[] calldata shown) external;

    /// Makes a root void that finds influence in a contribution which was not accepted when its reward epoch ended.
    function prove_contribution(
        uint256 reward_epoch,
        ReceiptLeaf calldata receipt,
        uint256 receipt_index,
        bytes32[] calldata receipt_proof,
        uint256 contribution_id,
        int256 share_ppm,
        uint256 share_index,
        bytes32[] calldata share_proof
    ) external;

    /// Puts your bond down for a chunk of a root's evidence that nobody gives you, and holds the root until it is
    /// shown. Approve this contract first.
    function demand_chunk(uint256 reward_epoch, uint256 chunk_index) external;

    /// Shows a demanded chunk to everyone, in the event, and gets the demander's bond. Anyone may.
    function answer_demand(
        uint256 reward_epoch,
        uint256 chunk_index,
        bytes calldata chunk,
        bytes32[] calldata proof
    ) external;

    /// Makes a root void whose evidence was demanded and not shown in time. Anyone may call it; the demander gets the
    /// bond back, and the prover's half of the poster's.
    function void_unanswered(uint256 reward_epoch, uint256 chunk_index) external;

    /// Pays out the bond of an open demand whose root is pending no longer: back to the demander where the root is
    /// void, to the treasury where it became final. Anyone may call it.
    function settle_demand(uint256 reward_epoch, uint256 attempt, uint256 chunk_index) external;

    /// The demand for a chunk of a root's evidence.
    function demand(uint256 reward_epoch, uint256 attempt, uint256 chunk_index) external view returns (Demand memory);

    function OPEN_TOKEN() external view returns (address);

    function DISTRIBUTOR() external view returns (address);

    function DATANET_REGISTRY() external view returns (address);

    function TREASURY() external view returns (address);

    function DEMAND_BOND_WEI() external view returns (uint256);

    function ANSWER_SECONDS() external view returns (uint256);
}
