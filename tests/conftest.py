"""What tests of the whole house share: the real sample store, with a shop database of their own."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings as hypothesis_settings
from pydantic import SecretStr

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assistant.assistant import Assistant
    from assistant.settings import Settings

# The same examples in every run, so that a red test is about the change; HYPOTHESIS_PROFILE=explore draws new ones.
hypothesis_settings.register_profile("steady", derandomize=True, deadline=None)
hypothesis_settings.register_profile("explore", deadline=None)
hypothesis_settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))


@pytest.fixture(scope="session")
def sample_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The sample store (prepared on first use), talk and carts in a temporary database."""
    from assistant.settings import Settings

    path = tmp_path_factory.mktemp("shop") / "shop.sqlite"
    return Settings(database_url=SecretStr(f"sqlite:///{path}"))


@pytest.fixture(scope="session")
def shop(sample_settings: Settings) -> Iterator[Assistant]:
    """The real assistant over the real sample store."""
    from assistant.bootstrap import open_assistant

    assistant = open_assistant(sample_settings)
    yield assistant
    assistant.close()
