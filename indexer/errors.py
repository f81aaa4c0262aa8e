"""Errors of the indexer.

IndexerError
├── DatabaseInUse        another indexer writes to this database: stop it first
├── SchemaChanged        the database was made by other code, ABIs or addresses: index into a new one
├── ReorgTooDeep         the node's chain left ours below a block that we hold as final: a person must look
└── Retryable            try again later, nothing is lost
    ├── NodeUnavailable  the node did not answer, or refused
    └── NodeInconsistent the node's answers contradict each other or what is stored
"""


class IndexerError(Exception):
    """Something about indexing is wrong; a retry does not help unless the subclass says so."""


class DatabaseInUse(IndexerError):
    """Another process holds the writer's lock."""


class SchemaChanged(IndexerError):
    """The database holds rows of another schema, another set of events or other contracts."""


class ReorgTooDeep(IndexerError):
    """No stored block at or above the finalized one is on the node's chain."""


class Retryable(IndexerError):
    """The same step may succeed later; the database is as it was."""


class NodeUnavailable(Retryable):
    """The node could not be reached, answered with an error, or not with JSON-RPC."""


class NodeInconsistent(Retryable):
    """The node answered with something that cannot be true of one chain (a reorg in between, or a bad node)."""
