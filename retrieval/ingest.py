"""Feed -> catalogue -> every index; may be killed at any time and run again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from retrieval.catalogue import Catalogue
    from retrieval.types import Product


class Indexer(Protocol):
    """Writes every search index; durable when a call returns, and safe to repeat."""

    def index(self, products: Sequence[Product]) -> None:
        """Add or replace these products in every index."""
        ...

    def remove(self, product_ids: Sequence[str]) -> None:
        """Remove these products from every index; unknown ids are ignored."""
        ...


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What an ingest did: numbers of rows."""

    read: int
    added: int
    updated: int
    unchanged: int
    removed: int
    quarantined: int
    elapsed_s: float


def ingest(
    files: Sequence[Path],
    store_dir: Path,
    *,
    indexer: Indexer | None = None,
    catalogue: Catalogue | None = None,
    mapping: Mapping[str, str] | None = None,
    currency: str = "USD",
    price_unit: Literal["major", "minor"] = "major",
    full: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> IngestReport:
    """Read feeds into the catalogue at `store_dir`/catalogue.sqlite, then bring the indexes up to date."""
    raise NotImplementedError


def flush(catalogue: Catalogue, indexer: Indexer, *, progress: Callable[[int, int], None] | None = None) -> int:
    """Tell `indexer` everything it has not been told; return how many products that were."""
    raise NotImplementedError
