"""Errors of the chain package.

ChainError
├── ArtifactMissing      a contract has no source or no artifact: a mistake of the caller or of the checkout
├── DeploymentMissing    no deployment file, or a contract that it does not name
├── NodeUnavailable      the node did not answer: may be retried
└── Reverted             the contract refused; `reason` is its own text
"""


class ChainError(Exception):
    """Something about the chain is wrong; a retry does not help unless the subclass says so."""


class ArtifactMissing(ChainError):
    """A contract was asked for that the project does not have."""


class DeploymentMissing(ChainError):
    """The addresses of a chain are not known here."""


class NodeUnavailable(ChainError):
    """The node could not be reached or did not answer in time; the call may be retried."""


class Reverted(ChainError):
    """A call or transaction was refused by the contract."""

    def __init__(self, call: str, reason: str) -> None:
        super().__init__(f"{call} reverted: {reason}")
        self.reason = reason
