"""Which items a turn points at: by button, position, looks, name, price, or simply "it"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assistant.dialogue.acts import Acts
from assistant.dialogue.lexicon import content, lexicon, same_size, stem, words
from assistant.dialogue.state import ShownItem
from retrieval.types import Constraint

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from assistant.dialogue.acts import Intent
    from assistant.dialogue.facts import CartItem
    from assistant.dialogue.state import DialogueState, Question

ITEM_INTENTS: frozenset[Intent] = frozenset(
    {
        "more_like_this", "compare", "ask_product", "add_to_cart", "remove_from_cart", "feedback_positive",
        "feedback_negative",
    }
)  # fmt: skip
"""Intents that are about an item: for these the words of the turn are matched against what was shown."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """The items a turn points at.

    Attributes:
        product_ids: Resolved items, in the order pointed at.
        unresolved: The turn points at a position that was not shown.
        candidates: Several items fit equally well and none was chosen: ask which.
        named: The words that look like the name of an item that was never shown; "" where there are none.
    """

    product_ids: tuple[str, ...] = ()
    unresolved: bool = False
    candidates: tuple[str, ...] = ()
    named: str = ""


def resolve(state: DialogueState, acts: Acts, text: str, *, cart: Sequence[CartItem] = ()) -> Resolved:
    """Return the items that `acts` and `text` point at.

    Args:
        state: The state after this turn's acts were folded; its `shown` list is still the previous turn's.
        acts: The turn. Ids (buttons) and positions come first; words decide only where there are none.
        text: The utterance, "" for a button.
        cart: The cart's lines: what "take it out" can mean.
    """
    if acts.product_ids:
        return Resolved(product_ids=_unique(acts.product_ids))
    removing = acts.main == "remove_from_cart"
    if acts.references and not (removing and not state.shown):
        return _by_position(state.shown, acts.references)
    if not ITEM_INTENTS.intersection(acts.intents):
        return Resolved()
    if removing:
        return _in_cart(state, acts, text, cart=cart)
    return _by_words(state, acts, text)


def answered(state: DialogueState, text: str) -> Acts | None:
    """Return the acts of a text that is exactly an answer offered with the open question; None for any other text.

    This needs no parser: a quick reply means what it says.
    """
    question = state.question
    said = " ".join(words(text))
    if state.shown and said in lexicon()["more"]:
        return Acts(intents=("refine",))
    if question is None or not said:
        return None
    if question.slot is None or question.proposes:
        return _yes_or_no(said)
    return _option(question, text, said)


def _option(question: Question, text: str, said: str) -> Acts | None:
    for option in question.options:
        same = said == " ".join(words(option)) or (question.slot == "size" and same_size(option, text))
        if same and question.slot is not None:
            return Acts(intents=("refine",), add=(Constraint(question.slot, "eq", option),))
    return None


def _yes_or_no(said: str) -> Acts | None:
    known = lexicon()
    if said in known["yes"]:
        return Acts(intents=("affirm",))
    return Acts(intents=("deny",)) if said in known["no"] else None


def _by_position(shown: tuple[ShownItem, ...], references: tuple[int, ...]) -> Resolved:
    at = {item.position: item.product_id for item in shown}
    found = [at[n] for n in references if n in at]
    return Resolved(product_ids=_unique(found), unresolved=len(found) < len(set(references)))


def _in_cart(state: DialogueState, acts: Acts, text: str, *, cart: Sequence[CartItem]) -> Resolved:
    lines = tuple(
        ShownItem(product_id=c.product_id, title=c.title, position=n, turn=0, color=c.color)
        for n, c in enumerate(cart, start=1)
    )
    if not lines:
        return Resolved()
    if acts.references:
        return _by_position(lines, acts.references)
    said = set(words(text))
    named = _best(lines, content(text), positions=True)
    if len(named) == 1 or len(lines) == 1:
        return Resolved(product_ids=_ids(named or lines))
    if not named and said & lexicon()["everything"]:
        return Resolved(product_ids=_ids(lines))
    focused = [line for line in named or lines if line.product_id in state.focus]
    return Resolved(product_ids=_ids(focused)) if focused else Resolved(candidates=_ids(named or lines))


def _by_words(state: DialogueState, acts: Acts, text: str) -> Resolved:
    said = words(text)
    by_rank = _by_rank(state.shown, said) or _by_price(state.shown, said, acts)
    if by_rank:
        return Resolved(product_ids=by_rank)
    looks = _without_details(content(text), acts)
    told_apart = _told_apart(state.shown, looks) if acts.main == "compare" else ()
    if told_apart:
        return Resolved(product_ids=told_apart)
    best = _best(state.seen, looks)
    if best and not (state.focus and _is_pronoun_talk(said) and not _is_definite(best[0], said)):
        return _chosen([item for item in best if item.product_id in state.focus] or best, acts)
    return _by_focus(state, acts, said, named=_name(looks, acts))


def _by_rank(shown: tuple[ShownItem, ...], said: list[str]) -> tuple[str, ...]:
    """Resolve "the cheaper one", "the most expensive", "the last one" among what is on the screen."""
    known, heard = lexicon(), set(said)
    if not shown or not heard & known["articles"]:
        return ()
    down, up = heard & known["cheaper"], heard & known["dearer"]
    if heard & known["negators"]:
        down, up = up, down
    priced = [item for item in shown if item.price_cents > 0]
    if priced and (down or up):
        pick = min if down else max
        return (pick(priced, key=lambda item: item.price_cents).product_id,)
    if _before_one(said, known["first"]):
        return (shown[0].product_id,)
    return (shown[-1].product_id,) if _before_one(said, known["last"]) else ()


def _by_price(shown: tuple[ShownItem, ...], said: list[str], acts: Acts) -> tuple[str, ...]:
    """Resolve "the 84 one": a figure that is the price of exactly one item on the screen."""
    if not lexicon()["articles"].intersection(said):
        return ()
    figures = set(_without_details([w for w in said if w.isdecimal()], acts))
    fits = [i for i in shown if figures & {str(i.price_cents // 100), str(round(i.price_cents / 100))}]
    return _ids(fits) if len(fits) == 1 else ()


def _told_apart(shown: tuple[ShownItem, ...], looks: list[str]) -> tuple[str, ...]:
    """Return every item that some word names alone: "the Ring and the Bosch" are two."""
    stems = {item: {stem(w) for w in words(f"{item.title} {item.color}")} for item in shown}
    fits = [[item for item in shown if word in stems[item]] for word in looks]
    return _unique(items[0].product_id for items in fits if len(items) == 1)


def _before_one(said: list[str], which: frozenset[str]) -> bool:
    """Say whether "the first" or "the last one" is said of an item, not "the last thing I need"."""
    return any(
        word in which and before in {"the", "that"} and after in {"", "one", "ones"}
        for before, word, after in zip(said, said[1:], [*said[2:], ""], strict=False)
    )


def _best(items: Sequence[ShownItem], looks: list[str], *, positions: bool = False) -> list[ShownItem]:
    """Return the items whose title and colour meet most of `looks`: the most recent turn's, in screen order.

    A word that every item has says nothing about which one is meant, unless nothing else was said.
    """
    if not looks or not items:
        return []
    stems = {item: {stem(w) for w in words(f"{item.title} {item.color}")} for item in items}
    telling = [w for w in looks if not all(w in s for s in stems.values())] or looks
    scores = {item: sum(w in stems[item] for w in telling) for item in items}
    top = max(scores.values())
    if top == 0:
        return []
    fitting = [item for item in items if scores[item] == top]
    if positions:
        return fitting
    latest = max(item.turn for item in fitting)
    return [item for item in fitting if item.turn == latest]


def _chosen(best: list[ShownItem], acts: Acts) -> Resolved:
    ids = _ids(best)
    if len(ids) == 1 or acts.main in {"compare", "feedback_positive", "feedback_negative"}:
        return Resolved(product_ids=ids)
    if "add_to_cart" in acts.intents:
        return Resolved(candidates=ids)
    return Resolved(product_ids=ids[:1])


def _by_focus(state: DialogueState, acts: Acts, said: list[str], *, named: str) -> Resolved:
    """Resolve "it", "both", "these" and talk that names no item at all."""
    known = lexicon()
    shown = _ids(state.shown)
    if known["both"].intersection(said) and len(shown) == 2:
        return Resolved(product_ids=shown)
    if state.focus and (not named or _is_pronoun_talk(said)):
        return Resolved(product_ids=state.focus)
    if len(shown) == 1 and not named:
        return Resolved(product_ids=shown)
    if acts.main in {"ask_product", "compare"} and known["plurals"].intersection(said):
        return Resolved(product_ids=shown)
    return Resolved(named=named)


def _is_pronoun_talk(said: list[str]) -> bool:
    """Say whether "it" or a "this" that no noun follows is among the words."""
    known = lexicon()
    if known["pronouns"].intersection(said):
        return True
    return any(
        word in known["demonstratives"] and (not after or after in known["stop"])
        for word, after in zip(said, [*said[1:], ""], strict=False)
    )


def _is_definite(item: ShownItem, said: list[str]) -> bool:
    """Say whether a word of `item` stands close behind an article: "the black one", "the two Diplomat pens"."""
    stems = {stem(w) for w in words(f"{item.title} {item.color}")}
    articles = lexicon()["articles"]
    return any(stem(word) in stems and articles.intersection(said[max(0, n - 3) : n]) for n, word in enumerate(said))


def _without_details(looks: list[str], acts: Acts) -> list[str]:
    """Leave out the words of a size or quantity: "in a 7" does not name an item."""
    values = [c.value for c in acts.add if c.slot in {"size", "quantity"}]
    details = {stem(w) for v in values for w in words(v if isinstance(v, str) else f"{v:g}")}
    return [w for w in looks if w not in details]


def _name(looks: list[str], acts: Acts) -> str:
    """Return the words that look like a name, only where an item is to be bought: elsewhere they are a question."""
    return " ".join(looks) if "add_to_cart" in acts.intents else ""


def _ids(items: Iterable[ShownItem]) -> tuple[str, ...]:
    return tuple(item.product_id for item in items)


def _unique(ids: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(ids))
