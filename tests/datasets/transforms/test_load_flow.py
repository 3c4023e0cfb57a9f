"""Optical flow as a modality: from files and computed, through the same geometry as motion."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from mmaction.registry import TRANSFORMS
from mmengine.dataset import Compose

from compressedvideo import CompressedVideo
from mmcondense.datasets.optical_flow import compute_flow, flow_paths, write_flow
from mmcondense.datasets.transforms import LoadCompressedVideo, LoadFlow, SampleCompressedFrames

MOTION = (-2, -1)  # pixels a frame, of the clips of make_clip
PAIR = ("rgb", "previous_rgb")


def sample(path, num_segments=3) -> dict:
    transform = SampleCompressedFrames(num_segments=num_segments, test_mode=True)
    return transform(dict(filename=str(path), modality="RGB"))


def modality(results: dict, name: str) -> np.ndarray:
    start, stop = results["imgs_index"][name]
    return np.stack(results["imgs"][start:stop])


def write_fields(folder, num_frames: int, *, height=96, width=128, first=1) -> None:
    """Fields that tell their frame: x is the frame's number / 10, y is -3."""
    folder.mkdir(parents=True)
    for frame in range(1, num_frames):
        flow = np.full((height, width, 2), (frame / 10, -3), np.float32)
        write_flow(flow, flow_paths(folder, frame - 1 + first), bound=20, quality=100)


def test_previous_rgb_is_the_frame_before_in_the_same_pass(make_clip, monkeypatch):
    path = make_clip(40)
    results = sample(path)
    reads = []
    read = CompressedVideo.read
    monkeypatch.setattr(CompressedVideo, "read", lambda *a, **k: reads.append(k) or read(*a, **k))
    modalities = ("motion", "previous_rgb", "iframe", "rgb")
    results = LoadCompressedVideo(modalities=modalities)(results)
    assert len(reads) == 1
    assert list(results["imgs_index"]) == [*modalities, "ruler"]
    with CompressedVideo(path) as video:
        frames = results["frame_inds"]
        expected = read(video, frames - 1, modalities=("rgb",)).rgb
        clip = read(video, frames, modalities=("rgb", "iframe", "motion"))
    np.testing.assert_array_equal(modality(results, "previous_rgb"), expected)
    np.testing.assert_array_equal(modality(results, "rgb"), clip.rgb)
    np.testing.assert_array_equal(modality(results, "iframe"), clip.iframes)
    np.testing.assert_array_equal(modality(results, "motion"), clip.motion)
    assert len(results["iframe_is_virtual"]) == 3


@pytest.mark.parametrize("method", ["dis", "tvl1"])
def test_computed_flow_is_the_motion_and_replaces_the_frames(make_clip, method):
    results = LoadCompressedVideo(modalities=("iframe", "motion", *PAIR))(sample(make_clip(40)))
    pairs = zip(modality(results, "previous_rgb"), modality(results, "rgb"), strict=True)
    expected = [compute_flow(*pair, method=method) for pair in pairs]
    results = LoadFlow(method=method)(results)
    index = dict(iframe=(0, 3), motion=(3, 6), ruler=(6, 7), flow=(7, 10))
    assert results["imgs_index"] == index
    flow = modality(results, "flow")
    np.testing.assert_array_equal(flow, expected)
    assert flow.dtype == np.float32
    assert np.median(flow, axis=(0, 1, 2)) == pytest.approx(MOTION, abs=0.2)
    assert np.median(modality(results, "motion"), axis=(0, 1, 2)) == pytest.approx(MOTION, abs=0.5)


@pytest.mark.parametrize("first", [0, 1], ids=["denseflow", "ours"])
def test_files_are_those_of_the_sampled_frames(make_clip, tmp_path, first):
    path = make_clip(40)
    write_fields(tmp_path / "flow" / path.stem, 40, first=first)
    results = LoadCompressedVideo(modalities=("motion",))(sample(path))
    load = LoadFlow(video_folder=path.parent.name, flow_folder=str(tmp_path / "flow"))
    flow = modality(load(results), "flow")
    assert flow.shape == (3, 96, 128, 2)
    half_a_step = 20 / 255
    np.testing.assert_allclose(
        flow[:, 0, 0, 0], results["frame_inds"] / 10, rtol=0, atol=half_a_step + 1e-5
    )
    np.testing.assert_allclose(flow[..., 1], -3, rtol=0, atol=half_a_step + 1e-5)


def test_flow_alone_needs_no_other_modality(make_clip, tmp_path):
    path = make_clip(40)
    write_fields(tmp_path / path.stem, 40)
    results = sample(path)
    video = results["compressed_video"]
    results = LoadFlow(video_folder=path.parent.name, flow_folder=str(tmp_path))(results)
    assert results["imgs_index"] == dict(flow=(0, 3), ruler=(3, 4))
    assert results["img_shape"] == results["original_shape"] == (96, 128)
    with pytest.raises(ValueError, match="closed"):
        video.read([1])


