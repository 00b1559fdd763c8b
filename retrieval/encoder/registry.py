"""Encoders by name; each is imported only when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retrieval.errors import EncoderError

if TYPE_CHECKING:
    from collections.abc import Callable

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


def get(name: str) -> Encoder:
    """Return a new encoder.

    Raises:
        EncoderError: The name is unknown, or the encoder's weights do not load.
    """
    if name not in _ENCODERS:
        msg = f"unknown encoder {name!r}: choose one of {', '.join(names())}"
        raise EncoderError(msg)
    return _ENCODERS[name]()
