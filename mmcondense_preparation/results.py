"""Where a tool's results go: a folder, or an address, with a folder for what is known of them."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .places import Place, is_address
from .settings import claim, write_below


@dataclass(frozen=True)
class Results:
    """Files below ``place``, the same whichever it is, and manifests in ``state``."""

    place: Place
    """Folder or address, as the user named it."""
    state: Path
    """Folder of the manifest and of what is not whole yet: ``place``, unless that is an address."""

    @property
    def store(self) -> str | None:
        """The address, if it is one."""
        return self.place if isinstance(self.place, str) else None

    def claim(self, record: str, settings: dict[str, Any]) -> None:
        """Record what decides the results before the first of them.

        Raises:
            ValueError: If the place was begun with other settings, or ``state`` for another place.
            OSError: If the record cannot be read or written.
        """
        settings_of: dict[Place, dict[str, Any]] = {self.place: settings}
        if self.store is not None:
            settings_of[self.state] = dict(settings, dst=self.store)
        claim(record, settings_of)

    def write(self, name: str, data: bytes) -> None:
        """Write a small file that comes with the results. Raises OSError."""
        write_below(self.place, name, data)


def add_state_argument(parser: argparse.ArgumentParser, *, of: str) -> None:
    """Add ``--state``.

    Args:
        of: What the user calls the argument for the results.
    """
    parser.add_argument(
        "--state",
        type=Path,
        metavar="DIR",
        help=f"folder of the manifest, which all parts see, where {of} is an address",
    )


def results_of(
    parser: argparse.ArgumentParser, place: Place, state: Path | None, *, of: str
) -> Results:
    """What the two flags say; ends the program with one line where they do not go together."""
    if (state is not None) != is_address(place):
        parser.error(f"--state goes with {of} such as s3://...")
    return Results(place, Path(place) if state is None else state)