def test_fields_of_another_size_are_resized_with_their_vectors(make_clip, tmp_path):
    path = make_clip(40)
    write_fields(tmp_path / path.stem, 40, height=48, width=32)
    results = LoadCompressedVideo(modalities=("motion",))(sample(path))
    load = LoadFlow(video_folder=path.parent.name, flow_folder=str(tmp_path))
    flow = modality(load(results), "flow")
    assert flow.shape == (3, 96, 128, 2)
    half_a_step = 20 / 255
    expected = results["frame_inds"] / 10 * 4
    np.testing.assert_allclose(flow[:, 5, 5, 0], expected, rtol=0, atol=4 * half_a_step + 1e-4)
    np.testing.assert_allclose(flow[..., 1], -3 * 2, rtol=0, atol=2 * half_a_step + 1e-4)


def test_flow_is_scaled_and_flipped_as_motion_is(make_clip):
    """Content that moves by (-2, -1) moves by (4, -1) in twice the width, mirrored."""
    pipeline = Compose(
        [
            TRANSFORMS.build(cfg)
            for cfg in [
                dict(type="SampleCompressedFrames", num_segments=3, test_mode=True),
                dict(type="LoadCompressedVideo", modalities=("motion", *PAIR)),
                dict(type="LoadFlow", method="dis"),
                dict(type="Resize", scale=(256, 96), keep_ratio=False),
                dict(type="CenterCrop", crop_size=80),
                dict(type="Flip", flip_ratio=1.0),
                dict(
                    type="FormatCompressedShape",
                    layouts=dict(motion="NCTHW", flow="NCTHW"),
                    encoding="raw",
                ),
            ]
        ]
    )
    results = pipeline(dict(filename=str(make_clip(40)), modality="RGB"))
    for name in ("motion", "flow"):
        assert results[name].shape == (1, 2, 3, 80, 80)
        median = np.median(results[name], axis=(0, 2, 3, 4))
        assert median == pytest.approx((4, -1), abs=0.5), name


def test_images_share_no_memory(make_clip):
    """Flip works in place."""
    results = LoadCompressedVideo(modalities=("iframe", "motion", *PAIR))(
        sample(make_clip(40, gop_size=40))
    )
    for one, other in itertools.combinations(LoadFlow(method="dis")(results)["imgs"], 2):
        assert not np.shares_memory(one, other)


def test_flow_folder_stands_in_for_the_last_video_folder_of_that_name(make_clip, tmp_path):
    path = tmp_path / "videos" / "set" / "videos" / "wave" / "a.b.mp4"
    path.parent.mkdir(parents=True)
    path.symlink_to(make_clip(40))
    write_fields(tmp_path / "videos" / "set" / "flow" / "wave" / "a.b", 40)
    assert modality(LoadFlow()(sample(path)), "flow").shape == (3, 96, 128, 2)
    with pytest.raises(ValueError, match="video_folder='clips' is not in the path"):
        LoadFlow(video_folder="clips")(sample(path))


def test_parts_of_a_data_set_may_lie_apart(make_clip, tmp_path):
    parts = dict(videos_train="flow_train", videos_val="flow_val")
    load = LoadFlow(folders=parts)
    for first, (videos, flows) in enumerate(parts.items()):
        path = tmp_path / videos / "wave" / "a.mp4"
        path.parent.mkdir(parents=True)
        path.symlink_to(make_clip(40))
        write_fields(tmp_path / flows / "wave" / "a", 40 - 10 * first)
    assert modality(load(sample(tmp_path / "videos_train/wave/a.mp4")), "flow").shape[0] == 3
    with pytest.raises(FileNotFoundError, match="flow_val/wave/a"):  # its last field
        load(sample(tmp_path / "videos_val/wave/a.mp4"))
    with pytest.raises(ValueError, match="'videos_train' or 'videos_val' is not in the path"):
        load(sample(make_clip(40)))


def test_missing_flow_says_how_to_extract_it(make_clip):
    path = make_clip(40)
    load = LoadFlow(video_folder=path.parent.name, flow_folder="no_flow")
    flows = path.parents[1] / "no_flow"
    with pytest.raises(FileNotFoundError, match=f"{flows / path.stem} does not exist") as error:
        load(sample(path))
    assert f"python tools/data/extract_flow.py {path.parent} {flows}" in str(error.value)


def test_wrong_arguments_and_places_are_refused(make_clip):
    with pytest.raises(ValueError, match=r"allowed is one of \('files', 'tvl1', 'dis'\)"):
        LoadFlow(method="brox")
    results = LoadCompressedVideo(modalities=("motion", "rgb"))(sample(make_clip(40)))
    with pytest.raises(ValueError, match=r"needs \['previous_rgb'\]"):
        LoadFlow(method="dis")(results)
    results = LoadCompressedVideo(modalities=("motion", *PAIR))(sample(make_clip(40)))
    results = TRANSFORMS.build(dict(type="Flip", flip_ratio=0.0))(results)
    with pytest.raises(ValueError, match="put it before them"):
        LoadFlow(method="dis")(results)
