"""Prediction plus residual is the decoded frame, exactly: predicted again here, slowly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from compressedvideo import CompressedVideo, encode_frames
from tests.compressedvideo.slow_reference import (
    plain_decode,
    slow_predict,
    slow_warp,
    translating_frames,
)

WITH_B_VECTORS = [
    "demo.mp4",
    "part_0.mp4",
    "unordered.mov",
    "h264_10bits.mp4",
    "v_ApplyEyeMakeup_g01_c01.avi",
    "cartwheel.avi",
    "Golf_Tips_-_Hit_The_Driver_300+_Yards!!!_golf_f_nm_np1_fr_med_0.avi",
]
WITHOUT_B_VECTORS = [
    "v_BenchPress_g01_c01.avi",
    "person01_boxing_d1_uncomp.avi",
    "v_biking_01_01.mpg",
    "vid_mpeg4_part2.mp4",
    "flipping_a_pancake.mkv",
    "video_90.mov",
    "video_180.mov",
]
NUM_FRAMES = 3
"""Of each type and clip, the last one always among them: it leaves the decoder by flushing."""


def assert_invariant(path: Path, *, with_b_frames: bool, turns: int = 0) -> None:
    plain = plain_decode(path)
    stored = [frame.rgb for frame in plain]
    frames = [np.rot90(frame, turns) for frame in stored]
    chosen = []
    for kind in "PSB" if with_b_frames else "PS":
        candidates = [i for i, frame in enumerate(plain) if frame.kind == kind]
        chosen += candidates[:: max(1, len(candidates) // NUM_FRAMES)] + candidates[-1:]
    assert chosen
    assert with_b_frames == ("B" in {plain[i].kind for i in chosen})
    with CompressedVideo(path) as video:
        for precision in ("subpixel", "integer"):
            clip = video.read(
                chosen,
                modalities=("residual", "cells", "rgb"),
                precision=precision,
            )
            for i, frame in enumerate(chosen):
                np.testing.assert_array_equal(clip.rgb[i], frames[frame])
                prediction = slow_predict(
                    stored,
                    clip.cells[i],
                    otherwise=frame - int(clip.reference_distance[i]),
                    whole=precision == "integer",
                )
                prediction = np.rot90(prediction, turns)
                np.testing.assert_array_equal(prediction + clip.residual[i], frames[frame])
            clip = video.read(chosen, reference="iframe", precision=precision)
            for i, frame in enumerate(chosen):
                iframe = frames[clip.iframe_inds[i]]
                np.testing.assert_array_equal(clip.iframes[i], iframe)
                prediction = slow_warp(iframe, clip.motion[i])
                np.testing.assert_array_equal(prediction + clip.residual[i], frames[frame])


@pytest.mark.parametrize("name", [*WITHOUT_B_VECTORS, *WITH_B_VECTORS])
def test_on_real_clips(shared_data, name):
    turns = {"video_90.mov": -1, "video_180.mov": 2}.get(name, 0)
    path = shared_data / "clips" / name
    assert_invariant(path, with_b_frames=name in WITH_B_VECTORS, turns=turns)


@pytest.mark.parametrize(
    ("codec", "b_frames", "suffix", "options"),
    [
        ("mpeg4", 0, "mp4", {}),
        ("mpeg4", 0, "avi", {"flags": "+qpel+mv4"}),
        ("mpeg4", 2, "avi", {}),
        ("h264", 0, "mp4", {}),
        ("h264", 2, "mp4", {}),
        ("h264", 3, "mkv", {"b-pyramid": "normal", "refs": "3"}),
        ("h264", 2, "mp4", {"flags": "-cgop", "x264-params": "open-gop=1"}),
        ("mpeg1", 2, "mpg", {}),
        ("mpeg2", 2, "mkv", {}),
        ("mpeg2", 2, "mp4", {"flags": "-cgop"}),
        ("h263", 0, "3gp", {}),
        ("flv1", 0, "flv", {}),
    ],
)
def test_on_encoded_clips(tmp_path, codec, b_frames, suffix, options):
    size = (96, 128) if codec == "h263" else (100, 116)
    frames = translating_frames(30, step=(1.5, -0.75), height=size[0], width=size[1])
    path = tmp_path / f"clip.{suffix}"
    encode_frames(
        path, frames, codec=codec, gop_size=12, b_frames=b_frames, quality=5, options=options
    )
    assert_invariant(path, with_b_frames=b_frames > 0)
