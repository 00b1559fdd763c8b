"""Plays scenarios against a real assistant, each in a conversation of its own, and collects what happened."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import SecretStr

from assistant.bootstrap import open_assistant
from assistant.dialogue.acts import Acts, Drop
from eval.checks import Context, failures

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from assistant.assistant import Assistant
    from assistant.reply import Reply
    from assistant.settings import Settings
    from eval.scenario import Press, Scenario, Step
    from retrieval.types import Sort

Status = Literal["passed", "failed", "expected_failure", "unexpected_pass", "skipped"]


@dataclass(frozen=True, slots=True)
class TurnResult:
    """One turn played: what was said, the reply, and what is wrong with it."""

    said: str
    reply: Reply
    failures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """One scenario played."""

    scenario: Scenario
    status: Status
    turns: tuple[TurnResult, ...] = ()
    reason: str = ""

    @property
    def failures(self) -> tuple[str, ...]:
        """Every failure with its 1-based turn."""
        return tuple(f"turn {n}: {text}" for n, turn in enumerate(self.turns, 1) for text in turn.failures)


class Runner:
    """Plays scenarios over one store; the shop database is a fresh temporary one, so runs repeat exactly."""

    def __init__(self, settings: Settings) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="shoptalk-eval-")
        url = f"sqlite:///{Path(self._directory.name) / 'shop.sqlite'}"
        self._settings = settings.model_copy(update={"database_url": SecretStr(url)})
        self._assistant = open_assistant(self._settings)

    def close(self) -> None:
        """Close the assistant and forget the temporary database."""
        self._assistant.close()
        self._directory.cleanup()

    def run(self, scenarios: Sequence[Scenario], *, progress: Callable[[Result], None] | None = None) -> list[Result]:
        """Play every scenario in order."""
        results = []
        for scenario in scenarios:
            result = self.play(scenario)
            results.append(result)
            if progress:
                progress(result)
        return results

    def play(self, scenario: Scenario) -> Result:
        """Play one scenario; stop at nothing, so that later turns are reported too."""
        if scenario.store == "sample" and not self._settings.is_sample:
            return Result(scenario, "skipped", reason="needs the sample store")
        talk = _Talk(self._assistant, scenario)
        for step in scenario.turns:
            if step.restart:
                self._assistant.close()
                self._assistant = open_assistant(self._settings)
                talk.assistant = self._assistant
            talk.take(step)
        failed = any(turn.failures for turn in talk.turns)
        if scenario.expected_failure:
            status: Status = "expected_failure" if failed else "unexpected_pass"
        else:
            status = "failed" if failed else "passed"
        return Result(scenario, status, tuple(talk.turns), scenario.expected_failure or "")


class _Talk:
    """One conversation in progress."""

    def __init__(self, assistant: Assistant, scenario: Scenario) -> None:
        self.assistant = assistant
        self.turns: list[TurnResult] = []
        self._user = scenario.persona
        self._conversation = assistant.start(user_id=scenario.persona)
        self._shown: dict[int, tuple[str, ...]] = {}
        self._last_shown: tuple[str, ...] = ()

    def take(self, step: Step) -> None:
        """Say or press, then judge the reply."""
        if step.undo:
            self.assistant.undo(self._conversation, user_id=self._user)
            said, reply = "(undo)", self.assistant.current(self._conversation, user_id=self._user)
            reply = replace(reply, text="(taken back)")
        else:
            said, acts = (step.say or "", None) if step.press is None else self._press(step.press)
            reply = self.assistant.respond(said, conversation_id=self._conversation, user_id=self._user, acts=acts)
        self._shown[len(self.turns) + 1] = tuple(card.product_id for card in reply.products)
        self._last_shown = tuple(card.product_id for card in reply.products) or self._last_shown
        context = Context(self.assistant.catalogue_product, self._extreme, self._shown)
        found = [] if step.undo and not self.turns else failures(reply, step.expect, context)
        self.turns.append(TurnResult(said, reply, tuple(found)))

    def _press(self, press: Press) -> tuple[str, Acts]:
        positions = press.positions or ((press.position,) if press.position else ())
        ids = tuple(self._last_shown[p - 1] for p in positions if p <= len(self._last_shown))
        drop = (Drop(press.slot),) if press.slot else ()
        words = f"{press.act.replace('_', ' ')} {press.slot or ' '.join(ids)}".strip()
        return words, Acts((press.act,), drop=drop, product_ids=ids)

    def _extreme(self, reply: Reply, sort: Sort) -> str | None:
        constraints = tuple(c for c in reply.constraints if c.slot not in {"sort", "quantity", "order_id"})
        ranking = self.assistant.search("", constraints=constraints, n=1, sort=sort)
        return ranking.hits[0].product.product_id if ranking.hits else None


def summary(results: Sequence[Result]) -> dict[str, int]:
    """Count results in the contract's shape; an unexpected pass is a failure of the scenario's own claim."""
    count = [result.status for result in results].count
    return {
        "n": len(results),
        "passed": count("passed"),
        "failed": count("failed") + count("unexpected_pass"),
        "expected_failures": count("expected_failure"),
        "skipped": count("skipped"),
    }
