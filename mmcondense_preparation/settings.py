"""A folder of results is begun with settings, and goes on with these only."""

from __future__ import annotations

import json
import os
import uuid
from pathlib import Path
from typing import Any


def claim(folder: Path, record: str, settings: dict[str, Any]) -> None:
    """Record the settings in ``folder/record`` before the first result; several may at once.

    Raises:
        ValueError: If the folder was begun with other settings.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / record
    settings = json.loads(json.dumps(settings))
    if path.exists():
        found = json.loads(path.read_text(encoding="utf-8"))
        if found != settings:
            raise ValueError(
                f"{folder} was begun with {found}, asked for {settings}: choose another folder"
            )
        return
    write_aside(path, (json.dumps(settings, indent=2) + "\n").encode())


def write_aside(path: Path, data: bytes) -> None:
    """Write a small file that is whole under its name, whoever else writes it now."""
    part = path.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        part.write_bytes(data)
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
