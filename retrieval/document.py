"""The one definition of the text that indexes hold of a product."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from retrieval.types import Product


def document_text(product: Product) -> str:
    """Return the searchable text: no size in it, so size variants share one text."""
    raise NotImplementedError
