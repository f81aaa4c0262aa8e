"""The indexer: every event of the contracts, mirrored into SQL and answered over HTTP."""
