// SPDX-License-Identifier: Apache-2.0
// Written by `python -m integrations.generate` from contracts/StakedOpen.vy: change that, not this.
pragma solidity >=0.8.20;

interface IStakedOpen {
    struct Checkpoint208 {
        uint48 _key;
        uint208 _value;
    }

    event DelegateVotesChanged(address indexed delegate, uint256 previousVotes, uint256 newVotes);

    event DelegateChanged(address indexed delegator, address indexed fromDelegate, address indexed toDelegate);

    event Transfer(address indexed sender, address indexed receiver, uint256 amount);

    event Staked(address indexed account, uint256 amount_wei);

    event ExitRequested(address indexed account, uint256 amount_wei, uint256 ready_at);

    event ExitCancelled(address indexed account, uint256 amount_wei);

    event Withdrawn(address indexed account, uint256 amount_wei);

    event RewardPaid(address indexed account, uint256 amount_wei);

    event RewardAdded(address indexed payer, uint256 amount_wei);

    function eip712Domain() external view
        returns (bytes1, string memory, string memory, uint256, address, bytes32, uint256[] memory);

    function delegate(address delegatee) external;

    function delegateBySig(address delegatee, uint256 nonce, uint256 expiry, uint8 v, bytes32 r, bytes32 s) external;

    function delegates(address) external view returns (address);

    function nonces(address) external view returns (uint256);

    function getVotes(address account) external view returns (uint256);

    function getPastVotes(address account, uint256 timepoint) external view returns (uint256);

    function getPastTotalSupply(uint256 timepoint) external view returns (uint256);

    function numCheckpoints(address account) external view returns (uint32);

    function checkpoints(address account, uint32 pos) external view returns (Checkpoint208 memory);

    function clock() external view returns (uint48);

    function CLOCK_MODE() external pure returns (string memory);

    /// Stakes your OPEN and mints as much gOPEN; approve this contract first.
    function stake(uint256 amount_wei) external;

    /// Stakes your OPEN as `stake` does, with a permit (EIP-2612) of `amount_wei` to this contract in place of an
    /// earlier approval.
    function stake_with_permit(uint256 amount_wei, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external;

    /// Burns your gOPEN, which ends its votes and earnings now, and queues the OPEN to be withdrawn after the cooldown.
    function request_exit(uint256 amount_wei) external;

    /// Stakes again all that you have queued to leave.
    function cancel_exit() external;

    /// Pays your queued OPEN once its cooldown is over.
    function withdraw() external returns (uint256);

    /// Pays the rewards you have earned; leaves your stake as it is. Pays nothing where nothing is earned.
    function claim_reward() external returns (uint256);

    /// Shares your OPEN among all stakers by stake; approve this contract first.
    function add_reward(uint256 amount_wei) external;

    /// What `claim_reward` would pay now.
    function earned(address account) external view returns (uint256);

    /// Rewards that wait for the next `add_reward`, because too little was staked or a division left them over.
    function held_reward() external view returns (uint256);

    /// What `account` has queued to leave, and when it can be withdrawn.
    function exit_of(address account) external view returns (uint256, uint256);

    /// The gOPEN of `account`: its stake, without what is queued to leave.
    function balanceOf(address account) external view returns (uint256);

    /// All gOPEN: everything that is staked now.
    function totalSupply() external view returns (uint256);

    /// Whether this contract has an interface (ERC-165).
    function supportsInterface(bytes4 interface_id) external view returns (bool);

    function name() external view returns (string memory);

    function symbol() external view returns (string memory);

    function decimals() external view returns (uint8);

    function MAX_COOLDOWN_SECONDS() external view returns (uint256);

    function OPEN_TOKEN() external view returns (address);

    function EXIT_COOLDOWN_SECONDS() external view returns (uint256);
}
