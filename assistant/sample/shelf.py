"""The shelves of the sample store, read from `lexicon/departments/*.yaml`.

A department file has defaults, then sections with defaults of their own, then shelves; the nearer value wins, and the
tables `features` and `says` are merged. Keys of a shelf:

- `noun`: as it stands in a title; `names`: series names; `title`: template, where the usual one does not fit.
- `price`: [low, high] in USD; `groups`: how many products (variants not counted).
- `who`: any of men, women, kids, girls, boys, baby, toddler; `sizes`: name of a system in `sizes.yaml`, or a table
  size -> price factor; `colors`: name of a palette in `colors.yaml`; `materials`: list.
- `features`: name -> share of products that have it (0 takes back a default), or list of values, or `{rising: [...]}`
  where dearer products have later values; `headline`: features that stand in the title; `says`: feature -> sentence
  for the description.
- `uses`: what it is for, as follows "for"; `extra`: sentences that suit every product of the shelf.
- `durable`, `aspects`, `silhouette`: for those who review it and draw it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

DEFAULT_GROUPS = 11
_MERGED = ("features", "says")


@dataclass(frozen=True, slots=True)
class Feature:
    """A fact that products of a shelf may have.

    Attributes:
        chance: Share of products that have it, 0..1; 1 where it has `values`.
        values: What it may be; empty for a plain yes or no.
        rising: Whether dearer products have later values.
    """

    name: str
    chance: float = 1.0
    values: tuple[str, ...] = ()
    rising: bool = False


@dataclass(frozen=True, slots=True)
class Shelf:
    """One product type of the shop and what its products may be like. Prices are in USD."""

    name: str
    department: str
    section: str
    noun: str
    google: str
    price_low: float
    price_high: float
    brands: tuple[str, ...]
    names: tuple[str, ...]
    groups: int = DEFAULT_GROUPS
    who: tuple[str, ...] = ()
    sizes: str | Mapping[str, float] = ""
    colors: str = ""
    materials: tuple[str, ...] = ()
    features: tuple[Feature, ...] = ()
    headline: tuple[str, ...] = ()
    says: Mapping[str, str] = field(default_factory=dict)
    uses: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    title: str = ""
    durable: bool = True
    aspects: tuple[str, ...] = ()
    silhouette: str = "box"

    @property
    def path(self) -> str:
        """The `product_type` of its products: "Shoes > Running > Trail running shoes"."""
        return f"{self.department} > {self.section} > {self.name}"


@cache
def table(name: str) -> dict[str, Any]:
    """Return `lexicon/<name>.yaml` as a table."""
    text = (files("assistant.sample") / "lexicon" / f"{name}.yaml").read_text("utf-8")
    loaded: dict[str, Any] = yaml.load(text, Loader=_LOADER)  # noqa: S506 - both loaders are safe ones
    return loaded


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@cache
def shelves() -> tuple[Shelf, ...]:
    """Return every shelf, departments in order of their file names."""
    folder = files("assistant.sample") / "lexicon" / "departments"
    names = sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml"))
    return tuple(shelf for name in names for shelf in _department(table(f"departments/{name}")))


def _department(loaded: dict[str, Any]) -> Iterator[Shelf]:
    for section, content in loaded["sections"].items():
        for name, own in content["shelves"].items():
            yield _shelf(str(name), str(section), _merged(loaded, content, own))


def _merged(*levels: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for level in levels:
        kept = {key: {**values.get(key, {}), **level[key]} for key in _MERGED if key in level}
        values |= {**level, **kept}
    return values


def _shelf(name: str, section: str, values: Mapping[str, Any]) -> Shelf:
    low, high = values["price"]
    sizes = values.get("sizes", "")
    return Shelf(
        name=name,
        department=values["department"],
        section=section,
        noun=values["noun"],
        google=values["google"],
        price_low=float(low),
        price_high=float(high),
        brands=_words(values["brands"]),
        names=_words(values["names"]),
        groups=int(values.get("groups", DEFAULT_GROUPS)),
        who=_words(values.get("who", ())),
        sizes=sizes if isinstance(sizes, str) else {str(k): float(v) for k, v in sizes.items()},
        colors=values.get("colors", ""),
        materials=_words(values.get("materials", ())),
        features=tuple(_feature(str(k), v) for k, v in values.get("features", {}).items() if v),
        headline=_words(values.get("headline", ())),
        says={str(k): str(v) for k, v in values.get("says", {}).items()},
        uses=_words(values.get("uses", ())),
        extra=_words(values.get("extra", ())),
        title=values.get("title", ""),
        durable=bool(values.get("durable", True)),
        aspects=_words(values.get("aspects", ())),
        silhouette=values.get("silhouette", "box"),
    )


def _words(values: Iterable[object]) -> tuple[str, ...]:
    return tuple(str(v) for v in values)


def _feature(name: str, told: dict[str, list[str]] | list[str] | float) -> Feature:
    if isinstance(told, dict):
        return Feature(name, values=_words(told["rising"]), rising=True)
    if isinstance(told, list):
        return Feature(name, values=_words(told))
    return Feature(name, chance=float(told))
