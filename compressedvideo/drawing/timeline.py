"""What happens when, as a strip: rows of scores or a curve over time, and where one is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

_ROW, _CURVE, _AXIS = 24, 72, 22  # heights, pixels
_BACKGROUND, _TEXT, _FAINT = (24, 26, 30), (235, 235, 235), (110, 115, 125)
_PLAYHEAD, _SCORE, _LINE = (255, 80, 80), (42, 157, 74), (255, 216, 77)
_TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)


@dataclass
class ScoreRow:
    """One class over time."""

    name: str
    spans: Sequence[tuple[float, float, float]]
    """Begin and end in seconds, and score from 0 to 1."""

    def at(self, seconds: float) -> float:
        """The score at a moment, 0 where there is none."""
        return next((score for begin, end, score in self.spans if begin <= seconds < end), 0.0)


@dataclass
class MotionCurve:
    """How much moves in each frame, and where the I-frames are."""

    lengths: np.ndarray
    """[N] pixels per frame; where nobody knows NaN, drawn as the frame before."""

    iframe_inds: np.ndarray
    """[I] display indices."""


class Timeline:
    """A strip that is drawn once, and then only its playhead, frame by frame.

    Args:
        width: Pixels.
        duration: Seconds.
        rows: One below the other, best first.
        curve: Above them.
        caption: At the bottom, on the right.
    """

    def __init__(
        self,
        width: int,
        duration: float,
        *,
        rows: Sequence[ScoreRow] = (),
        curve: MotionCurve | None = None,
        caption: str = "",
    ) -> None:
        height = len(rows) * _ROW + (_CURVE if curve is not None else 0) + _AXIS
        self.size = width, height + height % 2
        self._duration = max(duration, 1e-6)
        self._rows = rows
        self._top = _CURVE if curve is not None else 0
        self._base = Image.new("RGB", self.size, _BACKGROUND)
        draw = ImageDraw.Draw(self._base)
        if curve is not None:
            self._draw_curve(draw, curve)
        for index, row in enumerate(rows):
            self._draw_row(draw, row, self._top + index * _ROW)
        self._draw_axis(draw, self._top + len(rows) * _ROW, caption)

    def image(self, seconds: float | None = None) -> Image.Image:
        """The strip, with the playhead at a moment and the scores that hold there."""
        image = self._base.copy()
        if seconds is None:
            return image
        draw = ImageDraw.Draw(image)
        for index, row in enumerate(self._rows):
            place = self.size[0] - 4, self._top + index * _ROW + _ROW // 2
            draw.text(place, f"{row.at(seconds):.2f}", _TEXT, _font(13), anchor="rm")
        x = self._x(seconds)
        draw.line((x, 0, x, self.size[1] - _AXIS), fill=_PLAYHEAD, width=2)
        return image

    def _x(self, seconds: float) -> float:
        return seconds / self._duration * (self.size[0] - 1)

    def _draw_row(self, draw: ImageDraw.ImageDraw, row: ScoreRow, top: int) -> None:
        for begin, end, score in row.spans:
            share = 0.08 + 0.92 * min(max(score, 0), 1)
            colour = tuple(
                round(b + share * (c - b)) for b, c in zip(_BACKGROUND, _SCORE, strict=True)
            )
            draw.rectangle((self._x(begin), top + 1, self._x(end), top + _ROW - 2), fill=colour)
        name = _fit(row.name, self.size[0] - 50)
        draw.text((6, top + _ROW // 2), name, _TEXT, _font(13), anchor="lm")

    def _draw_curve(self, draw: ImageDraw.ImageDraw, curve: MotionCurve) -> None:
        count, width = len(curve.lengths), self.size[0]
        for frame in curve.iframe_inds.tolist():
            x = self._x(frame / count * self._duration)
            draw.line((x, _CURVE - 5, x, _CURVE), fill=_FAINT)
        columns = np.arange(width) * count // width  # first frame of each pixel column
        ends = np.maximum((np.arange(width) + 1) * count // width, columns + 1)
        known = np.where(np.isnan(curve.lengths), 0, np.arange(count))
        lengths = np.nan_to_num(curve.lengths[np.maximum.accumulate(known)])
        highest = max(float(lengths.max()), 1e-6)
        for x, (begin, end) in enumerate(zip(columns, ends, strict=True)):
            height = lengths[begin:end].max() / highest * (_CURVE - 26)
            draw.line((x, _CURVE - 6 - height, x, _CURVE - 6), fill=_LINE)
        text = f"mean motion, highest {highest:.2g} pixels per frame; ticks: I-frames"
        draw.text((6, 2), _fit(text, width - 12), _TEXT, _font(12))

    def _draw_axis(self, draw: ImageDraw.ImageDraw, top: int, caption: str) -> None:
        width = self.size[0]
        room = draw.textlength(caption, _font(11)) + 12 if caption else 0
        most = max((width - room) // 70, 1)
        step = next((t for t in _TICKS if self._duration / t <= most), self._duration)
        for index in range(int(self._duration / step) + 1):
            x = self._x(index * step)
            draw.line((x, top, x, top + 4), fill=_FAINT)
            text = clock(index * step)
            if x + draw.textlength(text, _font(11)) < width - room:
                draw.text((x + 2, top + 5), text, _FAINT, _font(11))
        draw.text((width - 6, top + 5), caption, _FAINT, _font(11), anchor="ra")


def clock(seconds: float) -> str:
    """``0:07``, ``1:02:03``; with a tenth where there is one."""
    whole, tenth = divmod(round(seconds * 10), 10)
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    text = f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute}:{second:02d}"
    return f"{text}.{tenth}" if tenth else text


@lru_cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _fit(text: str, pixels: float) -> str:
    """As much of a text as there is room for."""
    font = _font(13)
    if font.getlength(text) <= pixels:
        return text
    while text and font.getlength(f"{text}…") > pixels:
        text = text[:-1]
    return f"{text}…"
