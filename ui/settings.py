"""What an operator may set about the web application: `SHOPTALK_*`, nested with `__`."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from assistant.errors import SettingsError


class PageSettings(BaseModel):
    """The shopper's page and the limits around it (`SHOPTALK_UI__...`).

    Attributes:
        secret: Signs the cookies; None keeps a random one in the store directory.
        session_days: How long a browser finds its talk and cart again.
        image_hosts: Hosts that product pictures may be loaded from; empty means only this server's own drawings.
        max_body_bytes: Largest request body accepted.
        api_per_minute: REST requests a minute and client.
        turns_per_minute: Turns on the page a minute and client.
        pages_per_minute: Page loads a minute and client.
        sign_ins_per_minute: Staff sign-in attempts a minute and client.
        trusted_proxies: How many proxies in front of this server append to `X-Forwarded-For`; 0 ignores the header.
        turns_shown: Turns of the talk that are drawn; older ones stay in the store.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    secret: SecretStr | None = None
    session_days: int = Field(default=30, ge=1, le=365)
    image_hosts: tuple[str, ...] = ()
    max_body_bytes: int = Field(default=65_536, ge=4_096)
    api_per_minute: int = Field(default=120, ge=1)
    turns_per_minute: int = Field(default=120, ge=1)
    pages_per_minute: int = Field(default=120, ge=1)
    sign_ins_per_minute: int = Field(default=5, ge=1)
    trusted_proxies: int = Field(default=0, ge=0, le=5)
    turns_shown: int = Field(default=12, ge=1, le=50)


class StaffSettings(BaseModel):
    """Who may open the service console and the reports (`SHOPTALK_STAFF__...`).

    Attributes:
        password_hash: As `python -m ui.staff` prints it; None keeps the staff pages closed.
        session_hours: After so many hours staff sign in again.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    password_hash: SecretStr | None = None
    session_hours: int = Field(default=8, ge=1, le=72)


class UiSettings(BaseSettings):
    """Everything the web application reads from its surroundings.

    Attributes:
        shop_name: Shown in the header and the title; "" shows the product's own name.
        api_key: Lets a shop's own programs speak for any shopper; None means no program may.
    """

    model_config = SettingsConfigDict(env_prefix="SHOPTALK_", env_nested_delimiter="__", frozen=True, extra="ignore")

    shop_name: str = Field(default="", max_length=60)
    api_key: SecretStr | None = None
    ui: PageSettings = PageSettings()
    staff: StaffSettings = StaffSettings()

    @property
    def title(self) -> str:
        """How the shop is called on the screen."""
        return self.shop_name or "ShopTalk"


def read_ui_settings() -> UiSettings:
    """Read the environment once.

    Raises:
        SettingsError: A variable has a value that cannot be.
    """
    try:
        return UiSettings()
    except ValidationError as error:
        first = error.errors(include_input=False)[0]  # the value may be a secret
        name = "SHOPTALK_" + "__".join(str(part) for part in first["loc"]).upper()
        message = f"{name} cannot be used: {first['msg']}"
        raise SettingsError(message) from None
