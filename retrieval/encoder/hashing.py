"""The deterministic double: hashed words and letter trigrams, no weights; texts that share spelling are near."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

_WORD = re.compile(r"\w+")
WORD_WEIGHT = 3  # a shared word says more than a shared trigram


class HashingEncoder:
    """Feature hashing with signs.

    Attributes:
        version: Names the method and its dimension.
        dimension: Length of an embedding.

    References:
        Weinberger et al., Feature Hashing for Large Scale Multitask Learning, ICML 2009.
    """

    def __init__(self, dimension: int = 256) -> None:
        self.version: str = f"hashing-{dimension}-1"
        self.dimension: int = dimension

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one L2-normalised row a text, float32 (n, d); a text without words is the first unit vector."""
        out = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in enumerate(texts):
            for feature, weight in _features(text).items():
                number = int.from_bytes(hashlib.blake2b(feature.encode(), digest_size=8).digest())
                out[row, number % self.dimension] += weight if number >> 63 else -weight
            if not out[row].any():
                out[row, 0] = 1.0
        unit: NDArray[np.float32] = out / np.linalg.norm(out, axis=1, keepdims=True)
        return unit


def _features(text: str) -> Counter[str]:
    counts: Counter[str] = Counter()
    for word in _WORD.findall(text.lower()):
        counts[word] += WORD_WEIGHT
        counts.update(_trigrams(word))
    return counts


def _trigrams(word: str) -> Iterator[str]:
    framed = f"<{word}>"
    return (f"#{framed[i : i + 3]}" for i in range(len(framed) - 2))
