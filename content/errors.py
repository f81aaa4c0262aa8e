"""Errors of the content package.

ContentError
├── InvalidCid           not a CIDv1 with sha2-256 and a codec that the protocol uses
├── NotCanonical         a value that canonical JSON cannot carry
├── ContentNotFound      the store does not hold this CID
├── ContentMismatch      the store holds other bytes under this CID: never use them
├── StoreUnavailable     the store did not answer: may be retried
└── FileRefused          a file that no Datanet takes
    ├── EmptyFile
    ├── FileTooLarge
    ├── UnknownFormat
    ├── FormatNotAllowed
    └── WrongMagic
"""


class ContentError(Exception):
    """Something about content is wrong; a retry does not help unless the subclass says so."""


class InvalidCid(ContentError):
    """The text or digest is no CID of the protocol."""


class NotCanonical(ContentError):
    """The value has no canonical JSON, for instance because it holds a float."""


class ContentNotFound(ContentError):
    """The store does not hold the content."""


class ContentMismatch(ContentError):
    """The bytes of the store are not the bytes that the CID names."""


class StoreUnavailable(ContentError):
    """The store could not be reached or did not answer in time; the call may be retried."""


class FileRefused(ContentError):
    """The file breaks a rule that every contribution must follow."""


class EmptyFile(FileRefused):
    """The file has no bytes."""


class FileTooLarge(FileRefused):
    """The file has more bytes than the cap."""


class UnknownFormat(FileRefused):
    """The extension is not in the format table."""


class FormatNotAllowed(FileRefused):
    """The format is in the table, but this Datanet does not take it."""


class WrongMagic(FileRefused):
    """The bytes are not what the extension says."""
