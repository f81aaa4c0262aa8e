// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// An ERC-20 that no contract should have to deal with: while it moves tokens it calls a contract back, and it can refuse
/// or answer false. Ours are bound to OPEN, which does none of it; they must keep their own books right all the same.
contract HostileToken {
    enum Mood {
        Honest,
        CallsBack,
        AnswersFalse,
        Refuses
    }

    mapping(address => uint256) public balanceOf;
    mapping(address => mapping(address => uint256)) public allowance;
    Mood public mood;
    address internal _target;
    bytes internal _data;
    bool internal _isInside;
    /// How many calls from inside a transfer got through.
    uint256 public reentries;

    function mint(address account, uint256 amount) external {
        balanceOf[account] += amount;
    }

    function arm(Mood mood_, address target, bytes calldata data) external {
        (mood, _target, _data) = (mood_, target, data);
    }

    function approve(address spender, uint256 amount) external returns (bool) {
        allowance[msg.sender][spender] = amount;
        return true;
    }

    function transfer(address to, uint256 amount) external returns (bool) {
        return _move(msg.sender, to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        allowance[from][msg.sender] -= amount;
        return _move(from, to, amount);
    }

    function permit(address, address, uint256, uint256, uint8, bytes32, bytes32) external {
        _callBack();
    }

    function _move(address from, address to, uint256 amount) internal returns (bool) {
        if (mood == Mood.Refuses) revert("hostile");
        if (mood == Mood.AnswersFalse) return false;
        _callBack();
        balanceOf[from] -= amount;
        balanceOf[to] += amount;
        return true;
    }

    function _callBack() internal {
        if (mood != Mood.CallsBack || _isInside) return;
        _isInside = true;
        (bool isDone,) = _target.call(_data);
        if (isDone) reentries++;
        _isInside = false;
    }
}
