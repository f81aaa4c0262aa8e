"""Measurements beside their anchors; each folder is one command, and `results/` keeps what it said."""
