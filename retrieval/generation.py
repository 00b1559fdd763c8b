"""One generation of indexes: a lexical folder and a Chroma folder (and collection) that a number names.

A rebuild makes the next generation beside the one that serves; the manifest says which is current. Generation 0 lies
in `lexical` and `chroma`, generation 3 in `lexical-3` and `chroma-3`.
"""

from __future__ import annotations

import hashlib
import logging
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from retrieval.errors import IndexMismatchError
from retrieval.index.chroma import ChromaIndex
from retrieval.index.languages import DEFAULT
from retrieval.index.lexical import TantivyIndex
from retrieval.index.memory import MemoryDenseIndex
from retrieval.manifest import IndexManifest, language_of, schema

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from retrieval.encoder.base import Encoder

logger = logging.getLogger(__name__)

LEXICAL: Final = "lexical"
CHROMA: Final = "chroma"


@dataclass(frozen=True, slots=True)
class Generation:
    """Both indexes of one number.

    Attributes:
        number: Names its folders.
        lexical: The words; an empty one in memory where the folder holds another schema.
        dense: The embeddings; an empty one in memory where another encoder made them, for its vectors and those of
            this encoder's queries are not comparable: such a store answers by words alone until it is rebuilt.
        current: Whether it was built by this encoder and schema, and may be written.
    """

    number: int
    lexical: TantivyIndex
    dense: ChromaIndex | MemoryDenseIndex
    current: bool

    @property
    def has_words(self) -> bool:
        """Whether the lexical index can be used."""
        return self.current or self.lexical.count() > 0

    @property
    def has_vectors(self) -> bool:
        """Whether the embeddings can be compared with those of queries."""
        return isinstance(self.dense, ChromaIndex)

    @property
    def unsaved(self) -> bool:
        """Whether this process has written since the last `save`."""
        return isinstance(self.dense, ChromaIndex) and self.dense.unsaved

    def refresh(self) -> None:
        """See what other processes have written since."""
        self.lexical.refresh()
        if isinstance(self.dense, ChromaIndex):
            self.dense.refresh()

    def save(self) -> None:
        """Make the next start cheap."""
        if isinstance(self.dense, ChromaIndex):
            self.dense.save()

    def close(self) -> None:
        """Save nothing, release Chroma."""
        if isinstance(self.dense, ChromaIndex):
            self.dense.close()


class Serving:
    """The embeddings of whichever generation serves when it is asked."""

    def __init__(self, current: Callable[[], Generation]) -> None:
        """Take what tells which generation serves."""
        self._current = current

    def embeddings(self, product_ids: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Return the stored embeddings of those ids that are held."""
        return self._current().dense.embeddings(product_ids)

    def search(
        self, embedding: NDArray[np.float32], *, n: int, among: Collection[str] | None = None
    ) -> list[tuple[str, float]]:
        """Return up to `n` (product id, cosine), best first, only of `among` where it is given."""
        return self._current().dense.search(embedding, n=n, among=among)


@dataclass(frozen=True, slots=True)
class Place:
    """Where and for whom the generations of a store are opened.

    `identity` names the catalogue where `url` is a server that stores share.
    """

    folder: Path
    encoder: Encoder
    url: str = ""
    language: str = DEFAULT
    identity: str = ""

    @property
    def schema(self) -> str:
        """What is built here."""
        return schema(self.language)

    def open(self, number: int, *, known: IndexManifest | None, writable: bool) -> Generation:
        """Open a generation that the manifest `known` describes, as far as this encoder and schema can use it.

        Args:
            number: Which.
            known: What it was built from; None where nobody knows.
            writable: Whether no other process writes now, so that damage may be mended.

        Raises:
            IndexMismatchError: Chroma does not open.
        """
        same_encoder = known is not None and known.encoder == self.encoder.version
        same_schema = known is not None and known.schema == self.schema
        return Generation(
            number,
            self._lexical(number, known=known, writable=writable and same_schema),
            self._dense(number, writable=writable) if same_encoder else MemoryDenseIndex(self.encoder.dimension),
            current=same_encoder and same_schema,
        )

    def new(self, number: int) -> Generation:
        """Open a generation that does not exist yet."""
        return self.open(number, known=IndexManifest(self.encoder.version, self.schema), writable=True)

    def numbers(self) -> set[int]:
        """Return the generations that have a folder."""
        found = set()
        for path in self.folder.iterdir():
            name, _, number = path.name.partition("-")
            if name in {LEXICAL, CHROMA} and (not number or number.isdigit()):
                found.add(int(number or 0))
        return found

    def sweep(self, *, keep: Generation) -> None:
        """Remove every generation but one: what an interrupted rebuild, or a finished one, left behind."""
        if self.url and isinstance(keep.dense, ChromaIndex):
            keep.dense.drop_others(self._collection())
        for number in self.numbers() - {keep.number}:
            logger.info("removing generation %d of the indexes", number)
            for name in (LEXICAL, CHROMA):
                shutil.rmtree(self.folder / _named(name, number), ignore_errors=True)

    def _dense(self, number: int, *, writable: bool) -> ChromaIndex:
        return ChromaIndex(
            self.folder / _named(CHROMA, number),
            dimension=self.encoder.dimension,
            url=self.url,
            collection=_named(self._collection(), number),
            writable=writable,
        )

    def _lexical(self, number: int, *, known: IndexManifest | None, writable: bool) -> TantivyIndex:
        """Open the words; a damaged index is built anew where that is ours to do, else nothing is found in it."""
        folder = self.folder / _named(LEXICAL, number)
        is_word = getattr(self.encoder, "is_word", None)
        language = language_of(known.schema if known is not None else "", default=self.language)
        try:
            return TantivyIndex(folder, is_word=is_word, language=language)
        except IndexMismatchError as error:
            logger.warning("the lexical index was unreadable; it is built anew: %s", error)
            if not writable:
                return TantivyIndex(is_word=is_word, language=language)
            shutil.rmtree(folder)
            return TantivyIndex(folder, is_word=is_word, language=language)

    def _collection(self) -> str:
        """Return the collection's name; on a shared server it tells stores apart, in the embedded one it need not.

        By catalogue and by place: two containers may both have their store in `/data`, and a copied store is another.
        """
        if not self.url:
            return "products"
        name = f"{self.identity}\0{self.folder.resolve()}"
        return f"products-{hashlib.blake2b(name.encode(), digest_size=6).hexdigest()}"


def _named(name: str, number: int) -> str:
    return f"{name}-{number}" if number else name
