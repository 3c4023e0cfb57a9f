"""A video in, a few of its frames with their motion as one looping picture out."""

from __future__ import annotations

import io

from PIL import Image

from compressedvideo import CompressedVideo, NoMotionVectorsError
from compressedvideo.drawing.overlay import draw_motion

_FRAMES, _SPAN = 16, 48
"""Pictures at most, from a stretch of so many frames in the middle."""

_SIDES = (240, 180, 120)
_MAX_BYTES = 120_000


def looping_picture(path: str) -> bytes:
    """An animated WebP of 120 kB or little more, at the video's own pace.

    Vectors are drawn as arrows where the codec has some that can be read.

    Raises:
        CodecError: If the video cannot be read.
    """
    with CompressedVideo(path) as video:
        span = min(video.num_frames, _SPAN)
        begin, step = (video.num_frames - span) // 2, -(-span // _FRAMES)
        frames = range(begin, begin + span, step)
        try:
            clip = video.read(frames, modalities=("rgb", "motion"), per_frame=True, layout="cells")
        except NoMotionVectorsError:
            clip = video.read(frames, modalities=("rgb",))
        assert clip.rgb is not None
        pictures = [
            draw_motion(
                rgb, None if clip.motion is None else clip.motion[i], cell=clip.cell, style="arrows"
            )
            for i, rgb in enumerate(clip.rgb)
        ]
        milliseconds = round(1000 * step / min(max(video.fps or 25, 1), 50))
    for side in _SIDES:
        data = _encode(pictures, side, milliseconds)
        if len(data) <= _MAX_BYTES:
            break
    return data


def _encode(pictures: list[Image.Image], side: int, milliseconds: int) -> bytes:
    small = [picture.copy() for picture in pictures]
    for picture in small:
        picture.thumbnail((side, side))
    file = io.BytesIO()
    small[0].save(
        file,
        format="WEBP",
        save_all=True,
        append_images=small[1:],
        duration=milliseconds,
        loop=0,
        quality=50,
    )
    return file.getvalue()
