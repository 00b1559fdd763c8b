"""Settings of `retrieval`, read once from the environment (`SHOPTALK_RETRIEVAL__...`)."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class RetrievalSettings(BaseSettings):
    """Tunables of search.

    Attributes:
        dense_weight: Share of the dense score in the fused score, 0..1.
        candidates: How many of the best of each list are fused.
        chroma_url: HTTP address of a Chroma server; "" for the embedded one.
        encoder: Name in the encoder registry.
        lexicon: Directory of the merchant's own word lists, added to those in `retrieval/lexicon`.
    """

    model_config = SettingsConfigDict(env_prefix="SHOPTALK_RETRIEVAL__", frozen=True, extra="forbid")

    dense_weight: float = Field(default=0.4, ge=0.0, le=1.0)
    candidates: int = Field(default=200, ge=10, le=2000)
    chroma_url: str = ""
    encoder: str = "sentence"
    lexicon: Path | None = None
