"""EIP-2612: an allowance by signature, once, for this chain and this contract only."""

import boa
import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data

FAR_FUTURE = 2**255
SIGNER = Account.from_key(b"\x07" * 32)
FIELDS = [("owner", "address"), ("spender", "address"), ("value", "uint256"), ("nonce", "uint256")]


def signed_permit(token, spender, amount, *, nonce=0, deadline=FAR_FUTURE, chain_id=None):
    """(v, r, s) of SIGNER's permit, by eth_account: another implementation of EIP-712 than the contract's."""
    message = encode_typed_data(
        domain_data={
            "name": "OpenLedger",
            "version": "1",
            "chainId": boa.env.evm.patch.chain_id if chain_id is None else chain_id,
            "verifyingContract": token.address,
        },
        message_types={"Permit": [{"name": n, "type": t} for n, t in [*FIELDS, ("deadline", "uint256")]]},
        message_data={
            "owner": SIGNER.address,
            "spender": spender,
            "value": amount,
            "nonce": nonce,
            "deadline": deadline,
        },
    )
    signature = SIGNER.sign_message(message)
    return signature.v, signature.r.to_bytes(32, "big"), signature.s.to_bytes(32, "big")


def test_permit__sets_the_allowance_and_uses_the_nonce(token, outsider):
    token.permit(SIGNER.address, outsider, 9, FAR_FUTURE, *signed_permit(token, outsider, 9))
    assert token.allowance(SIGNER.address, outsider) == 9
    assert token.nonces(SIGNER.address) == 1


def test_permit__used_again__reverts(token, outsider):
    signature = signed_permit(token, outsider, 9)
    token.permit(SIGNER.address, outsider, 9, FAR_FUTURE, *signature)
    with boa.reverts("erc20: invalid signature"):
        token.permit(SIGNER.address, outsider, 9, FAR_FUTURE, *signature)


@pytest.mark.parametrize("change", [{"chain_id": 2**40}, {"nonce": 1}, {"deadline": FAR_FUTURE - 1}])
def test_permit__of_another_chain_nonce_or_deadline__reverts(token, outsider, change):
    with boa.reverts("erc20: invalid signature"):
        token.permit(SIGNER.address, outsider, 9, FAR_FUTURE, *signed_permit(token, outsider, 9, **change))


def test_permit__past_deadline__reverts(token, outsider):
    deadline = boa.env.timestamp - 1
    signature = signed_permit(token, outsider, 9, deadline=deadline)
    with boa.reverts("erc20: expired deadline"):
        token.permit(SIGNER.address, outsider, 9, deadline, *signature)


def test_eip712_domain__names_this_chain_and_contract(token):
    fields, name, version, chain_id, contract, salt, extensions = token.eip712Domain()
    assert (name, version, chain_id) == ("OpenLedger", "1", boa.env.evm.patch.chain_id)
    assert (fields, contract, salt, extensions) == (b"\x0f", token.address, bytes(32), [])
