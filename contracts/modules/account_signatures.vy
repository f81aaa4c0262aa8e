# pragma version ~=0.4.3
"""
@title Account signatures: whether an account signed a digest, by its key or, as a contract, by ERC-1271
@license AGPL-3.0-only
"""

from . import signatures

# a wallet of thirty signers
MAX_BYTES: constant(uint256) = 2_048
_IS_VALID_SIGNATURE: constant(bytes4) = method_id("isValidSignature(bytes32,bytes)", output_type=bytes4)


@internal
@view
def _is_valid(account: address, digest: bytes32, signature: Bytes[MAX_BYTES]) -> bool:
    """
    @dev Who has code decides for itself, an account with EIP-7702 code too.
    """
    if account.is_contract:
        return self._is_valid_by_contract(account, digest, signature)
    # a malformed signature recovers to the zero address, which nobody can sign for
    if len(signature) != 65 or account == empty(address):
        return False
    return signatures._recover(digest, slice(signature, 0, 65)) == account


@internal
@view
def _is_valid_by_contract(account: address, digest: bytes32, signature: Bytes[MAX_BYTES]) -> bool:
    """
    @dev A call that fails, or answers with anything but the function's selector, is a no.
    """
    is_success: bool = False
    answer: Bytes[32] = b""
    is_success, answer = raw_call(
        account,
        abi_encode(digest, signature, method_id=_IS_VALID_SIGNATURE),
        max_outsize=32,
        is_static_call=True,
        revert_on_failure=False,
    )
    if not is_success or len(answer) != 32:
        return False
    return convert(answer, bytes32) == convert(_IS_VALID_SIGNATURE, bytes32)
