// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20 as OzErc20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {ERC20Votes} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Votes.sol";
import {Nonces} from "@openzeppelin/contracts/utils/Nonces.sol";
import {ERC20 as SoladyErc20} from "solady/src/tokens/ERC20.sol";
import {ERC20Votes as SoladyErc20Votes} from "solady/src/tokens/ERC20Votes.sol";

/// OpenZeppelin's token with permit: the least that OPEN does.
contract OzToken is ERC20Permit {
    constructor(address holder, uint256 supply) OzErc20("OpenLedger", "OPEN") ERC20Permit("OpenLedger") {
        _mint(holder, supply);
    }
}

contract SoladyToken is SoladyErc20 {
    constructor(address holder, uint256 supply) {
        _mint(holder, supply);
    }

    function name() public pure override returns (string memory) {
        return "OpenLedger";
    }

    function symbol() public pure override returns (string memory) {
        return "OPEN";
    }
}

/// OpenZeppelin's votes on the clock that gOPEN uses. Mint and burn stand for stake and exit, without tokens moved and
/// without rewards; anybody may call them, for it is a measuring device.
contract OzVotes is ERC20Votes, ERC20Permit {
    constructor() OzErc20("Staked OPEN", "gOPEN") ERC20Permit("OpenLedger StakedOpen") {}

    function mint(address account, uint256 amount) external {
        _mint(account, amount);
    }

    function burn(address account, uint256 amount) external {
        _burn(account, amount);
    }

    function clock() public view override returns (uint48) {
        return uint48(block.timestamp);
    }

    // solhint-disable-next-line func-name-mixedcase
    function CLOCK_MODE() public pure override returns (string memory) {
        return "mode=timestamp";
    }

    function _update(address from, address to, uint256 value) internal override(OzErc20, ERC20Votes) {
        super._update(from, to, value);
    }

    function nonces(address owner) public view override(ERC20Permit, Nonces) returns (uint256) {
        return super.nonces(owner);
    }
}

contract SoladyVotes is SoladyErc20Votes {
    function name() public pure override returns (string memory) {
        return "Staked OPEN";
    }

    function symbol() public pure override returns (string memory) {
        return "gOPEN";
    }

    function mint(address account, uint256 amount) external {
        _mint(account, amount);
    }

    function burn(address account, uint256 amount) external {
        _burn(account, amount);
    }

    function clock() public view override returns (uint48) {
        return uint48(block.timestamp);
    }

    // solhint-disable-next-line func-name-mixedcase
    function CLOCK_MODE() public pure override returns (string memory) {
        return "mode=timestamp";
    }
}
