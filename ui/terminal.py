"""The terminal chat: the same assistant, drawn with rich."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

if TYPE_CHECKING:
    from assistant.assistant import Assistant
    from assistant.reply import Card, Comparison, Reply

_HELP = "Commands: /cart, /undo, /quit. Anything else is talk."
_SCRIPT = (
    "Hi! I'm looking for trail running shoes under 140",
    "make that waterproof ones, and not black",
    "compare the first two",
    "add the second one to my cart",
    "size 10",
    "how long do I have to return them?",
    "what's the cheapest desk lamp you have?",
    "show me my cart",
    "thanks, bye",
)
_console = Console()


def converse(assistant: Assistant, *, user_id: str | None = None) -> None:
    """Talk until the shopper leaves (/quit, end of input or Ctrl-C)."""
    conversation = assistant.start(user_id=user_id)
    _draw(assistant.welcome(conversation_id=conversation))
    _console.print(f"[dim]{_HELP}[/dim]")
    while True:
        try:
            text = _console.input("[bold]you>[/bold] ").strip()
        except (EOFError, KeyboardInterrupt):
            return
        if text in {"/quit", "/exit"}:
            return
        if text == "/undo":
            undone = assistant.undo(conversation, user_id=user_id)
            _console.print("[dim]taken back[/dim]" if undone else "[dim]nothing to take back[/dim]")
        elif text == "/cart":
            _draw_cart(assistant.current(conversation, user_id=user_id))
        elif text:
            _draw(assistant.respond(text, conversation_id=conversation, user_id=user_id))


def play(assistant: Assistant) -> None:
    """Play a scripted conversation; every answer is the real assistant's."""
    conversation = assistant.start()
    _draw(assistant.welcome(conversation_id=conversation))
    for line in _SCRIPT:
        _console.print(f"\n[bold]you>[/bold] {escape(line)}")
        _draw(assistant.respond(line, conversation_id=conversation))


def _draw(reply: Reply) -> None:
    _console.print(f"[bold cyan]shop>[/bold cyan] {escape(reply.text)}")
    if reply.products:
        _console.print(_cards(reply.products))
    if reply.comparison:
        _console.print(_comparison(reply.comparison))
    if reply.actions or any(intent in {"view_cart", "checkout"} for intent in reply.intents):
        _draw_cart(reply)
    if reply.question and reply.question not in reply.text:
        _console.print(f"[cyan]{escape(reply.question)}[/cyan]")
    if reply.quick_replies:
        _console.print("[dim]" + escape("  |  ".join(reply.quick_replies)) + "[/dim]")


def _cards(cards: tuple[Card, ...]) -> Table:
    table = Table("#", "product", "price", "rating", "why", box=None, padding=(0, 1))
    for number, card in enumerate(cards, start=1):
        price = f"{card.price_cents / 100:.2f} {card.currency}"
        rating = f"{card.rating:.1f} ({card.n_ratings})" if card.rating else ""
        title = escape(card.title) + (f" [yellow]{escape(card.label)}[/yellow]" if card.label else "")
        table.add_row(str(number), title, price, rating, escape("; ".join(claim.claim for claim in card.why)))
    return table


def _comparison(comparison: Comparison) -> Table:
    table = Table("", *(escape(title) for title in comparison.titles))
    for name, values in comparison.rows:
        table.add_row(escape(name), *(escape(value) for value in values))
    return table


def _draw_cart(reply: Reply) -> None:
    lines = [f"{line.quantity} x {line.title}  {line.price_cents / 100:.2f} {line.currency}" for line in reply.cart]
    total = sum(line.quantity * line.price_cents for line in reply.cart)
    end = f"Total {total / 100:.2f} {reply.cart[0].currency}" if reply.cart else "empty"
    _console.print(Panel(escape("\n".join([*lines, end])), title="cart", expand=False))
