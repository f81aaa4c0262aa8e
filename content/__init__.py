"""Content by its hash: CIDs, stores that verify every read, file formats, canonical JSON. Imports nothing of ours."""
