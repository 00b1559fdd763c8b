"""The stream of training examples: the authored book multiplied, generated talk where the book is thin, public sets."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.nlu.data.augment import Augmenter
from assistant.nlu.data.examples import Example, examples_of, read_book
from assistant.nlu.data.generator import Generator
from assistant.nlu.data.public import train_examples
from assistant.nlu.data.shops import Shops

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

BOOK = Path(__file__).parent / "book"
_IN_TALK = 0.5  # share of public rows that are put into the middle of a conversation


class Mixture:
    """Draws examples for ever.

    Args:
        book: Folder of authored dialogues.
        generated: Share of generated examples, 0..1.
        plain: Share of authored examples that stay as they were written, 0..1.
        public: Directory of public sets; None trains without them.
        outside: Share of their rows, 0..1.
    """

    def __init__(
        self, book: Path, *, generated: float, plain: float, public: Path | None = None, outside: float = 0.1
    ) -> None:
        self.examples: tuple[Example, ...] = tuple(e for d in read_book(book) for e in examples_of(d))
        self.augmenter = Augmenter(self.examples)
        self.generator = Generator(self.examples, self.augmenter.lexicon)
        self.shops = Shops(self.augmenter.lexicon.names())
        self._generated, self._plain = generated, plain
        self._public = _by_label(train_examples(public)) if public else []
        self._weights = [len(rows) ** 0.5 for rows in self._public]
        self._outside = outside if self._public else 0.0

    def stream(self, rng: random.Random) -> Iterator[Example]:
        """Yield examples: each authored one once an epoch, in a new order and mostly in a new guise."""
        while True:
            for example in rng.sample(self.examples, len(self.examples)):
                while rng.random() < self._outside:
                    yield self._in_a_shop(self._foreign(rng), rng)
                while rng.random() < self._generated:
                    yield self._in_a_shop(self.augmenter.noisy(self.generator.example(rng), rng), rng)
                plain = rng.random() < self._plain
                yield self._in_a_shop(example if plain else self.augmenter.vary(example, rng), rng)

    def _in_a_shop(self, example: Example, rng: random.Random) -> Example:
        return replace(example, known=self.shops.known(example, rng))

    def _foreign(self, rng: random.Random) -> Example:
        """Return a row of a public set, sometimes in the middle of a conversation, whose state it leaves alone."""
        row = rng.choice(rng.choices(self._public, self._weights)[0])
        if rng.random() > _IN_TALK or row.adds:
            return row
        around = rng.choice(self.examples)
        answers = row.intents[0] in {"affirm", "deny"}  # to another question than the one that was asked there
        said = row.assistant_text or ("" if answers else around.assistant_text)
        return replace(row, state=around.state, shown=around.shown, focus=around.focus, assistant_text=said)


def _by_label(rows: list[Example]) -> list[list[Example]]:
    """Return the rows by set and intent, so that none drowns the others."""
    groups: dict[tuple[str, str], list[Example]] = defaultdict(list)
    for row in rows:
        groups[row.origin, row.intents[0]].append(row)
    return list(groups.values())


def data_hash(book: Path) -> str:
    """Return the sha256 over every committed data file the training reads."""
    digest = hashlib.sha256()
    for path in [*sorted(book.glob("*.jsonl")), *sorted(Path(__file__).parent.glob("*.yaml"))]:
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()
