"""What an operator may set: environment variables `SHOPTALK_*`, nested with `__`, read once by `bootstrap`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, JsonValue, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

_ROOT = Path(__file__).resolve().parent.parent


class ModelSettings(BaseModel):
    """Which language model understands the shopper, and how long and how hard it is asked.

    Attributes:
        backend: `embedded` ships with ShopTalk; `hf` loads a causal model with transformers; `openai_server` asks any
            server that speaks the OpenAI API; `scripted` is the double for tests.
        name: For `hf` a directory or a name on the hub, for `openai_server` the model's name there.
        url: Of the server, up to and with its version: `http://127.0.0.1:8000/v1`.
        api_key: Sent to the server as a bearer token.
        timeout_s: Seconds a turn waits for an answer, retries included.
        max_retries: How often a request is repeated that met 429, a 5xx status or a broken connection.
        max_output_tokens: Longest answer, in tokens of the model.
        max_answer_bytes: Longest answer of a server, in bytes; a longer one is refused while it is read.
        extra_body: Further fields of each request, say `{"chat_template_kwargs": {"enable_thinking": false}}`; null
            takes a field out.
        device_map: Where accelerate puts the model: `auto`, `cpu`, `cuda:0`, ...
        dtype: Of the weights; `auto` keeps what they were saved in.
        fallback: Who answers a turn that the model cannot.
        breaker_failures: After so many failures in a row the model is left alone ...
        breaker_pause_s: ... for so many seconds; then one turn tries again.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    backend: Literal["embedded", "scripted", "hf", "openai_server"] = "embedded"
    name: str = Field(default="", max_length=400)
    url: str | None = None
    api_key: SecretStr | None = None
    timeout_s: float = Field(default=20.0, gt=0, le=600)
    max_retries: int = Field(default=2, ge=0, le=10)
    max_output_tokens: int = Field(default=512, ge=16, le=8_192)
    max_answer_bytes: int = Field(default=65_536, ge=1_024, le=4_194_304)
    extra_body: dict[str, JsonValue] = Field(default_factory=dict)
    device_map: str = "auto"
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    fallback: Literal["embedded", "none"] = "embedded"
    breaker_failures: int = Field(default=3, ge=1, le=100)
    breaker_pause_s: float = Field(default=30.0, gt=0, le=3_600)
    min_confidence: float = Field(
        default=0.07, ge=0, le=1, description="Below it the assistant asks instead of acting."
    )

    @field_validator("url")
    @classmethod
    def _usable(cls, url: str | None) -> str | None:
        if url is None:
            return None
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            msg = "give an address such as http://127.0.0.1:8000/v1"
            raise ValueError(msg)
        if "@" in parts.netloc or parts.query or parts.fragment:
            msg = "the address takes no user, query or fragment; a key goes into SHOPTALK_MODEL__API_KEY"
            raise ValueError(msg)
        return url.rstrip("/") if parts.path.strip("/") else f"{url.rstrip('/')}/v1"

    @field_validator("api_key")
    @classmethod
    def _sendable(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None and not (key.get_secret_value().isascii() and key.get_secret_value().isprintable()):
            msg = "a key is plain ASCII on one line"
            raise ValueError(msg)
        return key

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.backend == "openai_server" and not self.url:
            msg = "backend openai_server needs SHOPTALK_MODEL__URL, such as http://127.0.0.1:8000/v1"
            raise ValueError(msg)
        if self.backend in {"hf", "openai_server"} and not self.name:
            msg = f"backend {self.backend} needs SHOPTALK_MODEL__NAME, the model's directory or name"
            raise ValueError(msg)
        return self


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

    model_config = SettingsConfigDict(
        env_prefix="SHOPTALK_",
        env_nested_delimiter="__",
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,
    )

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
