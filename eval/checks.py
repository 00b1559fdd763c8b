"""Compares what a turn answered with what a scenario expects. Every check returns the failures in words.

Products are judged by the catalogue, never by the reply's own account of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rapidfuzz.distance import DamerauLevenshtein

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from assistant.reply import Reply
    from eval.scenario import (
        CartExpectation,
        Expectation,
        FieldExpectation,
        ProductsExpectation,
        ShownRef,
        StateExpectation,
    )
    from retrieval.types import Constraint, Product, Sort


@dataclass(frozen=True, slots=True)
class Context:
    """What checks may look at beside the reply.

    Attributes:
        product: Catalogue look-up by id; None where there is no such product.
        extreme: Offer price in cents (or rating) of the catalogue's extreme within the reply's constraints.
        shown: Product ids shown by turn number, from 1.
    """

    product: Callable[[str], Product | None]
    extreme: Callable[[Reply, Sort], str | None]
    shown: Mapping[int, Sequence[str]]


def failures(reply: Reply, expected: Expectation, context: Context) -> list[str]:
    """Return everything that is wrong with a turn: broken invariants first, then unmet expectations."""
    found = [*invariants(reply, context), *_understanding(reply, expected), *_moves(reply, expected)]
    if expected.products:
        found += _products(reply, expected.products, context)
    if expected.cart:
        found += _cart(reply, expected.cart, context)
    if expected.text:
        found += _text(reply, expected)
    return found


def invariants(reply: Reply, context: Context) -> list[str]:
    """Return what no turn may ever do, expected or not."""
    found = []
    ids = [card.product_id for card in reply.products]
    if len(set(ids)) != len(ids):
        found.append("a product is shown twice")
    for card in reply.products:
        product = context.product(card.product_id)
        if product is None:
            found.append(f"shown product {card.product_id!r} is not in the catalogue")
        elif (product.offer_cents, product.currency) != (card.price_cents, card.currency):
            found.append(f"price of {card.product_id!r} is {card.price_cents}, catalogue says {product.offer_cents}")
        elif not card.label:
            found += _violations(product, reply)
        if not any(claim.evidence for claim in card.why):
            found.append(f"shown product {card.product_id!r} has no reason with evidence")
    if not reply.text.strip():
        found.append("the reply has no text")
    return found


def _violations(product: Product, reply: Reply) -> list[str]:
    """Numeric constraints of the state that an unlabelled card breaks without a relaxation notice."""
    if any(constraint.slot == "price" for constraint in reply.relaxed):
        return []
    found = []
    for c in reply.constraints:
        if c.slot != "price" or isinstance(c.value, str) or c.currency not in {None, product.currency}:
            continue
        over, under = product.offer_cents > c.value * 100, product.offer_cents < c.value * 100
        if (c.op == "lte" and over) or (c.op == "gte" and under):
            found.append(f"{product.product_id!r} at {product.offer_cents / 100} breaks {c.slot} {c.op} {c.value}")
    return found


def _understanding(reply: Reply, expected: Expectation) -> list[str]:
    found = []
    main = reply.intents[0] if reply.intents else None
    if expected.intents and main not in expected.intents:
        found.append(f"main intent is {main}, expected one of {list(expected.intents)}")
    found += [f"intent {name} is missing" for name in expected.also if name not in reply.intents]
    state = reply.constraints
    found += [f"state lacks {_words(e)}" for e in expected.state if not any(matches(c, e) for c in state)]
    found += [f"state has {_words(e)}" for e in expected.state_absent if any(matches(c, e) for c in state)]
    if expected.state_size is not None and len(state) != expected.state_size:
        found.append(
            f"state has {len(state)} constraints, expected {expected.state_size}: {[c.to_json() for c in state]}"
        )
    return found


def matches(constraint: Constraint, expected: StateExpectation) -> bool:
    """Return whether a constraint is the expected one; words compare folded, a letter of inflection is forgiven."""
    if constraint.slot != expected.slot or (expected.op and constraint.op != expected.op):
        return False
    if expected.group is not None and constraint.group != expected.group:
        return False
    if expected.value is None:
        return True
    if isinstance(expected.value, (int, float)) or isinstance(constraint.value, (int, float)):
        return str(constraint.value) == str(expected.value) or constraint.value == expected.value
    ours, theirs = _fold(constraint.value), _fold(expected.value)
    return ours == theirs or (len(theirs) > 3 and DamerauLevenshtein.distance(ours, theirs) <= 1)


def _fold(text: str) -> str:
    words = text.casefold().replace("-", " ").split()
    kept = [word for word in words if word not in {"a", "an", "the", "for", "with", "in"}]
    return " ".join(word[:-1] if word.endswith("s") and len(word) > 3 else word for word in kept)


def _words(expected: StateExpectation) -> str:
    return " ".join(str(part) for part in (expected.slot, expected.op, expected.value) if part is not None)


def _moves(reply: Reply, expected: Expectation) -> list[str]:
    found = []
    if expected.relaxed is not None and {c.slot for c in reply.relaxed} != set(expected.relaxed):
        found.append(f"relaxed {[c.slot for c in reply.relaxed]}, expected {list(expected.relaxed)}")
    if expected.question is not None and bool(reply.question) != expected.question:
        found.append(f"question is {reply.question!r}, expected {'one' if expected.question else 'none'}")
    done = {(action.type, action.status) for action in reply.actions}
    found += [f"action {a.type} {a.status} is missing" for a in expected.actions if (a.type, a.status) not in done]
    if expected.no_actions and any(action.status == "done" for action in reply.actions):
        found.append(f"something was done: {sorted(done)}")
    columns = len(reply.comparison.product_ids) if reply.comparison else 0
    if expected.comparison is not None and columns != expected.comparison:
        found.append(f"comparison has {columns} columns, expected {expected.comparison}")
    if expected.handoff is not None and bool(reply.handoff) != expected.handoff:
        found.append(f"hand-off is {bool(reply.handoff)}, expected {expected.handoff}")
    cited = {ref.split(":")[0] for card in reply.products for claim in card.why for ref in claim.evidence}
    found += [f"no claim cites a {kind}" for kind in expected.evidence_kinds if kind not in cited]
    return found


def _products(reply: Reply, expected: ProductsExpectation, context: Context) -> list[str]:
    products = [p for card in reply.products if (p := context.product(card.product_id))]
    ids = [product.product_id for product in products]
    found = _counts(reply, expected, products)
    for product in products:
        found += [f"{product.title!r} fails {_rule(e)}" for e in expected.all if not holds(product, e)]
        found += [f"{product.title!r} satisfies forbidden {_rule(e)}" for e in expected.none if holds(product, e)]
    found += [f"no product satisfies {_rule(e)}" for e in expected.some if not any(holds(p, e) for p in products)]
    if expected.first and not (products and all(holds(products[0], e) for e in expected.first)):
        found.append(f"the first product fails {[_rule(e) for e in expected.first]}")
    found += _order(products, expected.order)
    found += [
        f"product {p} of turn {t} is missing" for t, p, i in _refs(expected.contains_shown, context) if i not in ids
    ]
    if expected.differ_from_turn is not None and set(ids) & set(context.shown.get(expected.differ_from_turn, ())):
        found.append(f"shows products of turn {expected.differ_from_turn} again")
    if expected.extreme_of_catalogue:
        best = context.extreme(reply, expected.extreme_of_catalogue)
        first = products[0] if products else None
        target = context.product(best) if best else None
        if not (
            first
            and target
            and _key(first, expected.extreme_of_catalogue) == _key(target, expected.extreme_of_catalogue)
        ):
            found.append(f"first product is {ids[:1]}, the catalogue's {expected.extreme_of_catalogue} is {best!r}")
    return found


def _counts(reply: Reply, expected: ProductsExpectation, products: Sequence[Product]) -> list[str]:
    found = []
    if expected.at_least is not None and len(products) < expected.at_least:
        found.append(f"{len(products)} products, expected at least {expected.at_least}")
    if expected.at_most is not None and len(products) > expected.at_most:
        found.append(f"{len(products)} products, expected at most {expected.at_most}")
    labelled = [bool(card.label) for card in reply.products]
    if expected.labelled is not None and not (labelled and all(flag == expected.labelled for flag in labelled)):
        found.append(f"labels are {[card.label for card in reply.products]}, expected labelled={expected.labelled}")
    roles = len({card.role for card in reply.products})
    if expected.roles is not None and roles != expected.roles:
        found.append(f"{roles} product types answered, expected {expected.roles}")
    return found


def holds(product: Product, expected: FieldExpectation) -> bool:
    """Return whether one catalogue field of `product` satisfies the predicate."""
    value = _field(product, expected.field)
    if expected.op in {"lte", "gte"}:
        if value is None:
            return False
        return bool(value <= expected.value if expected.op == "lte" else value >= expected.value)
    folded = "" if value is None else str(value).casefold()
    wanted = [
        str(item).casefold() for item in (expected.value if isinstance(expected.value, list) else [expected.value])
    ]
    inside = any(word in folded for word in wanted)
    equal = folded in wanted
    return {"eq": equal, "ne": not equal, "contains": inside, "lacks": not inside, "in": equal}[expected.op]


def _field(product: Product, name: str) -> Any:  # noqa: ANN401 - catalogue fields have several types
    if name == "price":
        return product.offer_cents / 100
    if name == "path":
        return product.product_type
    if name == "words":
        return " ".join((product.title, product.product_type, product.color, product.material, product.description))
    if name.startswith("attributes."):
        return product.attributes.get(name.removeprefix("attributes."))
    return getattr(product, name)


def _rule(expected: FieldExpectation) -> str:
    return f"{expected.field} {expected.op} {expected.value}"


def _key(product: Product, sort: str) -> float | str:
    if sort.startswith("price"):
        return product.offer_cents
    if sort == "newest":
        return product.released
    return product.popularity if sort == "popular" else product.rating or 0.0


def _order(products: Sequence[Product], sort: str | None) -> list[str]:
    if sort is None:
        return []
    keys = [_key(product, sort) for product in products if product.availability == "in_stock"]
    return [] if keys == sorted(keys, reverse=sort != "price_asc") else [f"not in order {sort}: {keys}"]


def _refs(refs: Iterable[ShownRef], context: Context) -> list[tuple[int, int, str]]:
    found = []
    for ref in refs:
        shown = context.shown.get(ref.turn, ())
        found.append(
            (ref.turn, ref.position, shown[ref.position - 1] if len(shown) >= ref.position else "(nothing there)")
        )
    return found


def _cart(reply: Reply, expected: CartExpectation, context: Context) -> list[str]:
    found = []
    if expected.lines is not None and len(reply.cart) != expected.lines:
        found.append(f"cart has {len(reply.cart)} lines, expected {expected.lines}")
    items = sum(line.quantity for line in reply.cart)
    if expected.items is not None and items != expected.items:
        found.append(f"cart has {items} items, expected {expected.items}")
    products = {line.product_id: context.product(line.product_id) for line in reply.cart}
    groups = {product.group_key for product in products.values() if product}
    for turn, position, product_id in _refs(expected.contains_shown, context):
        wanted = context.product(product_id)
        if wanted is None or wanted.group_key not in groups:
            found.append(f"cart lacks product {position} of turn {turn}")
    for line in reply.cart:
        product = products[line.product_id]
        if product is None or product.offer_cents != line.price_cents:
            found.append(f"cart line {line.product_id!r} has price {line.price_cents}")
        else:
            found += [f"cart line {product.title!r} fails {_rule(e)}" for e in expected.all if not holds(product, e)]
    return found


def _text(reply: Reply, expected: Expectation) -> list[str]:
    text = " ".join((reply.text, reply.question or "")).casefold()
    if expected.text is None:
        return []
    missing = [a for a in expected.text.mentions if not any(word.casefold() in text for word in a)]
    return [f"text mentions none of {list(a)}" for a in missing] + [
        f"text says {word!r}" for word in expected.text.avoids if word.casefold() in text
    ]
