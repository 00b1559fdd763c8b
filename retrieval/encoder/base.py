"""The encoder port: texts in, unit vectors out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray


class Encoder(Protocol):
    """Turns text into embeddings.

    Attributes:
        version: Changes whenever the same text would give another vector; indexes carry it.
        dimension: Length d of an embedding.
    """

    version: str
    dimension: int

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one L2-normalised row a text, float32 (n, d); (0, d) for no text."""
        ...
