"""From a work dir to the newest checkpoint in it that is whole; those that are not are named."""

from __future__ import annotations

import logging
import struct
import zipfile
from pathlib import Path

from mmengine.logging import print_log
from mmengine.runner.checkpoint import CheckpointLoader

_NEEDED = ("meta", "state_dict", "optimizer")
_LACKS = "it holds no"


def damage_of(path: Path) -> str:
    """What is wrong with a checkpoint to resume from; empty if nothing is.

    Since torch 1.6 a checkpoint is a zip archive with a checksum (CRC-32) for each tensor, which
    torch itself does not look at: all are checked here.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            broken = archive.testzip()
        if broken is not None:
            return f"the checksum of its part {broken} is wrong"
    except (
        zipfile.BadZipFile,
        OSError,
        EOFError,
        ValueError,
        NotImplementedError,
        struct.error,
    ) as error:
        return f"it cannot be read ({error})"
    try:
        checkpoint = CheckpointLoader.load_checkpoint(
            str(path), map_location="cpu", logger="silent"
        )
    except Exception as error:  # whatever unpickling may raise
        return f"it cannot be loaded ({type(error).__name__}: {str(error).splitlines()[0]})"
    missing = [key for key in _NEEDED if key not in checkpoint]
    return f"{_LACKS} {', '.join(missing)}" if missing else ""


def newest_sound_checkpoint(work_dir: str | Path) -> str | None:
    """The checkpoint to resume from: that of ``last_checkpoint``, else the newest sound one.

    Each that is passed over is logged, with what is wrong with it.

    Args:
        work_dir: Of the training.

    Returns:
        Its path, or address where checkpoints lie elsewhere; None if there is none.

    Raises:
        ValueError: if there are some, and none is sound: to begin anew must be said.
    """
    work_dir = Path(work_dir)
    note = work_dir / "last_checkpoint"
    named = note.read_text(errors="replace").strip() if note.is_file() else None
    if named is not None and "://" in named:
        return named
    candidates: list[Path] = []
    found: list[str] = []
    if named is not None:
        candidates = [path for path in (Path(named), work_dir / Path(named).name) if path.is_file()]
        if not candidates:
            found = [
                f"{note} is empty" if not named else f"{note} names {named}, which is not there"
            ]
    others = [x for x in work_dir.glob("*.pth") if not x.name.startswith(("best_", "final"))]
    others.sort(key=lambda path: path.stat().st_mtime_ns, reverse=True)
    seen: set[Path] = set()
    for path in [*candidates, *others]:
        if path.resolve() in seen:
            continue
        seen.add(path.resolve())
        damage = damage_of(path)
        if not damage:
            for each in found:
                print_log(f"{each}: resuming from {path}", "current", logging.WARNING)
            return str(path)
        if path not in others or not damage.startswith(_LACKS):  # weights alone are no damage
            found.append(f"{path} is damaged: {damage}")
    if found:
        raise ValueError(
            f"nothing to resume from: {'; '.join(found)}. To begin anew, leave out --resume"
        )
    return None
