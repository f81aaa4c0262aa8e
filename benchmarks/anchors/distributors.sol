// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {ERC1967Proxy} from "openzeppelin-4/proxy/ERC1967/ERC1967Proxy.sol";
import {UUPSUpgradeable} from "openzeppelin-4-upgradeable/proxy/utils/UUPSUpgradeable.sol";

/// Written here in the shape of Uniswap's MerkleDistributor, whose GPL-3.0 source is not ours to copy into this
/// repository: one root for ever, one bit for each claim, a packed leaf of (index, account, amount).
contract BitmapDistributor {
    using SafeERC20 for IERC20;

    IERC20 public immutable token;
    bytes32 public immutable merkleRoot;
    mapping(uint256 => uint256) private _claimedWords;

    event Claimed(uint256 index, address account, uint256 amount);

    error AlreadyClaimed();
    error InvalidProof();

    constructor(IERC20 token_, bytes32 merkleRoot_) {
        token = token_;
        merkleRoot = merkleRoot_;
    }

    function isClaimed(uint256 index) public view returns (bool) {
        return _claimedWords[index / 256] & (1 << (index % 256)) != 0;
    }

    function claim(uint256 index, address account, uint256 amount, bytes32[] calldata proof) external {
        if (isClaimed(index)) revert AlreadyClaimed();
        bytes32 leaf = keccak256(abi.encodePacked(index, account, amount));
        if (!MerkleProof.verifyCalldata(proof, merkleRoot, leaf)) revert InvalidProof();
        _claimedWords[index / 256] |= 1 << (index % 256);
        token.safeTransfer(account, amount);
        emit Claimed(index, account, amount);
    }
}

/// Written here in the shape of Merkl's distributor, whose source is under the Business Source License: behind a UUPS
/// proxy, cumulative amounts, a last good tree while the new one is in its dispute period, operators who may claim for
/// an account, recipients that an account may name, and with each claim its time and its root kept in a second slot.
contract ProxiedDistributor is UUPSUpgradeable {
    using SafeERC20 for IERC20;

    struct Tree {
        bytes32 merkleRoot;
        bytes32 evidence;
    }

    struct Claim {
        uint208 amount;
        uint48 timestamp;
        bytes32 merkleRoot;
    }

    Tree public tree;
    Tree public lastTree;
    address public governor;
    address public disputer;
    uint48 public endOfDisputePeriod;
    uint48 public disputeSeconds;
    uint256 private _lock;
    mapping(address => mapping(address => Claim)) public claimed;
    mapping(address => mapping(address => uint256)) public operators;
    mapping(address => mapping(address => address)) public claimRecipient;

    event Claimed(address indexed user, address indexed token, uint256 amount);
    event TreeUpdated(bytes32 merkleRoot, bytes32 evidence, uint48 endOfDisputePeriod);

    error InvalidLengths();
    error InvalidProof();
    error NotGovernor();
    error NotWhitelisted();
    error Reentered();
    error UnresolvedDispute();

    modifier nonReentrant() {
        if (_lock == 2) revert Reentered();
        _lock = 2;
        _;
        _lock = 1;
    }

    function initialize(uint48 disputeSeconds_) external initializer {
        __UUPSUpgradeable_init();
        governor = msg.sender;
        disputeSeconds = disputeSeconds_;
        _lock = 1;
    }

    function updateTree(Tree calldata newTree) external {
        if (msg.sender != governor) revert NotGovernor();
        if (disputer != address(0)) revert UnresolvedDispute();
        lastTree = tree;
        tree = newTree;
        endOfDisputePeriod = uint48(block.timestamp) + disputeSeconds;
        emit TreeUpdated(newTree.merkleRoot, newTree.evidence, endOfDisputePeriod);
    }

    function toggleOperator(address user, address operator) external {
        if (msg.sender != user) revert NotWhitelisted();
        operators[user][operator] = 1 - operators[user][operator];
    }

    function setClaimRecipient(address recipient, address token) external {
        claimRecipient[msg.sender][token] = recipient;
    }

    function getMerkleRoot() public view returns (bytes32) {
        bool isGood = block.timestamp >= endOfDisputePeriod && disputer == address(0);
        return isGood ? tree.merkleRoot : lastTree.merkleRoot;
    }

    function claim(
        address[] calldata users,
        address[] calldata tokens,
        uint256[] calldata amounts,
        bytes32[][] calldata proofs
    ) external nonReentrant {
        uint256 count = users.length;
        if (count == 0 || count != tokens.length || count != amounts.length || count != proofs.length) {
            revert InvalidLengths();
        }
        for (uint256 i = 0; i < count; i++) {
            _claim(users[i], tokens[i], amounts[i], proofs[i]);
        }
    }

    function _claim(address user, address token, uint256 amount, bytes32[] calldata proof) private {
        if (msg.sender != user && operators[user][msg.sender] == 0) revert NotWhitelisted();
        bytes32 root = getMerkleRoot();
        bytes32 leaf = keccak256(abi.encode(user, token, amount));
        if (root == bytes32(0) || !MerkleProof.verifyCalldata(proof, root, leaf)) revert InvalidProof();
        uint256 owed = amount - claimed[user][token].amount;
        claimed[user][token] = Claim(uint208(amount), uint48(block.timestamp), root);
        emit Claimed(user, token, owed);
        IERC20(token).safeTransfer(_recipient(user, token), owed);
    }

    function _recipient(address user, address token) private view returns (address recipient) {
        recipient = claimRecipient[user][token];
        if (recipient == address(0)) recipient = claimRecipient[user][address(0)];
        if (recipient == address(0)) recipient = user;
    }

    function _authorizeUpgrade(address) internal view override {
        if (msg.sender != governor) revert NotGovernor();
    }
}

/// The proxy of OpenZeppelin 4.9 under a name of its own.
contract DistributorProxy is ERC1967Proxy {
    constructor(address logic, bytes memory data) ERC1967Proxy(logic, data) {}
}
