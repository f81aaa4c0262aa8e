# pragma version ~=0.4.3
# pragma nonreentrancy on
"""
@title Authorizations: transfers that the payer signs and anyone may send (EIP-3009)
@license AGPL-3.0-only
@notice An authorization names payer, payee, amount, a span of time and a nonce, 32 bytes of the payer's choice. Nonces
        have no order, so that many authorizations can be out at once; each is used or cancelled once. The domain, that
        of EIP-2612's permits, binds the chain, whose id is read when the signature is checked, and the token.
"""

from ..interfaces import IOpenToken
from snekmate.tokens import erc20
from snekmate.utils import ecdsa
from snekmate.utils import eip712_domain_separator

uses: erc20
uses: eip712_domain_separator

# The standard's hashes, of types too long for a line: `TransferWithAuthorization(address from,address to,uint256 value,
# uint256 validAfter,uint256 validBefore,bytes32 nonce)`, without the break, and the same with `Receive` for `Transfer`.
TRANSFER_WITH_AUTHORIZATION_TYPEHASH: public(constant(bytes32)) = (
    0x7c7c6cdb67a18743f49ec6fa9b35f50d52ed05cbed4cc592e13b44501c1a2267
)
RECEIVE_WITH_AUTHORIZATION_TYPEHASH: public(constant(bytes32)) = (
    0xd099cc98ef71107a616c4f0f941f04c322d8e254fe26b3c6668db87aae413de8
)
CANCEL_AUTHORIZATION_TYPEHASH: public(constant(bytes32)) = keccak256(
    "CancelAuthorization(address authorizer,bytes32 nonce)"
)

_is_spent: HashMap[address, HashMap[bytes32, bool]]


@external
def transferWithAuthorization(
    sender: address,
    to: address,
    amount: uint256,
    validAfter: uint256,
    validBefore: uint256,
    nonce: bytes32,
    v: uint8,
    r: bytes32,
    s: bytes32,
):
    """
    @notice Pays what `sender` signed; anyone may send it.
    @dev All of it is signed, so the sender of the transaction chooses nothing but the second. A contract that acts on
         having been paid uses `receiveWithAuthorization`, for this one can be sent by others before its call.
    @param sender Who pays and signed, `from` in the standard.
    @param to Who is paid, not the zero address.
    @param amount Wei of OPEN.
    @param validAfter Unix time in seconds: valid from the second after it.
    @param validBefore Unix time in seconds: valid until the second before it.
    @param nonce The payer's choice, not used or cancelled before.
    @param v The signature's recovery id, 27 or 28.
    @param r The signature's r.
    @param s The signature's s, in the lower half.
    """
    self._pay(TRANSFER_WITH_AUTHORIZATION_TYPEHASH, sender, to, amount, validAfter, validBefore, nonce, v, r, s)


@external
def receiveWithAuthorization(
    sender: address,
    to: address,
    amount: uint256,
    validAfter: uint256,
    validBefore: uint256,
    nonce: bytes32,
    v: uint8,
    r: bytes32,
    s: bytes32,
):
    """
    @notice Takes what `sender` signed for you.
    @dev Only the payee may send it, so nobody can take it out of the transaction in which the payee counts on it. Its
         own typed data keep the two functions' signatures apart.
    @param sender Who pays and signed, `from` in the standard.
    @param to Who is paid: you.
    @param amount Wei of OPEN.
    @param validAfter Unix time in seconds: valid from the second after it.
    @param validBefore Unix time in seconds: valid until the second before it.
    @param nonce The payer's choice, not used or cancelled before.
    @param v The signature's recovery id, 27 or 28.
    @param r The signature's r.
    @param s The signature's s, in the lower half.
    """
    assert to == msg.sender, "authorizations: caller is not the payee"
    self._pay(RECEIVE_WITH_AUTHORIZATION_TYPEHASH, sender, to, amount, validAfter, validBefore, nonce, v, r, s)


@external
def cancelAuthorization(authorizer: address, nonce: bytes32, v: uint8, r: bytes32, s: bytes32):
    """
    @notice Makes an authorization that was not used unusable; anyone may send what its signer signed.
    @dev Spends the nonce, for both kinds of authorization.
    @param authorizer Who signed the authorization and its end.
    @param nonce The authorization's nonce.
    @param v The signature's recovery id, 27 or 28.
    @param r The signature's r.
    @param s The signature's s, in the lower half.
    """
    self._spend(authorizer, nonce, keccak256(abi_encode(CANCEL_AUTHORIZATION_TYPEHASH, authorizer, nonce)), v, r, s)
    log IOpenToken.AuthorizationCanceled(authorizer=authorizer, nonce=nonce)


@external
@view
def authorizationState(authorizer: address, nonce: bytes32) -> bool:
    """
    @notice Whether a nonce can no longer be used.
    @dev A nonce never becomes free again.
    @param authorizer The signer.
    @param nonce The signer's nonce.
    @return True once an authorization with it was used or cancelled.
    """
    return self._is_spent[authorizer][nonce]


@internal
def _pay(
    typehash: bytes32,
    sender: address,
    to: address,
    amount: uint256,
    valid_after: uint256,
    valid_before: uint256,
    nonce: bytes32,
    v: uint8,
    r: bytes32,
    s: bytes32,
):
    """
    @dev Both ends of the time are outside of it, as in the standard.
    """
    assert valid_after < block.timestamp, "authorizations: not yet valid"
    assert block.timestamp < valid_before, "authorizations: expired"
    struct_hash: bytes32 = keccak256(abi_encode(typehash, sender, to, amount, valid_after, valid_before, nonce))
    self._spend(sender, nonce, struct_hash, v, r, s)
    log IOpenToken.AuthorizationUsed(authorizer=sender, nonce=nonce)
    erc20._transfer(sender, to, amount)


@internal
def _spend(authorizer: address, nonce: bytes32, struct_hash: bytes32, v: uint8, r: bytes32, s: bytes32):
    """
    @dev Takes the nonce, if the authorizer signed the struct. ecdsa refuses malleable signatures and those of nobody.
    """
    assert not self._is_spent[authorizer][nonce], "authorizations: nonce already used"
    digest: bytes32 = eip712_domain_separator._hash_typed_data_v4(struct_hash)
    signer: address = ecdsa._recover_vrs(
        digest, convert(v, uint256), convert(r, uint256), convert(s, uint256)
    )
    assert signer == authorizer, "authorizations: signature of another"
    self._is_spent[authorizer][nonce] = True
