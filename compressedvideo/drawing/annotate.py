"""A video in, a copy of it with its motion drawn in and a timeline below out."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ..video import CompressedVideo
from ..whole_video import frames_with_motion
from ..writing.encode import VideoWriter
from .overlay import ARROW_FRAMES, draw_motion, full_colour_pixels, picture_size
from .timeline import Timeline


def annotate(
    video: CompressedVideo, path: str | os.PathLike, timeline: Timeline, *, style: str = "arrows"
) -> int:
    """Write the copy as H.264; it appears under its name once it is complete.

    Args:
        video: Open.
        path: File to write.
        timeline: As wide as :func:`~.overlay.picture_size` says.
        style: Of :func:`~.overlay.draw_motion`.

    Returns:
        The number of frames.

    Raises:
        CodecError: As soon as a frame cannot be read; then there is no file.
        FileNotFoundError: If its folder does not exist.
    """
    width, height = picture_size(video.width, video.height)
    canvas = Image.new("RGB", (width, height + timeline.size[1]))
    font = ImageFont.load_default(13)
    with VideoWriter(
        Path(path),
        width=canvas.width,
        height=canvas.height,
        fps=min(max(video.fps or 25, 1), 240),
        codec="h264",
        gop_size=48,
        quality=23,
        options={"preset": "superfast"},
    ) as writer:
        for frame in frames_with_motion(video):
            canvas.paste(draw_motion(frame.rgb, frame.motion, cell=frame.cell, style=style))
            canvas.paste(timeline.image(frame.seconds), (0, height))
            text = f"{frame.index} {frame.kind}"
            ImageDraw.Draw(canvas).text(
                (6, 4), text, "white", font, stroke_width=2, stroke_fill="black"
            )
            writer.write(np.asarray(canvas))
    return writer.num_frames


def caption_of(video: CompressedVideo, *, style: str) -> str:
    """What arrows or colours mean, for the timeline."""
    if style == "arrows":
        return f"arrows: {ARROW_FRAMES} frames of motion"
    return f"full colour: {full_colour_pixels(video.width, video.height):.2g} pixels per frame"
