from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from mmaction.registry import TRANSFORMS
from mmengine.dataset import Compose

from mmcondense_runtime.sampling import gop_clips

MODALITIES = ("iframe", "rgb", "motion", "residual")


def sample(path: Path, **settings) -> dict:
    transform = TRANSFORMS.build(dict(type="SampleGOPClips", **settings))
    results = transform(dict(filename=str(path)))
    results.pop("compressed_video").close()
    return results


def test_a_clip_begins_with_its_iframe_and_stays_in_its_gop():
    iframes, frames = gop_clips(np.array([0, 12, 18, 30]), 44, clip_len=12)
    assert iframes.tolist() == [0, 12 + 6, 30]
    assert frames.tolist() == [list(range(start, start + 12)) for start in (0, 18, 30)]


def test_where_all_gops_are_short_their_last_frame_is_repeated():
    iframes, frames = gop_clips(np.array([0, 3]), 5, clip_len=4)
    assert iframes.tolist() == [0, 3]
    assert frames.tolist() == [[0, 1, 2, 2], [3, 4, 4, 4]]


def test_tests_take_evenly_spaced_gops(make_clip: Callable[..., Path]):
    clip = make_clip(48, gop_size=12)
    results = sample(clip, clip_len=12, num_clips=2, test_mode=True)
    assert results["iframe_inds"].tolist() == [12, 36]
    assert results["frame_inds"].tolist() == [*range(13, 24), *range(37, 48)]
    assert (results["num_clips"], results["clip_len"], results["total_frames"]) == (2, 11, 48)
    results = sample(clip, clip_len=12, num_clips=1, test_mode=True, with_first=True)
    assert results["frame_inds"].tolist() == list(range(24, 36))
    assert results["clip_len"] == 12


def test_every_clip_once(make_clip: Callable[..., Path]):
    results = sample(make_clip(48, gop_size=12), clip_len=12, num_clips=None)
    assert results["iframe_inds"].tolist() == [0, 12, 24, 36]
    assert (results["num_clips"], results["clip_len"]) == (4, 11)


def test_consecutive_gops_make_a_clip_for_3d_networks(make_clip: Callable[..., Path]):
    clip = make_clip(48, gop_size=12)
    results = sample(clip, clip_len=12, num_clips=2, consecutive=3, test_mode=True)
    assert results["iframe_inds"].tolist() == [0, 12, 24, 12, 24, 36]
    results = sample(clip, clip_len=12, consecutive=6, test_mode=True)
    assert results["iframe_inds"].tolist() == [0, 12, 24, 36, 36, 36]
    np.random.seed(0)  # noqa: NPY002 - as mmengine seeds
    drawn = {tuple(sample(clip, consecutive=2)["iframe_inds"].tolist()) for _ in range(40)}
    assert drawn == {(0, 12), (12, 24), (24, 36)}


def test_virtual_gops_split_long_ones(make_clip: Callable[..., Path]):
    results = sample(
        make_clip(48, gop_size=48), clip_len=12, num_clips=4, test_mode=True, virtual_gop=12
    )
    assert results["iframe_inds"].tolist() == [0, 12, 24, 36]


def test_clips_are_whole_gops_of_pixels(make_clip: Callable[..., Path]):
    layouts = dict(iframe="NCHW", rgb="NCTHW", motion="NCTHW", residual="NCTHW")
    pipeline = Compose(
        [
            dict(type="SampleGOPClips", clip_len=12, num_clips=2, test_mode=True),
            dict(type="LoadCompressedVideo", modalities=MODALITIES, reference="iframe"),
            dict(type="ThreeCrop", crop_size=96),
            dict(type="FormatCompressedShape", layouts=layouts, encoding="raw"),
        ]
    )
    results = pipeline(dict(filename=str(make_clip(48, gop_size=12))))
    shapes = {name: results[name].shape for name in MODALITIES}
    assert shapes == dict(
        iframe=(6, 3, 96, 96),
        rgb=(6, 3, 11, 96, 96),
        motion=(6, 2, 11, 96, 96),
        residual=(6, 3, 11, 96, 96),
    )
    # content pans by (-2, -1) a frame, and vectors add up since the I-frame
    middle = np.median(results["motion"][:, :, :, 30:60, 30:60], axis=(0, 3, 4))  # [2, 11]
    expected = np.outer([-2, -1], np.arange(1, 12))
    np.testing.assert_allclose(middle, expected, atol=1.0)
    # each crop's rgb belongs to its iframe: the next frame is nearly the same picture
    step = np.abs(results["rgb"][:, :, 0].astype(int) - results["iframe"]).mean(axis=(1, 2, 3))
    other = np.abs(results["rgb"][0, :, 0].astype(int) - results["iframe"][1]).mean()
    assert step.max() < other


def test_arguments_are_checked():
    with pytest.raises(ValueError, match="clip_len=1, must be at least 2"):
        TRANSFORMS.build(dict(type="SampleGOPClips", clip_len=1))
    with pytest.raises(ValueError, match="consecutive=0"):
        TRANSFORMS.build(dict(type="SampleGOPClips", consecutive=0))
