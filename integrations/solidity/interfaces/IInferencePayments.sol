// SPDX-License-Identifier: Apache-2.0
// Written by `python -m integrations.generate` from contracts/InferencePayments.vy: change that, not this.
pragma solidity >=0.8.20;

interface IInferencePayments {
    struct Redemption {
        address payer;
        uint256 cumulative_wei;
        uint256 expiry;
        uint256 due_wei;
        bytes32 r;
        bytes32 vs;
    }

    struct Split {
        uint256 owner_bps;
        uint256 contributors_bps;
        uint256 stakers_bps;
        uint256 treasury_bps;
        uint256 burn_bps;
    }

    struct Voucher {
        address payer;
        address operator;
        uint256 adapter_id;
        uint256 cumulative_wei;
        uint256 expiry;
    }

    event OwnershipTransferred(address indexed previous_owner, address indexed new_owner);

    event SplitChanged(Split split);

    event Deposited(address indexed payer, address indexed sender, uint256 amount_wei);

    event WithdrawalRequested(address indexed payer, uint256 amount_wei, uint256 ready_at);

    event Withdrawn(address indexed payer, uint256 amount_wei);

    event VoucherRedeemed(
        address indexed payer,
        address indexed operator,
        uint256 indexed adapter_id,
        uint256 due_wei,
        uint256 amount_wei,
        uint256 contributors_wei,
        uint256 reward_epoch
    );

    event OwnerCredited(address indexed account, uint256 indexed adapter_id, uint256 amount_wei);

    event FeeSplit(
        uint256 indexed reward_epoch,
        uint256 amount_wei,
        uint256 owner_wei,
        uint256 contributors_wei,
        uint256 stakers_wei,
        uint256 treasury_wei,
        uint256 burn_wei
    );

    event EarningsPaid(address indexed account, uint256 amount_wei);

    function owner() external view returns (address);

    function transfer_ownership(address new_owner) external;

    function eip712Domain() external view
        returns (bytes1, string memory, string memory, uint256, address, bytes32, uint256[] memory);

    function OPEN_TOKEN() external view returns (address);

    function WITHDRAWAL_DELAY_SECONDS() external view returns (uint256);

    function deposit(address payer, uint256 amount_wei) external;

    function request_withdrawal(uint256 amount_wei) external;

    function withdraw() external returns (uint256);

    function balance_of(address payer) external view returns (uint256);

    function withdrawal_of(address payer) external view returns (uint256, uint256);

    function available(address payer) external view returns (uint256);

    /// Takes what is due on vouchers for one adapter that name you as operator, and pays every part of the fees to its
    /// owners.
    function redeem(uint256 adapter_id, Redemption[] calldata redemptions) external;

    /// Pays an adapter owner everything earned so far. Anyone may call it; only the account is paid.
    function pay_earnings(address account) external returns (uint256);

    /// Changes how fees are split from the next redemption on.
    function set_split(Split calldata split) external;

    /// What an operator has redeemed from a payer for an adapter so far.
    function redeemed_of(address payer, address operator, uint256 adapter_id) external view returns (uint256);

    /// What `pay_earnings` would pay now.
    function earnings_of(address account) external view returns (uint256);

    /// How a fee redeemed now is split.
    function split() external view returns (Split memory);

    /// What the payer signs (EIP-712, on this chain, for this contract).
    function voucher_digest(Voucher calldata voucher) external view returns (bytes32);

    function MODEL_REGISTRY() external view returns (address);

    function STAKED_OPEN() external view returns (address);

    function DISTRIBUTOR() external view returns (address);

    function TREASURY() external view returns (address);
}
