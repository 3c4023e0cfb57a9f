from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from mmaction.registry import TRANSFORMS
from mmengine.dataset import Compose

from compressedvideo import CodecError, encode_frames

SIDE, NUM_FRAMES, GOP_SIZE = 32, 33, 12  # GOPs start at 0, 12 and 24, and the last has 9 frames


def frames() -> np.ndarray:
    rng = np.random.default_rng(0)
    image = rng.integers(0, 255, (SIDE, SIDE, 1), dtype=np.uint8).repeat(3, axis=2)
    return np.stack([np.roll(image, 2 * step, axis=1) for step in range(NUM_FRAMES)])


@pytest.fixture(scope="module")
def videos(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("gops")
    clips = dict(
        with_b=dict(codec="h264", b_frames=2, gop_size=GOP_SIZE),
        without_b=dict(codec="mpeg4", gop_size=GOP_SIZE),
        one_gop=dict(codec="h264", b_frames=2, gop_size=250),
        all_intra=dict(codec="mpeg4", gop_size=1),
    )
    for name, options in clips.items():
        encode_frames(folder / f"{name}.mp4", frames(), **options)
    return {name: folder / f"{name}.mp4" for name in clips}


def sample(video: Path, **kwargs) -> dict:
    transform = TRANSFORMS.build(dict(type="SampleGOPs", **kwargs))
    results = transform(dict(filename=str(video)))
    with results["compressed_video"] as opened:
        results["types"] = [opened.frame_types[i] for i in results["frame_inds"]]
    return results


def test_testing_takes_the_middle_of_evenly_spaced_gops(videos):
    results = sample(videos["without_b"], num_gops=3, test_mode=True)
    assert results["gop_inds"].tolist() == [0, 1, 2]
    assert results["iframe_inds"].tolist() == [0, 12, 24]
    assert results["frame_inds"].tolist() == [6, 18, 29]  # of 1..11, 13..23 and 25..32
    assert (results["num_clips"], results["clip_len"], results["total_frames"]) == (1, 3, 33)
    one = sample(videos["without_b"], num_gops=1, test_mode=True)
    assert one["gop_inds"].tolist() == [1]


def test_gops_that_are_too_few_come_again_with_other_frames(videos):
    results = sample(videos["without_b"], num_gops=6, test_mode=True)
    assert results["gop_inds"].tolist() == [0, 0, 1, 1, 2, 2]
    assert results["iframe_inds"].tolist() == [0, 0, 12, 12, 24, 24]
    assert results["frame_inds"].tolist() == [3, 9, 15, 21, 27, 31]  # at 1/4 and 3/4 of each GOP


@pytest.mark.parametrize("types", [("P",), ("B",), ("P", "B")])
def test_frames_are_of_the_chosen_types(videos, types):
    np.random.seed(0)  # noqa: NPY002
    drawn = set()
    for _ in range(10):
        results = sample(videos["with_b"], num_gops=3, frame_types=types)
        drawn |= set(results["types"])
        assert ((results["frame_inds"] - 1) // GOP_SIZE == results["gop_inds"]).all()
        assert not set(results["frame_inds"]) & {0, 12, 24}
    assert drawn == set(types)


def test_every_frame_is_drawn_in_training(videos):
    np.random.seed(0)  # noqa: NPY002
    drawn = {f for _ in range(60) for f in sample(videos["with_b"], num_gops=3)["frame_inds"]}
    assert drawn == set(range(33)) - {0, 12, 24}


def test_neighbours_in_training_lie_on_either_side(videos):
    np.random.seed(0)  # noqa: NPY002
    seen = {
        (int(own), int(neighbour))
        for _ in range(20)
        for own, neighbour in sample(videos["with_b"], num_gops=3, neighbours=True)[
            "iframe_inds"
        ].reshape(3, 2)
    }
    assert seen == {(0, 12), (12, 0), (12, 24), (24, 12)}


def test_neighbours_in_testing_are_before_and_after_for_the_first(videos):
    results = sample(videos["with_b"], num_gops=3, neighbours=True, test_mode=True)
    assert results["iframe_inds"].reshape(3, 2).tolist() == [[0, 12], [12, 0], [24, 12]]
    only = sample(videos["one_gop"], num_gops=2, neighbours=True)
    assert only["iframe_inds"].tolist() == [0, 0, 0, 0]


def test_virtual_gops_of_a_stream_with_one_key_frame(videos):
    pipeline = Compose(
        [
            dict(type="SampleGOPs", num_gops=3, test_mode=True, virtual_gop=GOP_SIZE),
            dict(type="LoadCompressedVideo", per_frame=True),
        ]
    )
    results = pipeline(dict(filename=str(videos["one_gop"])))
    assert results["iframe_inds"].tolist() == [0, 12, 24]
    assert results["iframe_is_virtual"].tolist() == [False, True, True]
    start, stop = results["imgs_index"]["iframe"]
    for image, index in zip(results["imgs"][start:stop], (0, 12, 24), strict=True):
        assert np.abs(image.astype(int) - frames()[index]).mean() < 12


def test_types_that_some_gops_lack(videos):
    results = sample(videos["without_b"], num_gops=3, frame_types=("P", "B"))
    assert results["types"] == ["P"] * 3
    with pytest.raises(CodecError, match="none of its 33 frames is of type B"):
        sample(videos["without_b"], num_gops=3, frame_types=("B",))
    with pytest.raises(CodecError, match=r"all_intra.*none of its 33 frames is of type P or B"):
        sample(videos["all_intra"], num_gops=3)


def test_arguments_are_checked():
    with pytest.raises(ValueError, match="num_gops=0"):
        TRANSFORMS.build(dict(type="SampleGOPs", num_gops=0))
    with pytest.raises(ValueError, match=r"frame_types=\('I',\), allowed are some of"):
        TRANSFORMS.build(dict(type="SampleGOPs", num_gops=1, frame_types=("I",)))
    assert "num_gops=2" in repr(TRANSFORMS.build(dict(type="SampleGOPs", num_gops=2)))
