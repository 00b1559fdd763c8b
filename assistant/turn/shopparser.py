"""A parser in a shop: slips mended, known words pointed out, and what was read settled by the catalogue's own words."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from assistant.nlu.spelling import is_slip
from assistant.turn.shopwords import known_words, settled

if TYPE_CHECKING:
    from assistant.dialogue.acts import Acts
    from assistant.nlu.base import Parser, Turn
    from retrieval.store import Store


class ShopParser:
    """Reads turns with `parser`, in the shop of `store`."""

    def __init__(self, parser: Parser, store: Store) -> None:
        self.name = parser.name
        self._parser = parser
        self._store = store

    def parse(self, turn: Turn) -> Acts:
        """Return what `turn.text` says in this shop.

        Raises:
            ParseError: The model behind the parser cannot answer at all.
        """
        text = mended(self._store, turn.text)
        heard = replace(turn, text=text, known=known_words(self._store, text))
        return settled(self._store, self._parser.parse(heard), turn.text)


def mended(store: Store, message: str) -> str:
    """Return `message` with words that are clearly slips of words of this catalogue put right, before it is parsed.

    Names ("Nixon") are left alone: a capital inside a sentence marks one. So is whatever is right as it stands in talk
    ("quid", "dont").
    """
    head, *rest = message.split(" ")
    return " ".join([_word(store, head), *(word if word[:1].isupper() else _word(store, word) for word in rest)])


def _word(store: Store, typed: str) -> str:
    other = store.lexical.mend(typed)
    return other if other != typed and is_slip(typed, other) else typed
