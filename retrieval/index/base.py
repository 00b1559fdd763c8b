"""The index port: ids and scores for a query, over documents that the catalogue owns."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Document:
    """What an index holds of one product: its id, the text searched, and its embedding where it is a dense index.

    `version` is the catalogue's hash of the text, so that an index can tell what exactly it holds.
    """

    product_id: str
    title: str
    text: str
    embedding: NDArray[np.float32] | None = None  # (d,)
    version: str = ""

    @property
    def fingerprint(self) -> int:
        """The 64 bits that this document adds to the checksum of an index."""
        return fingerprint(self.product_id, self.version)


def fingerprint(product_id: str, version: str) -> int:
    """Return 64 bits that stand for a document: the exclusive or of them all is the checksum of an index.

    It depends on no order, so catalogue and indexes keep it up as products come and go, each in its own order, and
    one number tells whether they hold the same texts. An exclusive or would miss a document held twice: ids are
    unique in each, and counts are compared beside it.
    """
    return int.from_bytes(blake2b(f"{product_id}\0{version}".encode(), digest_size=8).digest())


class LexicalIndex(Protocol):
    """Scores documents by the words they share with a query."""

    def upsert(self, documents: Iterable[Document]) -> None:
        """Add or replace documents; durable when it returns."""
        ...

    def delete(self, product_ids: Sequence[str]) -> None:
        """Remove documents; unknown ids are ignored."""
        ...

    def search(self, text: str, *, n: int, among: Collection[str] | None = None) -> list[tuple[str, float]]:
        """Return up to `n` (product id, score), best first, only of `among` where it is given."""
        ...

    def coverage(self, text: str, best: float) -> float:
        """Return a document's score `best` in units of what the words of `text` weigh: 0 for nothing in common."""
        ...

    def ids(self) -> set[str]:
        """Return the ids held, for verification against the catalogue."""
        ...

    def clear(self) -> None:
        """Remove everything."""
        ...


class DenseIndex(Protocol):
    """Scores documents by the cosine of their embedding with the query's."""

    def upsert(self, documents: Iterable[Document]) -> None:
        """Add or replace documents with embeddings; durable when it returns."""
        ...

    def delete(self, product_ids: Sequence[str]) -> None:
        """Remove documents; unknown ids are ignored."""
        ...

    def search(
        self, embedding: NDArray[np.float32], *, n: int, among: Collection[str] | None = None
    ) -> list[tuple[str, float]]:
        """Return up to `n` (product id, cosine), best first, only of `among` where it is given."""
        ...

    def embeddings(self, product_ids: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Return the stored embeddings of those ids that are held."""
        ...

    def ids(self) -> set[str]:
        """Return the ids held, for verification against the catalogue."""
        ...

    def clear(self) -> None:
        """Remove everything."""
        ...
