"""Proof of Attribution: which contribution shaped which paid answer, what that pays, and how anyone checks it."""
