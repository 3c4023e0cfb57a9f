"""What becomes of damaged pictures: an error, a warning, or a flag in the clip."""

from __future__ import annotations

import warnings
from collections.abc import Iterable

import numpy as np

from .errors import CorruptVideoError
from .index import Picture

ON_DAMAGE = ("raise", "warn", "keep")


class Damage:
    """The damaged pictures of one read.

    Args:
        on_damage: One of :data:`ON_DAMAGE`.
        path, codec: For errors.

    Raises:
        ValueError: If ``on_damage`` is another.
    """

    def __init__(self, on_damage: str, *, path: str, codec: str) -> None:
        check_on_damage(on_damage)
        self._on_damage = on_damage
        self._path = path
        self._codec = codec
        self._displays: set[int] = set()

    @property
    def raises(self) -> bool:
        """Nothing damaged is returned."""
        return self._on_damage == "raise"

    def forget(self) -> None:
        """Begin another read."""
        self._displays.clear()

    def found(self, problem: str, display: int | None, *, cause: Exception | None = None) -> None:
        """Say that a picture is damaged.

        Args:
            problem: What is wrong with it, and what to do about it.
            display: Its display index; None if it is not shown.
            cause: What said so.

        Raises:
            CorruptVideoError: If damaged pictures are not to be returned.
        """
        if self.raises:
            raise CorruptVideoError(
                problem, path=self._path, codec=self._codec, frame=display
            ) from cause
        if display is not None:
            self._displays.add(display)

    def spread(self, pictures: Iterable[Picture]) -> None:
        """What may be predicted from a damaged picture is damaged.

        Args:
            pictures: In decoding order.
        """
        if self._displays:
            for picture in pictures:
                if picture.display != -1 and not self._displays.isdisjoint(picture.references):
                    self._displays.add(picture.display)

    def flags(self, displays: np.ndarray) -> np.ndarray:
        """[N] bool: which frames are damaged, of display indices."""
        return np.array([display in self._displays for display in displays.tolist()], bool)

    def warn(self, flags: np.ndarray, displays: np.ndarray) -> None:
        """Say once what a read returns, if it is to be said."""
        if self._on_damage == "warn" and flags.any():
            frames = sorted(set(displays[flags].tolist()))
            shown = ", ".join(map(str, frames[:8])) + (", …" if len(frames) > 8 else "")
            warnings.warn(f"{self._path}: damaged frames are returned: {shown}", stacklevel=4)


def check_on_damage(on_damage: str) -> None:
    """Raises ValueError for what is none of :data:`ON_DAMAGE`."""
    if on_damage not in ON_DAMAGE:
        allowed = ", ".join(map(repr, ON_DAMAGE))
        raise ValueError(f"on_damage={on_damage!r} is not one of {allowed}")
