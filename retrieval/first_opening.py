"""Several processes that make the tables of one new database at once: whoever comes second looks again."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Final

from sqlalchemy.exc import DBAPIError

if TYPE_CHECKING:
    from collections.abc import Callable

_RACED: Final = re.compile(r"already exists|is locked|unique", re.IGNORECASE)
_WITHIN_S: Final = 10.0
_PAUSE_S: Final = 0.05


def beside_others(make: Callable[[], None]) -> None:
    """Run `make`, which makes what is missing, again for as long as another process is making the same.

    Raises:
        SQLAlchemyError: It fails for another reason, or still does after ten seconds.
    """
    end = time.monotonic() + _WITHIN_S
    while True:
        try:
            make()
        except DBAPIError as error:
            if not _RACED.search(str(error.orig)) or time.monotonic() > end:
                raise
            time.sleep(_PAUSE_S)
        else:
            return
