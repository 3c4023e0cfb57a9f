"""How well the motion of B-frames tells the true one, compared with that of P-frames.

The clips are encoded from scenes whose motion is known (`true_motion`), and read in pixels per
frame (`per_frame=True`), so that P and B are on one scale.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from compressedvideo import CompressedVideo, encode_frames
from mmcondense.datasets.synthetic_scenes import SceneOptions, render, sample_scene, true_motion

OPTIONS = SceneOptions(size=64, num_frames=25, speed=(2.0, 3.0))
ENCODERS = {
    "h264-pyramid": dict(codec="h264", b_frames=3, options={"b-pyramid": "normal", "refs": "4"}),
    "h264": dict(codec="h264", b_frames=2),
    "mpeg2": dict(codec="mpeg2", b_frames=2),
    "mpeg4": dict(codec="mpeg4", b_frames=2),
}


def end_point_errors(folder: Path, encoder: dict) -> dict[str, float]:
    """Mean distance of motion to truth, pixels per frame, of predicted P- and B-frames.

    Shapes that cross a border of the picture have no true motion there, and edges of moving shapes
    share blocks with the background: the same scenes serve all picture types.
    """
    errors: dict[str, list[float]] = {"P": [], "B": []}
    for seed, (task, label) in enumerate([("motion", 0), ("motion", 3), ("both", 1), ("both", 6)]):
        scene = sample_scene(task, label, rng=np.random.default_rng(seed), options=OPTIONS)
        path = folder / f"{seed}.mp4"
        encode_frames(path, render(scene), gop_size=24, **encoder)
        with CompressedVideo(path) as video:
            frames = [i for i, kind in enumerate(video.frame_types) if kind != "I"]
            clip = video.read(frames, modalities=("motion",), per_frame=True)
        for frame, kind, motion in zip(frames, clip.frame_types, clip.motion, strict=True):
            truth, valid = true_motion(scene, frame)
            distance = np.linalg.norm(motion - truth, axis=-1)
            errors[kind].append(float(distance[valid].mean()))
    return {kind: float(np.mean(of_frames)) for kind, of_frames in errors.items()}


@pytest.mark.parametrize("name", ENCODERS)
def test_b_frames_are_at_most_half_as_far_off_again_as_p_frames(name, tmp_path):
    errors = end_point_errors(tmp_path, ENCODERS[name])
    print(f"{name}: P {errors['P']:.3f}, B {errors['B']:.3f} pixels per frame")
    assert errors["B"] <= 1.5 * errors["P"]
    assert errors["P"] < 1.5  # of 2 to 3 pixels that shapes move
