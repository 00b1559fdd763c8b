"""From the shopper's words to acts: a quick reply means what it says, anything else is parsed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from assistant.dialogue.acts import Drop
from assistant.dialogue.answers import answered
from assistant.dialogue.lexicon import lexicon, words
from assistant.dialogue.policy import doubt, unsure
from assistant.nlu.base import Turn as Heard
from assistant.turn.shopparser import ShopParser

if TYPE_CHECKING:
    from assistant.dialogue.acts import Acts
    from assistant.dialogue.state import DialogueState
    from assistant.history.conversations import Conversation
    from assistant.turn.house import House
    from retrieval.types import Constraint


def read(house: House, message: str, conversation: Conversation) -> Acts:
    """Return what `message` says in its conversation.

    Raises:
        ParseError: The model behind the parser cannot answer at all.
    """
    acts = answered(conversation.state, message)
    if acts is not None:
        return acts
    previous, ours = house.conversations.last_exchange(conversation)
    heard = Heard(message, conversation.state, assistant_text=ours, previous_text=previous)
    acts = ShopParser(house.parser, house.store).parse(heard)
    acts = _only_named(_exclusive(acts, conversation.state, message), conversation.state, message)
    acts = doubt(acts, recognised=recognised(house, message))
    trusted = acts.confidence >= house.settings.model.min_confidence or "human_agent" in acts.intents
    return acts if trusted else unsure(acts)


def _exclusive(acts: Acts, state: DialogueState, message: str) -> Acts:
    """Let "only these", and another size, take the place of what was wanted before instead of joining it."""
    said, known = set(words(message)), lexicon()
    slots = {c.slot for c in acts.add if c.op == "eq" and c.slot != "category"}
    if not known["only"] & said:
        slots &= {"size"} if not known["joining"] & said else set()
    spent = tuple(Drop(c.slot, c.value, c.group) for c in state.constraints if c.slot in slots and _replaced(c, acts))
    return replace(acts, drop=acts.drop + tuple(d for d in spent if d not in acts.drop))


def _replaced(constraint: Constraint, acts: Acts) -> bool:
    """Whether a wish gives way to one of the same kind: a size by label ("8", "XL") to another, not to "2 litres"."""
    if constraint.op != "eq":
        return False
    if constraint.slot != "size":
        return True
    sizes = (str(c.value) for c in acts.add if c.slot == "size" and c.group == constraint.group)
    return len(str(constraint.value).split()) == 1 and all(len(size.split()) == 1 for size in sizes)


def _only_named(acts: Acts, state: DialogueState, message: str) -> Acts:
    """Take a message that says nothing but an item's name for a question about it: a name alone buys nothing."""
    names = {word for item in state.shown for word in words(item.title)}
    bare = bool(words(message)) and set(words(message)) <= names
    if acts.intents == ("add_to_cart",) and bare and state.pending is None:
        return replace(acts, intents=("ask_product",))
    return acts


def recognised(house: House, message: str) -> float:
    """Return the share of the message's words that the shop or the language knows, 0..1; 1 for no words at all."""
    said = words(message)
    if not said:
        return 0.0 if message.strip() else 1.0
    return sum(house.store.knows_word(word) for word in said) / len(said)
