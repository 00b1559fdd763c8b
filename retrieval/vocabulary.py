"""The catalogue's own words: shelves, brands, colours, sizes, and what a shopper's word means among them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from retrieval.catalogue import Catalogue
    from retrieval.types import Slot


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a shopper's word means in this shop.

    Attributes:
        values: Catalogue values it stands for (for a category: `product_type` paths); may be empty.
        known: Whether this shop has it.
        spelled: The word as the catalogue spells it, or the shopper's own word.
        words: Further words that a product's title must have (category "gaming laptop" on shelf "Laptops").
    """

    values: tuple[str, ...]
    known: bool
    spelled: str
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KnownSpan:
    """A known word in a text: `text[start:end]` names `value` of `slot`."""

    start: int
    end: int
    slot: Slot
    value: str


class Vocabulary:
    """Resolves words against one catalogue; built once a catalogue revision."""

    shelves: tuple[str, ...]  # product_type paths
    brands: tuple[str, ...]
    colors: tuple[str, ...]
    sizes: tuple[str, ...]
    materials: tuple[str, ...]
    currency: str

    @classmethod
    def of(cls, catalogue: Catalogue) -> Vocabulary:
        raise NotImplementedError

    def resolve(self, slot: Slot, value: str) -> Resolution:
        raise NotImplementedError

    def spans(self, text: str) -> list[KnownSpan]:
        raise NotImplementedError

    def nearest(self, category: str, *, n: int = 3) -> list[str]:
        """Return the `product_type` paths nearest to a category that is not carried."""
        raise NotImplementedError
