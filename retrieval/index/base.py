"""The index port: ids and scores for a query, over documents that the catalogue owns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Document:
    """What an index holds of one product: its id, the text searched, and its embedding where it is a dense index."""

    product_id: str
    title: str
    text: str
    embedding: NDArray[np.float32] | None = None  # (d,)


class LexicalIndex(Protocol):
    """Scores documents by the words they share with a query."""

    def upsert(self, documents: Iterable[Document]) -> None:
        """Add or replace documents; durable when it returns."""
        ...

    def delete(self, product_ids: Sequence[str]) -> None:
        """Remove documents; unknown ids are ignored."""
        ...

    def search(self, text: str, *, n: int, among: Sequence[str] | None = None) -> list[tuple[str, float]]:
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
        self, embedding: NDArray[np.float32], *, n: int, among: Sequence[str] | None = None
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
