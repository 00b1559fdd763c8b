"""Everything that the shipped weights learn from: what the project wrote, and public sets where they are at hand."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from retrieval.document import document_text
from retrieval.encoder.pairs import Example, read_evidence, read_requests, read_shelves, read_triples
from retrieval.errors import EncoderError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from retrieval.types import Product

DATA: Final = Path(__file__).parent / "data"
HELD_OUT: Final = 12  # one query in so many is kept to choose by


@dataclass(frozen=True, slots=True)
class Mixture:
    """Examples by where they come from.

    Attributes:
        train: Group -> examples to learn from.
        dev: Group -> examples that were held out by the hash of their query, to choose a mix by.
    """

    train: Mapping[str, Sequence[Example]]
    dev: Mapping[str, Sequence[Example]]


def general(shops: Mapping[str, Iterable[Product]], *, public: Path | None = None, data: Path = DATA) -> Mixture:
    """Return the mixture of the shipped weights, as it did best on what is held out.

    Half of the general examples go without their near miss, which shares words with the query: with all of them the
    encoder unlearns that shared words mean something. Requests count twice. Questions with evidence only measure.

    Args:
        shops: Name -> products that `data/NAME.jsonl` was written in front of; a shop that is missing is left out.
        public: Directory of `webshop_instructions` and `amazon_product_qa`; None leaves them out.
        data: Where the written examples lie.

    Raises:
        EncoderError: A file is missing or not in shape.
    """
    groups: dict[str, list[Example]] = {"general": list(read_triples(data / "general.tsv"))}
    for name, products in shops.items():
        texts = {product.product_id: forms(product) for product in products}
        groups[f"shelf-{name}"] = list(read_shelves(data / f"{name}.jsonl", texts))
    if public is not None:
        groups["requests"] = list(read_requests(_there(public / "webshop_instructions")))
    train = {name: [e for e in examples if not _is_held_out(e.query)] for name, examples in groups.items()}
    dev = {name: [e for e in examples if _is_held_out(e.query)] for name, examples in groups.items()}
    train["general"] = [replace(e, misses=()) if place % 2 else e for place, e in enumerate(train["general"])]
    if public is not None:
        train["requests-again"] = train["requests"]
        dev["evidence"] = list(read_evidence(_there(public / "amazon_product_qa")))
    return Mixture(train, dev)


def forms(product: Product) -> tuple[str, ...]:
    """Return the texts that a product may be found by: as the shop indexes it, and its bare title."""
    return (document_text(product), product.title)


def _there(folder: Path) -> Path:
    if not folder.is_dir():
        raise EncoderError(f"there is no directory {str(folder)!r}; --public holds the public sets by their names")
    return folder


def _is_held_out(query: str) -> bool:
    digest = hashlib.blake2b(query.casefold().encode(), digest_size=8).digest()
    return int.from_bytes(digest) % HELD_OUT == 0
