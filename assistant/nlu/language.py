"""The command language that a parsing model writes: its words, its grammar, and how a turn is put before the model.

    <i:refine> <drop> MARK <add:color:eq> SPAN <sort:price_asc> <ref> MARK <end>

Order: intents (main one first), drops, keeps, adds (group by group, left to right), references. Everything that the
grammar allows compiles to valid acts (`assistant.nlu.parser`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from assistant.dialogue.acts import INTENTS, SLOTS
from assistant.llm.base import Choice, Known, Mark, Prompt, Segment, Span, Token
from assistant.nlu.figures import figures
from retrieval.types import SHOWN, Constraint, Op, Sort

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from retrieval.types import Slot

OPS: tuple[Op, ...] = get_args(Op)
SORTS: tuple[Sort, ...] = get_args(Sort)
WORD_SLOTS: tuple[Slot, ...] = (
    "category", "brand", "color", "material", "style", "feature", "occasion", "recipient", "size",
)  # fmt: skip
SPAN_OPS: dict[Slot, tuple[Op, ...]] = {
    **dict.fromkeys(WORD_SLOTS, ("eq", "ne")),
    "size": ("eq", "ne", "lte", "gte", "approx"),
    "price": ("eq", "lte", "gte", "approx"),
    "rating": ("gte",),
    "quantity": ("eq",),
    "order_id": ("eq",),
}
N_GROUPS = 5
N_POSITIONS = 20
N_WISHES = 24
MAX_INTENTS, MAX_ADDS = 3, 24

END = "<end>"
DROP, KEEP, REF = "<drop>", "<keep>", "<ref>"
COVERS_ALL = "<all>"
INTENT_WORDS = tuple(f"<i:{name}>" for name in INTENTS)
ADD_WORDS = tuple(f"<add:{slot}:{op}>" for slot, ops in SPAN_OPS.items() for op in ops)
CLOSED_WORDS = (*(f"<sort:{name}>" for name in SORTS), "<price:lt>", "<price:gt>", COVERS_ALL)
GROUP_WORDS = tuple(f"<g{k}>" for k in range(N_GROUPS))
SLOT_WORDS = tuple(f"<s:{slot}>" for slot in SLOTS)
OP_WORDS = tuple(f"<o:{op}>" for op in OPS)
POSITION_WORDS = tuple(f"<n{k}>" for k in range(1, N_POSITIONS + 1))
STATE, ITEM, FOCUS = "<has>", "<shown>", "<focus>"
WORDS: tuple[str, ...] = (
    END, DROP, KEEP, REF, *INTENT_WORDS, *ADD_WORDS, *CLOSED_WORDS, *GROUP_WORDS,
    STATE, ITEM, FOCUS, *SLOT_WORDS, *OP_WORDS, *POSITION_WORDS,
)  # fmt: skip
"""Every word; a model's weights keep their own copy and refuse to run with another list."""

GLOSSES: dict[str, str] = {
    END: "end", DROP: "remove", KEEP: "keep", REF: "this", COVERS_ALL: "total", STATE: "wanted", ITEM: "product",
    FOCUS: "that one",
    "<price:lt>": "cheaper", "<price:gt>": "expensive", "<sort:price_asc>": "cheapest",
    "<sort:price_desc>": "most expensive", "<sort:rating_desc>": "best rated", "<sort:newest>": "newest",
    "<sort:popular>": "popular", "<o:eq>": "is", "<o:ne>": "not", "<o:lte>": "at most", "<o:gte>": "at least",
    "<o:approx>": "about", "<o:lt>": "less", "<o:gt>": "more",
}  # fmt: skip


def gloss(word: str) -> str:
    """Return plain English for a word of the language: where its embedding starts before training."""
    if word in GLOSSES:
        return GLOSSES[word]
    parts = word.strip("<>").split(":")
    known = [GLOSSES.get(f"<o:{part}>", part.replace("_", " ")) for part in parts if part not in {"i", "s", "add"}]
    return " ".join(known)


def present(
    text: str,
    assistant_text: str = "",
    *,
    shown: Sequence[str] = (),
    state: Sequence[Constraint] = (),
    focus: Collection[int] = (),
    known: Sequence[Known] = (),
) -> Prompt:
    """Lay a turn out for the model: utterance, last assistant text, shown titles, constraints so far.

    Args:
        text: The utterance.
        assistant_text: What the assistant said last.
        shown: Titles on the screen.
        state: The constraints so far.
        focus: Positions, from 1, of the shown items that the talk is about now.
        known: Which words of the utterance the shop knows; figures are found here.
    """
    items = (Segment("shown", title, _item_marks(k, focus)) for k, title in enumerate(shown[:N_POSITIONS], start=1))
    wishes = (Segment("state", _words_of(c), _marks_of(c)) for c in state[:N_WISHES])
    said = Segment("user", text, known=(*known, *figures(text)))
    return (said, Segment("assistant", assistant_text), *items, *wishes)


