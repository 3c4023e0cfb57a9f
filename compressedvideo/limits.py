"""How large a video may be, and what is read of it at once: checked before memory is taken."""

from __future__ import annotations

from dataclasses import dataclass, fields

from .errors import LimitError


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a video may ask for. Whoever trusts a source may raise any of them.

    Raises:
        ValueError: If one is no whole number above 0.
    """

    pixels: int = 1 << 25
    """Of a picture: 8K (7680x4320) passes, the 8191x8191 of a forged header does not."""

    packets: int = 1 << 21
    """Of the video: 19 hours of 30 frames per second. Each takes up to 75 bytes in FFmpeg."""

    frames: int = 1 << 16
    """Returned by one call of ``read``."""

    bytes: int = 1 << 34
    """Of one clip: 16 GiB."""

    transcoded_frames: int = 1 << 14
    """Of a video that is re-encoded in memory: nine minutes of 30 frames per second."""

    transcoded_bytes: int = 1 << 28
    """Of what it becomes: 256 MiB."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ValueError(f"limit {field.name}={value!r} must be a whole number above 0")

    def check(self, name: str, value: int, *, path: str | None, codec: str | None = None) -> None:
        """Hold a number against the limit of that name.

        Raises:
            LimitError: If it is larger.
        """
        limit = getattr(self, name)
        if value > limit:
            raise LimitError(
                f"asks for {value} {_MEANING[name]}, and at most {limit} are allowed; "
                f"if you trust it, pass limits=Limits({name}={value})",
                path=path,
                codec=codec,
            )


_MEANING = {
    "pixels": "pixels a picture",
    "packets": "packets",
    "frames": "frames in one read",
    "bytes": "bytes for one clip",
    "transcoded_frames": "frames re-encoded in memory",
}
