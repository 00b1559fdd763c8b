"""Sentences about a list: what was found, what was not, what was given up for it, and what stands first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assistant.nlg.money import money
from assistant.nlg.phrasebook import phrases, say, word
from assistant.nlg.wording import described, flat, listed, named, number, plural, wished, word_list

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assistant.dialogue.system import SystemActKind
    from assistant.nlg.plan import Found
    from assistant.reply import Card
    from retrieval.types import Constraint

_SOFT = frozenset({"feature", "style", "occasion", "recipient"})  # wishes that rank: no count may claim them
_MAX_SIZES = 14


@dataclass(frozen=True, slots=True)
class _List:
    """One list with what every sentence about it needs."""

    found: Found
    kind: SystemActKind
    seed: int
    currency: str

    def say(self, key: str, card: Card | None = None, **values: object) -> str:
        card = card or (self.found.cards[0] if self.found.cards else None)
        shown = {"name": named(card.title), "price": money(card.price_cents, card.currency)} if card else {}
        base = {
            "total": self.found.total,
            "what": self.what(),
            "anchor": named(self.found.anchor),
            "which": "",
            "for_what": self.for_what(),
        }
        return say(key, self.seed, **{**base, **shown, **values})

    def what(self, *, without: Sequence[Constraint] = (), one: bool = False) -> str:
        """Return the noun with the wishes that every product shown is known to meet."""
        noun = self.found.wish and plural(flat(self.found.wish, limit=60), 1 if one else 2)
        noun = noun or ("product" if one else str(phrases()["anything"]))
        return f"{noun} {described(self.firm(without), self.currency)}".strip()

    def for_what(self) -> str:
        """Return " for trail shoes under $80"; "" where nothing particular was asked."""
        return f" for {self.what()}" if self.found.wish or described(self.firm(), self.currency) else ""

    def firm(self, without: Sequence[Constraint] = ()) -> list[Constraint]:
        lost = (*self.found.relaxed, *self.found.unknown, *without)
        rows = (c for c in self.found.constraints if c.hard and c not in lost)
        return [c for c in rows if c.slot not in _SOFT or c.op == "ne"]

    @property
    def sort(self) -> str:
        return next((str(c.value) for c in self.found.constraints if c.slot == "sort"), "")


def list_sentences(found: Found, kind: SystemActKind, *, seed: int, currency: str) -> list[str]:
    """Put one list into words, the honest "no" first.

    Args:
        found: What the act found.
        kind: `search`, `more`, `recommend` or `similar`.
        seed: Chooses the variants.
        currency: The shop's currency, ISO 4217.
    """
    this = _List(found, kind, seed, currency)
    if found.not_carried:
        out = [_not_carried(this), *(_given_up(this) if found.relaxed and found.cards else [])]
    elif not found.cards:
        out = [_nothing(this)]
    elif found.relaxed:
        out = _given_up(this)
    else:
        out = [_plain(this)]
    return [*out, *_unknown(this), *_stock(this)]


def _not_carried(this: _List) -> str:
    nouns = [flat(w, limit=60) for w in this.found.not_carried]
    wish = listed((plural(noun) for noun in nouns), last="or")
    if not this.found.cards:
        return this.say("not_carried_nothing", wish=wish)
    mass = any(noun.rpartition(" ")[2].lower() in word_list("no_plural") for noun in nouns)
    return this.say("not_carried_mass" if mass else "not_carried", wish=wish, wish_start=_start(wish))


def _nothing(this: _List) -> str:
    found = this.found
    if found.offset:
        return this.say("no_more")
    bounds = [c for c in found.constraints if c.slot == "price"]
    if found.cheapest and any(c.op in ("lte", "lt") for c in bounds):
        return _over_price(this, bounds)
    keys = {"similar": "similar_nothing", "recommend": "recommend_nothing"}
    key = keys.get(this.kind, "nothing")
    return this.say("nothing" if key == "similar_nothing" and not found.anchor else key)


def _over_price(this: _List, bounds: Sequence[Constraint]) -> str:
    """Say that a price bound leaves nothing, and what is nearest to it."""
    what, said = this.what(without=bounds), described(bounds, this.currency)
    if this.found.cheapest and any(c.op in ("lte", "lt") for c in bounds):
        return this.say("over_price", this.found.cheapest, what=what, price_bound=said)
    return this.say("off_price", what=what, price_bound=said)


def _given_up(this: _List) -> list[str]:
    """Name every wish that was given up. What exactly left nothing is known only where it was a single one."""
    relaxed = this.found.relaxed
    slots = {c.slot for c in relaxed}
    if slots == {"price"}:
        return _with_first(
            this, [_over_price(this, [c for c in this.found.constraints if c.slot == "price"] or relaxed)]
        )
    if slots == {"size"}:
        return _with_first(this, [_size(this, relaxed)])
    names = listed(dict.fromkeys(wished(c, this.currency) or flat(str(c.value), limit=60) for c in relaxed))
    out = [this.say("relaxed", wishes=names).rstrip()]
    if "price" in slots and this.found.cheapest:
        out.append(_over_price(this, [c for c in relaxed if c.slot == "price"]))
    sizes = [c for c in relaxed if c.slot == "size"]
    if sizes and (this.found.sizeless or _unsold(this, sizes)):
        out.append(_size(this, sizes))
    return _with_first(this, out)


def _size(this: _List, relaxed: Sequence[Constraint]) -> str:
    size, sizes = described(relaxed, this.currency), this.found.sizes
    what = this.what(without=relaxed)
    if this.found.sizeless:
        said = listed(flat(str(c.value), limit=40) for c in relaxed)
        said = said if said.lower().startswith("size") else f"size {said}"
        return this.say("size_does_not_apply", what=what, what_start=_start(what), size=said)
    if not _unsold(this, relaxed):
        return this.say("size_missing_plain", what=what, size=size)
    more = ["more"] if len(sizes) > _MAX_SIZES else []
    return this.say("size_missing", what=what, size=size, sizes=listed([*map(flat, sizes[:_MAX_SIZES]), *more]))


def _unsold(this: _List, asked: Sequence[Constraint]) -> bool:
    """Whether the shelf's sizes are known and none of those asked for is among them."""
    sold = {size.lower() for size in this.found.sizes}
    return bool(sold) and all(str(c.value).lower() not in sold for c in asked)


