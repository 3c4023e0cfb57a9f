"""Encodes an H.264 clip and reads it: what an installed wheel must do beside av and numpy alone.

    python -I tests/compressedvideo/use_installed.py FOLDER [--compiled]

Prints what it found as JSON; raises AssertionError where a number is not as it should, or where
``--compiled`` is given and the extensions are missing.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

import compressedvideo
from compressedvideo import CodecError, CompressedVideo, encode_frames

SHIFT = 2  # pixels to the right from frame to frame
NUM_FRAMES, GOP, HEIGHT, WIDTH = 12, 6, 64, 96


def moving_texture() -> np.ndarray:
    """[T, H, W, 3] uint8: smooth noise that moves by SHIFT."""
    noise = np.random.default_rng(0).random(
        (HEIGHT // 8 + 1, (WIDTH + SHIFT * NUM_FRAMES) // 8 + 1)
    )
    grid = np.kron(noise, np.ones((8, 8)))
    for axis in (0, 1):
        grid = sum(np.roll(grid, k, axis) for k in range(-3, 4)) / 7
    frames = [grid[:HEIGHT, SHIFT * (NUM_FRAMES - t) :][:, :WIDTH] for t in range(NUM_FRAMES)]
    return np.repeat((np.stack(frames) * 255).astype(np.uint8)[..., None], 3, axis=-1)


def check_h264(path: Path) -> dict:
    frames = moving_texture()
    encode_frames(path, frames, codec="h264", gop_size=GOP)
    with CompressedVideo(path) as video:
        assert video.num_frames == NUM_FRAMES
        assert video.keyframes.tolist() == [0, 6]
        clip = video.read(
            [5, 7, 11], modalities=("iframe", "motion", "residual", "rgb"), reference="previous"
        )
        before = video.read([4, 6, 10], modalities=("rgb",)).rgb
    assert clip.frame_types == ["P", "P", "P"]
    assert clip.iframe_inds.tolist() == [0, 6, 6]
    iframe_error = np.abs(clip.iframes.astype(int) - frames[[0, 6, 6]]).mean()
    assert iframe_error < 4, iframe_error

    middle = clip.motion[:, 16:-16, 16:-16]
    found = np.median(middle.reshape(3, -1, 2), axis=1)
    assert (found == [SHIFT, 0]).all(), found
    # prediction(p) = reference(p - motion); prediction + residual is the frame
    exact = (clip.motion == [SHIFT, 0]).all(axis=-1)
    exact[:, :, :SHIFT] = False
    prediction = np.roll(before, SHIFT, axis=2).astype(int)
    assert exact.mean() > 0.5, exact.mean()
    assert (prediction + clip.residual == clip.rgb)[exact].all()
    return dict(iframe_error=float(iframe_error), as_encoded=float(exact.mean()))


def check_mpeg4_b_frames(path: Path) -> str:
    """Their vectors need the compiled parser: 'read', or what the error says without it."""
    encode_frames(path, moving_texture(), codec="mpeg4", gop_size=GOP, b_frames=1)
    with CompressedVideo(path) as video:
        b_frame = video.frame_types.index("B")
        try:
            clip = video.read([b_frame], modalities=("motion",))
        except CodecError as error:
            return str(error)
    found = np.median(clip.motion[0, 16:-16, 16:-16].reshape(-1, 2), axis=0)
    assert (found == [SHIFT, 0]).all(), found
    return "read"


def main(folder: str, *options: str) -> None:
    h264 = check_h264(Path(folder) / "clip.mp4")
    mpeg4_b_frames = check_mpeg4_b_frames(Path(folder) / "b_frames.mp4")
    if "--compiled" in options:
        assert compressedvideo.backend() == "compiled"
        assert mpeg4_b_frames == "read", mpeg4_b_frames
    tops = {name.split(".")[0] for name in sys.modules} - set(sys.stdlib_module_names)
    json.dump(
        dict(
            package=str(Path(compressedvideo.__file__).parent),
            backend=compressedvideo.backend(),
            h264=h264,
            mpeg4_b_frames=mpeg4_b_frames,
            loaded=sorted(name for name in tops if "ython" not in name and name != "__main__"),
        ),
        sys.stdout,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
