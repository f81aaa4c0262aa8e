"""Whether a voucher pays for an answer (pure): every rule of InferencePayments that can be checked before serving.

A voucher is a ceiling, not an amount: it covers everything that its payer will ever owe this operator for this adapter.
So it may come again as long as it covers what is due with the next answer, and what counts is never the voucher but
what was served. It names no prompt: who holds a voucher may spend what is left under it, so vouchers travel encrypted.
"""

from dataclasses import dataclass
from enum import StrEnum

from chain.typed_data import Voucher, recover, voucher_digest


class Reason(StrEnum):
    """Why a voucher does not pay for an answer; the values are the slugs of the gateway's problems."""

    WRONG_CHAIN = "wrong-chain"
    WRONG_CONTRACT = "wrong-contract"
    WRONG_OPERATOR = "wrong-operator"
    WRONG_ADAPTER = "wrong-adapter"
    BAD_SIGNATURE = "bad-signature"
    EXPIRED = "expired-voucher"
    STALE = "stale-voucher"
    TOO_LOW = "voucher-too-low"
    OVERDRAWN = "overdrawn-deposit"


@dataclass(frozen=True, slots=True)
class SignedVoucher:
    """A voucher with the domain that it claims to be signed for; addresses are checksummed."""

    voucher: Voucher
    chain_id: int
    verifying_contract: str
    signature: bytes


@dataclass(frozen=True, slots=True)
class Terms:
    """What an operator accepts: vouchers for this chain and contract, to the operator, good until `good_until`."""

    chain_id: int
    contract: str
    operator: str
    good_until: int


@dataclass(frozen=True, slots=True)
class Standing:
    """How a payer stands with the operator, in wei; answers that are being served count at their highest fee.

    Attributes:
        due: for this adapter, of all time.
        redeemed: the part of `due` that was taken from the deposit.
        due_elsewhere: not yet redeemed, for other adapters.
        available: the deposit without what the payer asked to withdraw.
    """

    due: int
    redeemed: int
    due_elsewhere: int
    available: int


@dataclass(frozen=True, slots=True)
class Accepted:
    """The voucher pays for the answer."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The voucher does not pay, and why."""

    reason: Reason
    detail: str


Outcome = Accepted | Refused


def check_voucher(signed: SignedVoucher, terms: Terms, *, adapter_id: int) -> Outcome:
    """Whether the voucher is the payer's word to this operator for this adapter, whatever its amount."""
    voucher = signed.voucher
    if signed.chain_id != terms.chain_id:
        return Refused(
            Reason.WRONG_CHAIN, f"chain id {signed.chain_id}; expected {terms.chain_id}; sign for that chain"
        )
    if signed.verifying_contract != terms.contract:
        return Refused(
            Reason.WRONG_CONTRACT, f"contract {signed.verifying_contract}; expected {terms.contract}; sign for that one"
        )
    if voucher.operator != terms.operator:
        return Refused(
            Reason.WRONG_OPERATOR,
            f"operator {voucher.operator}; expected {terms.operator}; ask that operator's gateway",
        )
    if voucher.adapter_id != adapter_id:
        return Refused(
            Reason.WRONG_ADAPTER, f"voucher for adapter {voucher.adapter_id}; asked was {adapter_id}; sign for that one"
        )
    if voucher.expiry < terms.good_until:
        return Refused(
            Reason.EXPIRED, f"expiry {voucher.expiry}; expected at least {terms.good_until}; sign with a later expiry"
        )
    return _check_signature(signed)


def check_amount(voucher: Voucher, standing: Standing, *, max_fee_wei: int) -> Outcome:
    """Whether the voucher and the deposit behind it cover what is due and the most that the next answer can cost."""
    ceiling, due = voucher.cumulative_wei, standing.due
    if ceiling <= due and max_fee_wei > 0:
        return Refused(
            Reason.STALE, f"ceiling {ceiling} is used up by {due} wei due; expected more; sign for {due + max_fee_wei}"
        )
    if ceiling < due + max_fee_wei:
        return Refused(
            Reason.TOO_LOW,
            f"ceiling {ceiling}; expected at least {due} due and {max_fee_wei} for this answer; "
            f"sign for {due + max_fee_wei}",
        )
    # the ceiling, not the fee: whatever the payer has signed for must be there when it is redeemed
    needed, there = ceiling - standing.redeemed, standing.available - standing.due_elsewhere
    if needed > there:
        return Refused(
            Reason.OVERDRAWN,
            f"ceiling less redeemed is {needed} wei; the deposit has {max(there, 0)} for it ({standing.available} less "
            f"{standing.due_elsewhere} due for other adapters); deposit more or sign for less",
        )
    return Accepted()


def _check_signature(signed: SignedVoucher) -> Outcome:
    digest = voucher_digest(signed.voucher, chain_id=signed.chain_id, contract=signed.verifying_contract)
    try:
        signer = recover(digest, signed.signature)
    except ValueError as error:
        return Refused(Reason.BAD_SIGNATURE, str(error))
    if signer != signed.voucher.payer:
        return Refused(
            Reason.BAD_SIGNATURE, f"signed by {signer}; expected the payer {signed.voucher.payer}; sign with its key"
        )
    return Accepted()
