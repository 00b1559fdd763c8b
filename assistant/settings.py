"""What an operator may set: environment variables `SHOPTALK_*`, nested with `__`, read once by `bootstrap`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

_ROOT = Path(__file__).resolve().parent.parent


class ModelSettings(BaseModel):
    """Which language model understands the shopper."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    backend: Literal["embedded", "scripted"] = "embedded"
    min_confidence: float = Field(
        default=0.03, ge=0, le=1, description="Below it the assistant asks instead of acting."
    )


class Settings(BaseSettings):
    """Everything the assistant reads from its surroundings.

    Attributes:
        store: Directory of the catalogue and its indexes; None means the sample store.
        database_url: SQLAlchemy URL of the shop database (events, talk, carts, orders); None keeps it in the store.
        policies: Directory of the shop's policy documents (Markdown); None uses the store's own, if it has any.
        shop_name: How the shop greets; "" greets without a name.
        n_products: Products shown a turn.
        retention_days: Conversations untouched for longer are forgotten.
    """

    model_config = SettingsConfigDict(env_prefix="SHOPTALK_", env_nested_delimiter="__", frozen=True, extra="ignore")

    store: Path | None = None
    database_url: SecretStr | None = None
    policies: Path | None = None
    shop_name: str = Field(default="", max_length=60)
    n_products: int = Field(default=6, ge=1, le=20)
    retention_days: int = Field(default=365, ge=1)
    model: ModelSettings = ModelSettings()

    @property
    def store_dir(self) -> Path:
        """The store in use."""
        return self.store or sample_store_dir()

    @property
    def is_sample(self) -> bool:
        """Whether the store in use is the sample store."""
        return self.store is None or self.store.resolve() == sample_store_dir().resolve()


def sample_store_dir() -> Path:
    """Return where the sample store is prepared: inside a source checkout, else in the user's data directory."""
    if (_ROOT / "pyproject.toml").is_file():
        return _ROOT / ".store" / "sample"
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "shoptalk" / "sample"
