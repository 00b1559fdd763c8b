"""Writes the sample store's data: `python -m assistant.sample.generate --seed 7 --out assistant/sample/data`."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.sample.goods import generate_products
from assistant.sample.lines import write_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

SEED = 7
PRODUCTS = "products.jsonl.gz"


def write_products(out: Path, *, seed: int, scale: float = 1.0) -> list[dict[str, Any]]:
    """Write `out`/products.jsonl.gz and return its rows; the same seed and scale give the same bytes."""
    products = list(generate_products(seed, scale))
    out.mkdir(parents=True, exist_ok=True)
    write_lines(out / PRODUCTS, products)
    return products


def main(arguments: Sequence[str] | None = None) -> int:
    """Write products, then shoppers, events, orders and reviews that speak of them."""
    parser = argparse.ArgumentParser(prog="python -m assistant.sample.generate", description=__doc__)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--out", type=Path, required=True, help="directory to write to; made where missing")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the full size, for trials")
    parser.add_argument("--products-only", action="store_true", help="leave the people and their talk as they are")
    chosen = parser.parse_args(arguments)
    started = time.perf_counter()
    products = write_products(chosen.out, seed=chosen.seed, scale=chosen.scale)
    if not chosen.products_only:
        from assistant.sample.people import write

        write(chosen.out, products, seed=chosen.seed, scale=chosen.scale)
    elapsed_s = time.perf_counter() - started
    sys.stderr.write(f"{len(products)} products written to {chosen.out} in {elapsed_s:.1f} s\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
