"""The errors of `retrieval`. Each message says what failed, the value, and how to fix it."""

from __future__ import annotations


class RetrievalError(Exception):
    """Root of everything that `retrieval` raises on purpose."""


class FeedError(RetrievalError):
    """A feed file as a whole cannot be read (missing, wrong format, no usable columns)."""


class RowError(RetrievalError):
    """One row of a feed is unusable; it is quarantined and the rest goes on."""


class StoreError(RetrievalError):
    """The store directory is missing, locked or of another version."""


class IndexMismatchError(RetrievalError):
    """An index does not agree with the catalogue and must be rebuilt."""


class EncoderError(RetrievalError):
    """The encoder's weights are missing or do not load."""


class QueryError(RetrievalError):
    """A query is out of bounds (too long, n too large, unknown slot or operator)."""