def _with_first(this: _List, out: list[str]) -> list[str]:
    """Add the first card by name where no sentence names it yet."""
    first = named(this.found.cards[0].title)
    return out if any(first in text for text in out) else [*out, this.say("relaxed_first")]


def _plain(this: _List) -> str:
    found = this.found
    if this.kind == "recommend":
        strategy = found.strategy if found.strategy in ("personal", "popular") else "relevance"
        return this.say(f"recommend_{strategy}", which=this.for_what())
    if this.kind == "similar":
        return this.say("similar" if found.anchor else "similar_plain")
    if this.kind == "more" or found.offset:
        return this.say("more")
    if word("most", this.sort):
        return _sorted(this)
    if found.total == 1:
        return this.say("found_one")
    return this.say("found_all" if found.total == len(found.cards) else "found")


def _sorted(this: _List) -> str:
    """Say the extreme of everything that passes: sorting is over the whole shop, never over a page."""
    card = this.found.cards[0]
    if this.sort in ("price_asc", "price_desc"):
        return this.say("extreme", most=word("most", this.sort), what=this.what(one=True))
    if this.sort == "rating_desc" and card.rating is not None:
        rated = number(round(card.rating, 1))
        return this.say("extreme_rated", most=word("most", this.sort), what=this.what(one=True), rating=rated)
    return this.say("sorted", order=word("order", this.sort))


_SAID_ELSEWHERE = ("category", "sort", "quantity", "price")


def _unknown(this: _List) -> list[str]:
    foreign = [c for c in this.found.unknown if c.slot == "price" and c.currency not in (None, this.currency)]
    brands = [c for c in this.found.unknown if c.slot == "brand" and c.op == "eq"]
    rest = [c for c in this.found.unknown if c.slot not in _SAID_ELSEWHERE and c not in brands]
    out = [this.say("unknown_currency", currency=foreign[0].currency, shop_currency=this.currency)] if foreign else []
    out += [this.say("brand_not_carried", wishes=_quoted(brands, last="or"))] if brands else []
    return [*out, this.say("unknown", wishes=_quoted(rest, last="and"))] if rest else out


def _quoted(constraints: Sequence[Constraint], *, last: str) -> str:
    return listed(dict.fromkeys(f"“{flat(str(c.value), limit=60)}”" for c in constraints), last=last)


def _stock(this: _List) -> list[str]:
    first = this.found.cards[0] if this.found.cards else None
    return [this.say("out_of_stock", first)] if first and not first.in_stock else []


def _start(text: str) -> str:
    return text[:1].upper() + text[1:]
