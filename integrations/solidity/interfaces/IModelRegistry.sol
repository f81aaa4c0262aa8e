// SPDX-License-Identifier: Apache-2.0
// Written by `python -m integrations.generate` from contracts/ModelRegistry.vy: change that, not this.
pragma solidity >=0.8.20;

interface IModelRegistry {
    struct Adapter {
        address owner;
        uint256 base_id;
        uint256 parent_id;
        bytes32 weights_digest;
        bytes32 manifest_digest;
        uint256 royalty_bps;
        uint256 input_price_wei_per_1k;
        uint256 output_price_wei_per_1k;
        bool is_active;
    }

    struct BaseModel {
        address owner;
        bytes32 weights_digest;
        bytes32 manifest_digest;
        bytes32 licence_digest;
    }

    event BaseRegistered(
        uint256 indexed base_id,
        address indexed owner,
        bytes32 weights_digest,
        bytes32 manifest_digest,
        bytes32 licence_digest
    );

    event AdapterRegistered(
        uint256 indexed adapter_id,
        address indexed owner,
        uint256 indexed base_id,
        uint256 parent_id,
        bytes32 weights_digest,
        bytes32 manifest_digest,
        uint256 royalty_bps,
        bytes32 licence_digest,
        bytes32[] dataset_roots
    );

    event PriceSet(uint256 indexed adapter_id, uint256 input_price_wei_per_1k, uint256 output_price_wei_per_1k);

    event OperatorSet(uint256 indexed adapter_id, address indexed operator, bool is_operator);

    event AdapterActivated(uint256 indexed adapter_id, bool is_active);

    event AdapterDeprecated(uint256 indexed adapter_id, uint256 successor_id);

    event AdapterOwnerChanged(uint256 indexed adapter_id, address indexed previous_owner, address indexed new_owner);

    /// Registers a base model for adapters to build on.
    function register_base(
        bytes32 weights_digest,
        bytes32 manifest_digest,
        bytes32 licence_digest
    ) external returns (uint256);

    /// Registers an adapter that you own and operate; it is active at once.
    function register_adapter(
        uint256 base_id,
        uint256 parent_id,
        bytes32 weights_digest,
        bytes32 manifest_digest,
        bytes32 licence_digest,
        bytes32[] calldata dataset_roots,
        uint256 royalty_bps,
        uint256 input_price_wei_per_1k,
        uint256 output_price_wei_per_1k
    ) external returns (uint256);

    /// Sets what your adapter's answers cost from now on.
    function set_price(uint256 adapter_id, uint256 input_price_wei_per_1k, uint256 output_price_wei_per_1k) external;

    /// Allows or forbids an account to serve your adapter and redeem its vouchers.
    function set_operator(uint256 adapter_id, address operator, bool is_operator) external;

    /// Puts your adapter on sale or takes it off.
    function set_active(uint256 adapter_id, bool is_active) external;

    /// Tells the users of your adapter to move on, to a successor if there is one. Calling again names another.
    function deprecate(uint256 adapter_id, uint256 successor_id) external;

    /// Gives your adapter, with what it will earn, to another owner, at once and for good.
    function transfer_adapter(uint256 adapter_id, address new_owner) external;

    /// A base model.
    function base(uint256 base_id) external view returns (BaseModel memory);

    /// An adapter.
    function adapter(uint256 adapter_id) external view returns (Adapter memory);

    /// The dataset roots that an adapter was trained on.
    function dataset_roots(uint256 adapter_id) external view returns (bytes32[] memory);

    /// The licence that an adapter was registered under.
    function licence_of(uint256 adapter_id) external view returns (bytes32);

    /// Whether an adapter's owner has told its users to move on.
    function is_deprecated(uint256 adapter_id) external view returns (bool);

    /// The adapter that a deprecated adapter's owner names in its place.
    function successor_of(uint256 adapter_id) external view returns (uint256);

    /// Whether `account` may serve an adapter and redeem its vouchers.
    function is_operator(uint256 adapter_id, address account) external view returns (bool);

    /// Who shares the owner part of an adapter's fees: its owner, then the owners of its ancestors.
    function payees(uint256 adapter_id) external view returns (address[] memory, uint256[] memory);

    /// What an answer costs.
    function quote(uint256 adapter_id, uint256 input_tokens, uint256 output_tokens) external view returns (uint256);

    function MAX_ROYALTY_BPS() external view returns (uint256);

    function DATANET_REGISTRY() external view returns (address);

    function base_count() external view returns (uint256);

    function adapter_count() external view returns (uint256);
}
