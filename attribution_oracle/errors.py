"""Errors of the attribution oracle.

OracleError
├── SourceUnavailable   the indexer, the gateway or a signer did not answer (may be retried)
├── SourceLied          an answer does not hold against what it claims or against the chain
├── ReceiptInvalid      a receipt breaks docs/formats.md, or the receipts of a redemption do not add up
├── EvidenceInvalid     a pinned bundle breaks docs/formats.md or its own digests
│   └── FileDiffers     one named file of a bundle has other bytes than its digest says
├── ModelUnavailable    no local base model has the digests that a manifest names
├── SigningRefused      a signer does not sign: its own root differs, or it signed another one before
├── QuorumMissed        fewer signers signed than the contract asks for
├── NothingEarned       no account has ever earned anything, so there is no root to post
├── BankInvalid         a retrain bank is not what its index says, or lacks what was asked of it
├── MethodUnknown       no method of influence has this name
├── BondMissing         an account holds less OPEN than the bond that it must put down
└── EpochNotReady       the reward epoch is not over in a finalized block yet (may be retried)
"""


class OracleError(Exception):
    """Anything that this package raises on purpose."""


class SourceUnavailable(OracleError):
    """A service did not answer; trying again may help."""


class SourceLied(OracleError):
    """What arrived does not hold against what it claims to be, or against the chain."""


class ReceiptInvalid(OracleError):
    """A receipt breaks the format, or receipts do not cover a redemption exactly."""


class EvidenceInvalid(OracleError):
    """An evidence bundle breaks the format."""


class FileDiffers(EvidenceInvalid):
    """A file of the bundle is absent or has other bytes than its digest says."""

    def __init__(self, name: str, what: str) -> None:
        super().__init__(f"file {name}: {what}")
        self.name = name


class ModelUnavailable(OracleError):
    """No local base model has the digests that were asked for."""


class SigningRefused(OracleError):
    """A signer will not put its key under this root."""


class QuorumMissed(OracleError):
    """Too few signers agreed."""


class EpochNotReady(OracleError):
    """The reward epoch's end is not finalized yet; waiting helps."""


class BondMissing(OracleError):
    """An account cannot put down a bond; it works once the account holds more OPEN."""


class NothingEarned(OracleError):
    """There is no reward in this epoch or any before it."""


class BankInvalid(OracleError):
    """A retrain bank cannot be used for what was asked; the message names the file or the group."""


class MethodUnknown(OracleError):
    """No method of influence has this name; the message lists those that exist."""
