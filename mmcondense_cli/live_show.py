"""The newest frame of a live stream, its motion and its class, in a window of the desktop."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from compressedvideo.live import LiveWindow

_TITLE = "mmcondense live"
_TRY = "import cv2; cv2.namedWindow('mmcondense'); cv2.waitKey(1)"


class NoDisplayError(RuntimeError):
    """There is no display to open a window on."""


class Closed(Exception):
    """Whoever watches has pressed q or Esc."""


class ShownFrame:
    """Call it with each window of the stream and its prediction; q or Esc raise :class:`Closed`.

    Raises:
        NoDisplayError: If OpenCV can open no window here.
    """

    def __init__(self) -> None:
        check_display()

    def __call__(self, window: LiveWindow, prediction: dict[str, Any]) -> None:
        import cv2

        from compressedvideo import CodecError

        with suppress(CodecError):  # which the prediction has, too
            cv2.imshow(_TITLE, picture_of(window, prediction)[..., ::-1])
        if cv2.waitKey(1) & 0xFF in (ord("q"), 27):
            raise Closed


def picture_of(window: LiveWindow, prediction: dict[str, Any]) -> Any:
    """The last frame of a window with its motion as arrows and its best class, [H, W, 3] uint8.

    Raises:
        CodecError: If it cannot be read.
    """
    import numpy as np
    from PIL import ImageDraw, ImageFont

    from compressedvideo import NoMotionVectorsError
    from compressedvideo.drawing.overlay import draw_motion

    last = [window.stop - 1]
    try:
        clip = window.read(last, modalities=("rgb", "motion"), per_frame=True, layout="cells")
    except NoMotionVectorsError:
        clip = window.read(last, modalities=("rgb",))
    assert clip.rgb is not None
    motion = None if clip.motion is None else clip.motion[0]
    picture = draw_motion(clip.rgb[0], motion, cell=clip.cell, style="arrows")
    best = prediction.get("top_k")
    text = f"{best[0]['name']} {best[0]['score']:.2f}" if best else prediction["error"]
    ImageDraw.Draw(picture).text(
        (6, 4), text, "white", ImageFont.load_default(20), stroke_width=2, stroke_fill="black"
    )
    return np.asarray(picture)


def check_display() -> None:
    """Open a window in another process: without a display Qt ends the one that it is asked in.

    Raises:
        NoDisplayError: If that fails.
    """
    try:
        done = subprocess.run([sys.executable, "-c", _TRY], capture_output=True, timeout=60)
    except subprocess.TimeoutExpired:
        returncode = 1
    else:
        returncode = done.returncode
    if returncode:
        named = [name for name in ("DISPLAY", "WAYLAND_DISPLAY") if os.environ.get(name)]
        have = f"{named[0]}={os.environ[named[0]]} is none" if named else "there is none here"
        raise NoDisplayError(
            f"--show needs a display that OpenCV can open a window on, and {have}; leave it out, "
            "or log in with one (ssh -X)"
        )
