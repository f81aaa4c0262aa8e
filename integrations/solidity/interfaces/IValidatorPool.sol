// SPDX-License-Identifier: Apache-2.0
// Written by `python -m integrations.generate` from contracts/ValidatorPool.vy: change that, not this.
pragma solidity >=0.8.20;

interface IValidatorPool {
    event OwnershipTransferred(address indexed previous_owner, address indexed new_owner);

    event CourtSet(address indexed court);

    event Joined(
        address indexed validator,
        uint256 indexed modality,
        uint256 first_seat_id,
        uint256 seat_count,
        uint256 amount_wei
    );

    event Left(address indexed validator, uint256[] seat_ids, uint256 amount_wei, uint256 ready_at);

    event StakeWithdrawn(address indexed validator, uint256 amount_wei);

    event StakeAdded(address indexed validator, uint256 amount_wei);

    event StakePenalized(address indexed validator, uint256 amount_wei);

    event Evicted(address indexed validator, uint256 indexed seat_id, uint256 amount_wei, uint256 ready_at);

    function owner() external view returns (address);

    function transfer_ownership(address new_owner) external;

    /// Names the contract that may take penalties from stakes.
    function set_court(address court) external;

    /// Takes seats for your OPEN, SEAT_WEI each; approve this contract first.
    function join(uint256 modality, uint256 seat_count) external returns (uint256);

    /// Gives up seats for good. They are drawn no more; the stake that your other seats do not need can be withdrawn
    /// after the cooldown, which starts anew for all that is leaving.
    function leave(uint256[] calldata seat_ids) external;

    /// Pays the stake of seats that you gave up, once the cooldown is over.
    function withdraw() external returns (uint256);

    /// Adds to your stake what penalties took, so that nobody evicts you; approve this contract first.
    function top_up(uint256 amount_wei) external;

    /// Moves a penalty from a validator's stake to the court, as much of it as there is.
    function penalize(address validator, uint256 amount_wei) external returns (uint256);

    /// Takes a seat off the list whose validator's stake covers less than half of his seats.
    function evict(uint256 seat_id) external;

    /// Draws seats by lot, with replacement: every seat that joined before the given block is equally likely.
    function draw(
        uint256 modality,
        bytes32 seed,
        uint256 count,
        uint256 joined_before
    ) external view returns (uint256[] memory);

    /// Who has or had a seat.
    function validator_of(uint256 seat_id) external view returns (address);

    /// Who has or had each of some seats.
    function validators_of(uint256[] calldata seat_ids) external view returns (address[] memory);

    /// Whether a seat can be drawn.
    function is_seated(uint256 seat_id) external view returns (bool);

    /// How many seats of a modality can be drawn.
    function seat_count(uint256 modality) external view returns (uint256);

    /// How many seats a validator has, of all modalities.
    function seats_of(address validator) external view returns (uint256);

    /// What backs a validator's seats.
    function stake_of(address validator) external view returns (uint256);

    /// What a validator has let go, and when he can withdraw it.
    function leaving_of(address validator) external view returns (uint256, uint256);

    function MAX_COOLDOWN_SECONDS() external view returns (uint256);

    function OPEN_TOKEN() external view returns (address);

    function SEAT_WEI() external view returns (uint256);

    function LEAVE_COOLDOWN_SECONDS() external view returns (uint256);

    function court() external view returns (address);
}
