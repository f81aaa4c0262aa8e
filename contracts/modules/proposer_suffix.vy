# pragma version ~=0.4.3
"""
@title Proposer suffix: a description may name the one account that may propose it
@license AGPL-3.0-only
@notice Without it, whoever sees a proposal in the mempool could propose the same first and cancel it (CVE-2023-34234).
"""

# `#proposer=0x` and 40 hexadecimal digits
LENGTH: constant(uint256) = 52
_NOT_A_DIGIT: constant(uint256) = 16


@internal
@pure
def _is_for(ending: String[LENGTH], proposer: address) -> bool:
    """
    @dev Whether a description with this ending may be proposed by this account. An ending that is no suffix in full
         binds nobody, as with OpenZeppelin.
    """
    if slice(ending, 0, 12) != "#proposer=0x":
        return True
    named: uint256 = 0
    for i: uint256 in range(12, LENGTH):
        digit: uint256 = self._digit(slice(ending, i, 1))
        if digit == _NOT_A_DIGIT:
            return True
        named = named << 4 | digit
    return named == convert(proposer, uint256)


@internal
@pure
def _digit(character: String[1]) -> uint256:
    """
    @dev The value of a hexadecimal digit of either case, or `_NOT_A_DIGIT`.
    """
    code: uint256 = convert(convert(character, Bytes[1]), uint256)
    if 48 <= code and code <= 57:
        return code - 48
    # the bit between upper and lower case
    code |= 32
    if 97 <= code and code <= 102:
        return code - 87
    return _NOT_A_DIGIT
