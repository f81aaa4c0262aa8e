"""The HTTP side of the indexer: read-only, except for the leaves of reward trees, which prove themselves."""
