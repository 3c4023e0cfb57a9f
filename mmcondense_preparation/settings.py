"""A folder of results is begun with settings, and goes on with these only; small files in it."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .places import Place, read, write


def claim(record: str, settings_of: Mapping[Place, dict[str, Any]]) -> None:
    """Record settings in each place before the first result; several may at once.

    Raises:
        ValueError: If a place was begun with other settings; then nothing is written.
        OSError: If a record cannot be read or written.
    """
    begun = []
    for place, settings in settings_of.items():
        wanted = json.loads(json.dumps(settings))
        try:
            found = json.loads(read_below(place, record))
        except FileNotFoundError:
            begun.append((place, wanted))
            continue
        if found != wanted:
            raise ValueError(
                f"{place} was begun with {found}, asked for {wanted}: choose another folder"
            )
    for place, wanted in begun:
        write_below(place, record, (json.dumps(wanted, indent=2) + "\n").encode())


def read_below(place: Place, name: str) -> bytes:
    """A file below a folder, or an address.

    Raises:
        FileNotFoundError: If it is not there.
        OSError: If it cannot be read.
    """
    return read(f"{place}/{name}") if isinstance(place, str) else (place / name).read_bytes()


def write_below(place: Place, name: str, data: bytes) -> None:
    """Write a small file, whole under its name, below a folder, or an address.

    Raises:
        OSError: If that fails.
    """
    if isinstance(place, str):
        write(data, f"{place}/{name}")
        return
    path = place / name
    path.parent.mkdir(parents=True, exist_ok=True)
    write_aside(path, data)


def write_aside(path: Path, data: bytes) -> None:
    """Write a small file that is whole under its name, whoever else writes it now."""
    part = path.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        part.write_bytes(data)
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
