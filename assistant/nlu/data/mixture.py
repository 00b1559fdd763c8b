"""The stream of training examples: the authored book multiplied, and generated talk where the book is thin."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.nlu.data.augment import Augmenter
from assistant.nlu.data.examples import Example, examples_of, read_book
from assistant.nlu.data.generator import Generator

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

BOOK = Path(__file__).parent / "book"


class Mixture:
    """Draws examples for ever.

    Args:
        book: Folder of authored dialogues.
        generated: Share of generated examples, 0..1.
        plain: Share of authored examples that stay as they were written, 0..1.
    """

    def __init__(self, book: Path, *, generated: float, plain: float) -> None:
        self.examples: tuple[Example, ...] = tuple(e for d in read_book(book) for e in examples_of(d))
        self.augmenter = Augmenter(self.examples)
        self.generator = Generator(self.examples, self.augmenter.lexicon)
        self._generated, self._plain = generated, plain

    def stream(self, rng: random.Random) -> Iterator[Example]:
        """Yield examples: each authored one once an epoch, in a new order and mostly in a new guise."""
        while True:
            for example in rng.sample(self.examples, len(self.examples)):
                if rng.random() < self._generated:
                    yield self.augmenter.noisy(self.generator.example(rng), rng)
                elif rng.random() < self._plain:
                    yield example
                else:
                    yield self.augmenter.vary(example, rng)


def data_hash(book: Path) -> str:
    """Return the sha256 over every data file the training reads."""
    digest = hashlib.sha256()
    for path in [*sorted(book.glob("*.jsonl")), *sorted(Path(__file__).parent.glob("*.yaml"))]:
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()
