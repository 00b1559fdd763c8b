"""One turn as the rules see it: state, acts, items meant and facts, with what can be read off them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assistant.dialogue.acts import Acts, Intent
    from assistant.dialogue.facts import Facts
    from assistant.dialogue.references import Resolved
    from assistant.dialogue.state import DialogueState

_LISTING: frozenset[Intent] = frozenset({"search", "refine", "relax", "recommend", "more_like_this"})


@dataclass(frozen=True, slots=True)
class Turn:
    """Everything a rule may look at."""

    state: DialogueState
    acts: Acts
    resolved: Resolved
    facts: Facts

    @property
    def shown(self) -> tuple[str, ...]:
        """The product ids on the screen, in screen order."""
        return tuple(item.product_id for item in self.state.shown)

    @property
    def changes(self) -> bool:
        """Whether the turn changes what is searched for."""
        return bool(self.acts.add or self.acts.drop or self.proposed)

    @property
    def proposed(self) -> bool:
        """Whether the turn says yes to constraints that the assistant proposed."""
        question = self.state.answering
        return bool(question and question.proposes and "affirm" in self.acts.intents)

    @property
    def names_type(self) -> bool:
        """Whether the turn itself names a product type."""
        return any(c.slot == "category" and c.op == "eq" for c in self.acts.add)

    @property
    def lists_anyway(self) -> bool:
        """Whether a wish of the turn shows products by itself."""
        return bool(_LISTING.intersection(self.acts.intents))

    @property
    def groups(self) -> list[int]:
        """The product types asked for together, by number."""
        return sorted({c.group for c in self.state.of("category") if c.op == "eq"}) or [0]

    @property
    def touched_groups(self) -> list[int]:
        """The groups to search: those the turn touches, all of them where it touches what they share."""
        touched = {c.group for c in self.acts.add}
        return [g for g in self.groups if g in touched] if touched and 0 not in touched else self.groups

    @property
    def asks_about_item(self) -> bool:
        """Whether "the first one in size 2" is asked: an item pointed at, nothing added but its size or colour."""
        add = self.acts.add
        details = bool(add) and all(c.slot in {"size", "color"} and c.op == "eq" for c in add)
        return details and self.acts.intents == ("refine",) and self._points

    @property
    def only_points(self) -> bool:
        """Whether the turn names an item and nothing else: it answers "which one?", or wants to hear of it."""
        return self.acts.main in {"refine", "affirm"} and not self.changes and self._points

    @property
    def keeps_to_ideas(self) -> bool:
        """Whether ideas were asked for before and only their bounds change: there is no type to search for."""
        wanted = any(c.op == "eq" for c in self.state.of("category"))
        return self.state.listing == "recommend" and not wanted and self.acts.main in {"refine", "relax", "affirm"}

    @property
    def _points(self) -> bool:
        return bool(self.acts.references) and bool(self.resolved.product_ids)
