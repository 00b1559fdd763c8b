"""Carries out the acts that put products on the screen: search, more, recommend, similar, and others instead."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from assistant.dialogue.lexicon import lexicon, words
from assistant.dialogue.query import for_act
from assistant.nlg.plan import Found
from assistant.recommender.base import Recommendation, Recommended, Wish
from assistant.turn import cards

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assistant.dialogue.state import DialogueState
    from assistant.dialogue.system import SystemAct
    from assistant.reply import Card
    from assistant.turn.house import House, Turn
    from retrieval.types import Constraint, Product, Query, Ranking

ALTERNATIVE = "nearest alternative"
_POOL = 4
"""Candidates handed to the recommender for each product shown."""
_IDEAS = 120
"""Candidates for ideas, where nothing but bounds says what is wanted."""


def find(house: House, turn: Turn, act: SystemAct, *, n: int, among_others: bool = False) -> Found:
    """Search for one listing act, let the recommender choose, and draw the cards.

    Args:
        house: The shop.
        turn: The turn under way.
        act: `search`, `more`, `recommend` or `similar`.
        n: How many products to show.
        among_others: Other types are answered too: one that is not sold is named, nothing stands in for it.
    """
    spent = turn.cart.total_cents if turn.state.covers_all else 0
    query = for_act(turn.state, act, n=n, spent_cents=spent)
    if act.kind == "recommend" and not query.constraints and not query.text:
        return _ideas(house, turn, query, n=n)
    pool = _IDEAS if act.kind == "recommend" and not query.text else n * _POOL
    paging = act.kind == "more" or act.reason == "more"
    with turn.trace.stage("retrieve"):
        # A further page never gives a wish up: there is an end to what fits.
        ranking = house.store.retriever.search(replace(query, n=pool, relax=not paging))
    with turn.trace.stage("recommend"):
        chosen = _choose(house, turn, act, query, ranking, n=n)
    if ranking.not_carried and among_others:
        return Found(
            cards=(), wish=_wish(query.constraints), constraints=query.constraints, not_carried=ranking.not_carried
        )
    strange = any(c.slot == "brand" and c.op == "eq" for c in ranking.unknown)
    label = ALTERNATIVE if ranking.relaxed or ranking.not_carried or strange else ""
    with turn.trace.stage("explain"):
        judged = _judged(turn.state, query)
        drawn = cards.draw(house, turn, chosen.items, constraints=judged, role=act.group, label=label)
    found = Found(
        cards=drawn,
        wish=_wish(query.constraints) or act.text,
        constraints=(*query.constraints, *turn.state.of("sort", group=act.group)),
        total=ranking.total + _seen_before(turn.state, act),
        offset=_seen_before(turn.state, act),
        relaxed=ranking.relaxed,
        unknown=ranking.unknown,
        not_carried=ranking.not_carried,
        strategy=chosen.strategy if act.kind == "recommend" or chosen.strategy != "popular" else "",
        anchor=_anchor(house, turn, query),
    )
    return _with_alternatives(house, turn, query, found)


def _judged(state: DialogueState, query: Query) -> tuple[Constraint, ...]:
    """Return what reasons judge by: a figure that only stands for "cheaper than these" is not the shopper's."""
    derived = any(c.op in {"lt", "gt"} for c in state.of("price"))
    return tuple(c for c in query.constraints if c.slot != "price" or not derived)


def _ideas(house: House, turn: Turn, query: Query, *, n: int) -> Found:
    """Recommend from the whole shop."""
    with turn.trace.stage("recommend"):
        chosen = house.recommender.recommend(Wish(turn.profile, n=n, exclude=query.exclude))
    with turn.trace.stage("explain"):
        drawn = cards.draw(house, turn, chosen.items, constraints=())
    return Found(cards=drawn, total=len(drawn), strategy=chosen.strategy)


def _choose(house: House, turn: Turn, act: SystemAct, query: Query, ranking: Ranking, *, n: int) -> Recommended:
    """Let the shopper's history reorder candidates; an order that was asked for stays as it is."""
    if query.sort:
        items = tuple(Recommendation(hit.product, hit.score) for hit in ranking.hits[:n])
        return Recommended(items, "similar" if act.kind == "similar" else "relevance")
    wish = Wish(turn.profile, ranking=ranking, n=n, exclude=query.exclude, gift=is_gift(turn.state))
    chosen = house.recommender.recommend(wish)
    return replace(chosen, strategy="similar") if act.kind == "similar" else chosen


def is_gift(state: DialogueState) -> bool:
    """Say whether the talk is about a present: for a named person, where no kind of shopper ("men") is meant."""
    kinds = lexicon()["shoppers"]
    return any(not kinds.intersection(words(str(c.value))) for c in state.of("recipient") if c.op == "eq")


def _wish(constraints: Sequence[Constraint]) -> str:
    return next((str(c.value) for c in constraints if c.slot == "category" and c.op == "eq"), "")


def _seen_before(state: DialogueState, act: SystemAct) -> int:
    return state.page if act.kind == "more" or act.reason == "more" else 0


def _anchor(house: House, turn: Turn, query: Query) -> str:
    if not query.similar_to:
        return ""
    turn.desk.take(house.store.catalogue.get([query.similar_to]))
    return turn.desk.names.get(query.similar_to, "")


def _with_alternatives(house: House, turn: Turn, query: Query, found: Found) -> Found:
    """Add what an honest "no" needs: the cheapest that exists, the sizes that are sold, whether size applies."""
    gone = {c.slot for c in found.relaxed}
    if "price" in gone or (not found.cards and any(c.slot == "price" for c in query.constraints)):
        found = replace(found, cheapest=_cheapest(house, turn, query))
    undecided = {c.slot for c in found.unknown}
    if "size" in gone | undecided:
        sizes = _sizes(house, query)
        found = replace(found, sizes=sizes, sizeless=not sizes)
    return found


def _cheapest(house: House, turn: Turn, query: Query) -> Card | None:
    rest = tuple(c for c in query.constraints if c.slot != "price")
    ranking = house.store.retriever.search(replace(query, constraints=rest, n=1, sort="price_asc"))
    if not ranking.hits:
        return None
    product = ranking.hits[0].product
    turn.desk.take([product])
    return cards.card(house, product)


def _sizes(house: House, query: Query) -> tuple[str, ...]:
    """Return the sizes sold on the shelf that was asked for."""
    rest = tuple(c for c in query.constraints if c.slot == "category")
    counted = house.store.retriever.facets(replace(query, constraints=rest)) if rest else {}
    return tuple(sorted((value for value, _ in counted.get("size", ())), key=_by_number))


def _by_number(size: str) -> tuple[bool, float, str]:
    """Order sizes as people count them: plain numbers first, then those that begin with one, then words."""
    number = re.match(r"\d+(?:\.\d+)?", size)
    return number is None or number.end() < len(size), float(number.group()) if number else 0.0, size


def products_of(house: House, turn: Turn, ids: Sequence[str]) -> list[Product]:
    """Look products up and put them on the desk."""
    found = house.store.catalogue.get(ids)
    turn.desk.take(found)
    return found
