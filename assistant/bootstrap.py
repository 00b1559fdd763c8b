"""From settings to an assistant: the only place that names concrete classes."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from pydantic import ValidationError

from assistant.errors import SettingsError
from assistant.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from assistant.assistant import Assistant
    from assistant.history.database import Database
    from assistant.history.store import SqlEventStore
    from assistant.nlu.base import Parser
    from assistant.recommender.base import Recommender
    from assistant.service.knowledge import KnowledgeBase
    from assistant.turn.house import House
    from retrieval.store import Store

_PRIVATE = frozenset({"api_key", "database_url", "extra_body", "password_hash", "url"})


def read_settings(*, store: Path | None = None) -> Settings:
    """Read the environment once; `store` overrides `SHOPTALK_STORE`.

    Raises:
        SettingsError: A variable has a value that cannot be.
    """
    try:
        return Settings(store=store) if store is not None else Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "SHOPTALK_" + "__".join(str(part) for part in first["loc"]).upper()
        given = first.get("input")
        # A whole section (a dict) or an address may hold a key or a password: neither is repeated.
        said = f"={given!r}" if isinstance(given, str | int | float) and first["loc"][-1] not in _PRIVATE else ""
        raise SettingsError(f"{name}{said} cannot be used: {first['msg'].removeprefix('Value error, ')}") from error


def open_parser(settings: Settings) -> Parser:
    """Return the parser alone, without a store.

    Raises:
        ModelError: The language model that `settings` name cannot be loaded.
    """
    from assistant.llm.registry import open_model
    from assistant.nlu.parser import ModelParser

    return ModelParser(open_model(settings.model))


def open_store(settings: Settings, *, wait: bool = True) -> Store:
    """Return the store with its indexes; the sample store is prepared on first use.

    Args:
        settings: Name the store.
        wait: Whether indexes of another encoder or version are rebuilt first, or beside those that answer meanwhile.

    Raises:
        StoreError: There is no store at that place, or it is in use by a writer.
    """
    from retrieval.store import CATALOGUE, Store

    if settings.is_sample:
        from assistant.sample.prepare import prepare

        prepare(settings.store_dir)
    elif not (settings.store_dir / CATALOGUE).is_file():
        where = str(settings.store_dir)
        raise SettingsError(f"there is no store at {where!r}: make one with `shoptalk ingest FEED --store {where}`")
    return Store.open(settings.store_dir, wait=wait)


def open_assistant(settings: Settings, *, wait: bool = True) -> Assistant:
    """Return the assistant over the store that `settings` name.

    Raises:
        AssistantError: A part of the assistant cannot be opened.
        RetrievalError: The store cannot be opened.
    """
    from assistant.assistant import Assistant
    from assistant.commerce.cart import CartStore
    from assistant.commerce.orders import OrderStore
    from assistant.commerce.users import UserStore
    from assistant.history.conversations import ConversationStore
    from assistant.history.profile import Profiles
    from assistant.history.store import SqlEventStore
    from assistant.sample.pictures import draw
    from assistant.service.orders import OrderDesk
    from assistant.turn.house import House

    store = open_store(settings, wait=wait)
    database = open_database(settings)
    events, orders = SqlEventStore(database), OrderStore(database)
    knowledge = _open_knowledge(settings)
    conversations = ConversationStore(database)
    conversations.purge(older_than=timedelta(days=settings.retention_days))
    house = House(
        settings=settings,
        store=store,
        database=database,
        parser=open_parser(settings),
        recommender=_recommender(store, events),
        events=events,
        profiles=Profiles(events, products=store.catalogue.get),
        conversations=conversations,
        carts=CartStore(database),
        orders=orders,
        desk=OrderDesk(orders, knowledge),
        knowledge=knowledge,
        users=UserStore(database),
        draw=draw,
        name=settings.shop_name,
    )
    _warm_up(house)
    return Assistant(house)


def _warm_up(house: House) -> None:
    """Load what the first turn would otherwise wait for."""
    from assistant.nlu.base import Turn
    from retrieval.types import Query

    house.store.knows_word("shoptalk")
    house.store.retriever.search(Query("hello", n=1))
    house.store.retriever.facets(Query())
    house.parser.parse(Turn("hello"))


def open_database(settings: Settings) -> Database:
    """Return the shop database that `settings` name, with the people of the sample store where that is in use.

    Raises:
        HistoryError: It cannot be reached, or was written by another version.
    """
    from assistant.history.database import Database

    url = settings.database_url.get_secret_value() if settings.database_url else settings.store_dir / "shop.sqlite"
    database = Database.open(url)
    if settings.is_sample:
        from assistant.sample.prepare import load_people

        load_people(database)
    return database


def _open_knowledge(settings: Settings) -> KnowledgeBase:
    from assistant.service.knowledge import KnowledgeBase

    folder = settings.policies or settings.store_dir / "policies"
    if settings.policies is None and settings.is_sample:
        from assistant.sample.store import policies_dir

        folder = policies_dir()
    if not folder.is_dir():
        if settings.policies is not None:
            raise SettingsError(f"SHOPTALK_POLICIES={str(folder)!r} is no directory: give one with Markdown documents")
        return KnowledgeBase(())
    return KnowledgeBase.load(folder)


def _recommender(store: Store, events: SqlEventStore) -> Recommender:
    from assistant.recommender.blend import BlendRecommender

    recommender = BlendRecommender(
        store.catalogue,
        products=lambda: (product for batch in store.catalogue.products() for product in batch),
        interactions=events.interactions,
        stamp=lambda: (store.catalogue.revision(), events.revision()),
        vectors=store.vectors,
    )
    recommender.prepare()
    return recommender
