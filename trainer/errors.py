"""Errors of the trainer.

TrainerError
├── DownloadFailed    the package index did not deliver (may be retried)
├── WrongDigest       bytes are not the ones that were named (never retried with the same bytes)
├── UnknownFamily     no row in the table of families
├── InvalidExamples   nothing to train on, or an example that does not fit
├── InvalidManifest   a manifest that does not follow docs/formats.md
├── InvalidSnapshot   a snapshot that does not follow docs/formats.md
├── TrainingDiverged  the loss stopped being a number
└── AdapterRefused    an adapter that may not be served
"""


class TrainerError(Exception):
    """Anything that this package raises on purpose."""


class DownloadFailed(TrainerError):
    """The package index did not deliver; trying again may help."""


class WrongDigest(TrainerError):
    """A file does not hash to the digest that names it."""


class UnknownFamily(TrainerError):
    """The model's family has no row in `trainer.families`."""


class InvalidExamples(TrainerError):
    """There is nothing to train on, or an example does not fit."""


class InvalidManifest(TrainerError):
    """A manifest does not follow docs/formats.md."""


class InvalidSnapshot(TrainerError):
    """A snapshot does not follow docs/formats.md."""


class TrainingDiverged(TrainerError):
    """The loss is no longer a finite number."""


class AdapterRefused(TrainerError):
    """An adapter failed a check of the loader and is not served."""
