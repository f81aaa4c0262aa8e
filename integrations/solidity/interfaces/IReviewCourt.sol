// SPDX-License-Identifier: Apache-2.0
// Written by `python -m integrations.generate` from contracts/ReviewCourt.vy: change that, not this.
pragma solidity >=0.8.20;

interface IReviewCourt {
    struct Round {
        uint256 datanet_id;
        uint256 level;
        uint256 attempt;
        uint256 phase;
        uint256 size;
        uint256 present;
        uint256 draw_block;
        uint256 drawn_at;
        uint256 commit_ends_at;
        uint256 reveal_ends_at;
        uint256 committed;
        uint256 revealed;
        uint256 accepts;
        uint256 provisional_at;
        bool is_decided;
        uint256 decided_level;
        bool is_accepted;
        uint256 score;
        bool is_abusive;
    }

    struct VoteCommit {
        uint256 contribution_id;
        uint256 position;
        bytes32 commitment;
    }

    struct VoteReveal {
        uint256 contribution_id;
        uint256 position;
        bool is_accepted;
        uint256 score;
        uint256 reason;
        bytes32 reason_digest;
        bytes32 salt;
    }

    event EarningsPaid(address indexed account, uint256 amount_wei);

    event RoundOpened(uint256 indexed contribution_id, uint256 level, uint256 draw_block);

    event CommitteeDrawn(uint256 indexed contribution_id, uint256 level, uint256[] seats, address[] validators);

    event VoteCommitted(uint256 indexed contribution_id, address indexed validator, uint256 level, uint256 position);

    event Reviewed(
        uint256 indexed contribution_id,
        address indexed validator,
        uint256 level,
        uint256 position,
        bool is_accepted,
        uint256 score,
        uint256 reason,
        bytes32 reason_digest
    );

    event Appealed(
        uint256 indexed contribution_id,
        address indexed appellant,
        uint256 level,
        uint256 bond_wei,
        uint256 fees_wei,
        bytes32 reason_digest
    );

    event SeatScored(
        uint256 indexed contribution_id,
        address indexed validator,
        uint256 level,
        uint256 position,
        int256 amount_wei
    );

    event AppealResolved(
        uint256 indexed contribution_id,
        address indexed appellant,
        uint256 level,
        bool is_upheld,
        uint256 paid_wei
    );

    event Settled(uint256 indexed contribution_id, uint256 level, bool is_accepted, uint256 score, bool is_abusive);

    event Funded(uint256 indexed datanet_id, address indexed payer, uint256 amount_wei);

    event Tallied(uint256 indexed contribution_id, uint256 level, bool is_decided, bool is_accepted, uint256 score);

    event AuditDecided(uint256 indexed contribution_id, uint256 level, bool is_audited);

    function OPEN_TOKEN() external view returns (address);

    function VALIDATOR_POOL() external view returns (address);

    function TREASURY() external view returns (address);

    function budget(uint256) external view returns (uint256);

    function earnings(address) external view returns (uint256);

    function withdraw_earnings(address account) external returns (uint256);

    function DATANET_REGISTRY() external view returns (address);

    function open_rounds(uint256[] calldata contribution_ids) external;

    function draw_committees(uint256[] calldata contribution_ids) external;

    function COMMIT_SECONDS() external view returns (uint256);

    function REVEAL_SECONDS() external view returns (uint256);

    function commit_votes(VoteCommit[] calldata votes) external;

    function reveal_votes(VoteReveal[] calldata votes) external;

    function vote_commitment(
        address validator,
        uint256 contribution_id,
        uint256 level,
        uint256 position,
        bool is_accepted,
        uint256 score,
        uint256 reason,
        bytes32 reason_digest,
        bytes32 salt
    ) external pure returns (bytes32);

    function APPEAL_SECONDS() external view returns (uint256);

    function APPEAL_BOND_WEI() external view returns (uint256);

    function appeal(uint256 contribution_id, bytes32 reason_digest) external;

    function appeal_cost(uint256 contribution_id) external view returns (uint256, uint256);

    function appellant(uint256, uint256) external view returns (address);

    function settle(uint256[] calldata contribution_ids, bytes32[] calldata canonical_hashes) external;

    /// Adds your OPEN to a Datanet's review budget, for ever; approve this contract first.
    function fund(uint256 datanet_id, uint256 amount_wei) external;

    /// Counts the votes of committees that are done, and starts the appeal window.
    function tally(uint256[] calldata contribution_ids) external;

    /// Decides by lot whether a first outcome is audited, and with whom each vote is compared if it is not.
    function audit(uint256[] calldata contribution_ids) external;

    /// Where a contribution's review stands.
    function round(uint256 contribution_id) external view returns (Round memory);

    /// The committee of a level, as it was drawn last.
    function committee(
        uint256 contribution_id,
        uint256 level
    ) external view returns (uint256[] memory, address[] memory);

    function AUDIT_BPS() external view returns (uint256);

    function LONGEST_REVIEW_SECONDS() external view returns (uint256);
}
