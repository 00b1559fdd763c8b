"""Encoders by name; each is imported only when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from retrieval.errors import EncoderError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from retrieval.encoder.base import Encoder


def _sentence() -> Encoder:
    from retrieval.encoder.sentence import OnnxEncoder

    return OnnxEncoder()


def _hashing() -> Encoder:
    from retrieval.encoder.hashing import HashingEncoder

    return HashingEncoder()


_ENCODERS: dict[str, Callable[[], Encoder]] = {"sentence": _sentence, "hashing": _hashing}


def names() -> tuple[str, ...]:
    """Return the encoders that `get` knows."""
    return tuple(sorted(_ENCODERS))


INSTALLED: Final = "encoder"  # the folder of a store that holds weights of its own


def get(name: str, *, store_dir: Path | None = None) -> Encoder:
    """Return a new encoder; the sentence encoder with the weights that a store has of its own, where it has any.

    Raises:
        EncoderError: The name is unknown, or the encoder's weights do not load.
    """
    if name not in _ENCODERS:
        msg = f"unknown encoder {name!r}: choose one of {', '.join(names())}"
        raise EncoderError(msg)
    if name == "sentence" and store_dir is not None and (store_dir / INSTALLED).is_dir():
        from retrieval.encoder.sentence import OnnxEncoder

        return OnnxEncoder(store_dir / INSTALLED)
    return _ENCODERS[name]()
