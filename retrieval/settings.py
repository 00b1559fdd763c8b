"""Settings of `retrieval`, read once from the environment (`SHOPTALK_RETRIEVAL__...`)."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from retrieval.errors import StoreError
from retrieval.index.languages import ANALYSES, DEFAULT


class RetrievalSettings(BaseSettings):
    """Tunables of search.

    Attributes:
        dense_weight: Share of the dense score in the fused score, 0..1.
        candidates: How many of the best of each list are fused.
        chroma_url: HTTP address of a Chroma server, `http://host:8000`; "" for the embedded one. `SHOPTALK_CHROMA__URL`
            says the same.
        encoder: Name in the encoder registry.
        language: ISO 639-1, whose stemming and stop words the lexical index uses; another one rebuilds it. Chinese,
            Japanese and Korean are found whatever it is.
        lexicon: Directory of the merchant's own word lists, added to those in `retrieval/lexicon`.
    """

    model_config = SettingsConfigDict(
        env_prefix="SHOPTALK_RETRIEVAL__", frozen=True, extra="forbid", validate_default=True
    )

    dense_weight: float = Field(default=0.4, ge=0.0, le=1.0)
    candidates: int = Field(default=200, ge=10, le=2000)
    chroma_url: str = Field(default_factory=lambda: os.environ.get("SHOPTALK_CHROMA__URL", ""))
    encoder: str = "sentence"
    language: str = DEFAULT
    lexicon: Path | None = None

    @field_validator("lexicon", mode="before")
    @classmethod
    def _no_lists(cls, folder: object) -> object:
        """Take "" for none: as a path it would be the folder that the command happens to run in."""
        return folder or None

    @field_validator("language")
    @classmethod
    def _language(cls, language: str) -> str:
        if language not in ANALYSES:
            msg = f"choose one of {', '.join(sorted(ANALYSES))}"
            raise ValueError(msg)
        return language

    @field_validator("chroma_url")
    @classmethod
    def _address(cls, url: str) -> str:
        """Accept "" or scheme, host and port, without a slash at the end."""
        if not url:
            return url
        parts = urlsplit(url)
        bare = parts.path in {"", "/"} and not (parts.query or parts.fragment or parts.username)
        if parts.scheme not in {"http", "https"} or not parts.hostname or not bare or parts.port == 0:
            msg = "the address of a Chroma server is scheme, host and port, say http://127.0.0.1:8000"
            raise ValueError(msg)
        return url.rstrip("/")


def read_settings() -> RetrievalSettings:
    """Read the environment.

    Raises:
        StoreError: A variable has a value that cannot be.
    """
    try:
        return RetrievalSettings()
    except ValidationError as error:
        first = error.errors()[0]
        field = str(first["loc"][0])
        other = " (or SHOPTALK_CHROMA__URL)" if field == "chroma_url" else ""
        name = f"SHOPTALK_RETRIEVAL__{field.upper()}{other}"
        said = first.get("input")
        shown = "" if "@" in str(said) else f"={said!r}"  # an address may hold a password
        raise StoreError(f"{name}{shown} cannot be used: {first['msg'].removeprefix('Value error, ')}") from error