def _item_marks(position: int, focus: Collection[int]) -> tuple[str, ...]:
    return (ITEM, POSITION_WORDS[position - 1], *((FOCUS,) if position in focus else ()))


def _marks_of(constraint: Constraint) -> tuple[str, ...]:
    marks = [STATE, f"<s:{constraint.slot}>"]
    if constraint.op != "eq":
        marks.append(f"<o:{constraint.op}>")
    if constraint.group:
        marks.append(GROUP_WORDS[min(constraint.group, N_GROUPS - 1)])
    return tuple(marks)


def _words_of(constraint: Constraint) -> str:
    value = constraint.value
    if value == SHOWN:
        return ""
    return f"{value:g}" if isinstance(value, int | float) else value.replace("_", " ")


class CommandGrammar:
    """The grammar of the command language over one prompt."""

    end = END

    def allowed(self, prompt: Prompt, written: Sequence[Token]) -> Choice:
        """Return what may follow `written`."""
        last = written[-1] if written else ""
        if last in ADD_SET:
            spans = tuple(k for kind in SPAN_KINDS for k in _segments(prompt, kind))
            return Choice(spans=spans, taken=_spans_of_group(written))
        if isinstance(last, str) and last in MARK_KIND:
            return Choice(marks=self._free_marks(prompt, written, last))
        return Choice(words=self._next_words(prompt, written))

    def _free_marks(self, prompt: Prompt, written: Sequence[Token], word: str) -> tuple[int, ...]:
        kind = MARK_KIND[word]
        used = {token.segment for token in written if isinstance(token, Mark)}
        return tuple(k for k in _segments(prompt, kind) if k not in used)

    def _next_words(self, prompt: Prompt, written: Sequence[Token]) -> tuple[str, ...]:
        intents = [token for token in written if token in INTENT_SET]
        if not intents:
            return INTENT_WORDS
        stage = max((STAGE.get(token, 0) for token in written if isinstance(token, str)), default=0)
        n_intents = len(intents) if stage == 0 else MAX_INTENTS
        free_state = len(self._free_marks(prompt, written, DROP)) > 0
        free_shown = len(self._free_marks(prompt, written, REF)) > 0
        n_adds = sum(token in ADD_SET or token in CLOSED_SET for token in written)
        in_group = next((t for t in reversed(written) if isinstance(t, str)), "") in GROUP_WORDS
        words = [w for w in INTENT_WORDS if w not in intents] if n_intents < MAX_INTENTS else []
        words += [w for w, top in ((DROP, 1), (KEEP, 2)) if free_state and stage <= top and not in_group]
        sayable = any(prompt[k].kind in SPAN_KINDS and prompt[k].text.strip() for k in range(len(prompt)))
        if sayable and stage <= STAGE[ADD_WORDS[0]] and n_adds < MAX_ADDS:
            words += [*ADD_WORDS, *(w for w in CLOSED_WORDS if w not in written)]
            words += [] if in_group else [w for w in GROUP_WORDS if w not in written]
        words += [REF] if free_shown and not in_group else []
        return tuple(words if in_group else [*words, END])


ADD_SET, CLOSED_SET, INTENT_SET = frozenset(ADD_WORDS), frozenset(CLOSED_WORDS), frozenset(INTENT_WORDS)
SPAN_KINDS = ("user", "assistant")
MARK_KIND = {DROP: "state", KEEP: "state", REF: "shown"}
STAGE: dict[str, int] = {
    DROP: 1, KEEP: 2, **dict.fromkeys((*ADD_WORDS, *CLOSED_WORDS, *GROUP_WORDS), 3), REF: 4,
}  # fmt: skip


def _spans_of_group(written: Sequence[Token]) -> tuple[Span, ...]:
    """Return the spans of the group that is being written: within a group no word is said twice."""
    group = (k + 1 for k in range(len(written) - 1, -1, -1) if written[k] in GROUP_WORDS)
    return tuple(token for token in written[next(group, 0) :] if isinstance(token, Span))


def _segments(prompt: Prompt, kind: str) -> tuple[int, ...]:
    return tuple(
        k for k, segment in enumerate(prompt) if segment.kind == kind and (segment.text.strip() or segment.marks)
    )


def is_span(token: Token) -> bool:
    """Whether `token` is a copied value."""
    return isinstance(token, Span)
