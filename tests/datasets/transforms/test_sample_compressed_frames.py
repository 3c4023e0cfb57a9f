"""Sampling: CoViAR's rule to the index, true key frames, picture types, and clear errors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from mmengine.runner import set_random_seed

from compressedvideo import CodecError, CompressedVideo, encode_frames
from mmcondense.datasets.transforms import SampleCompressedFrames
from mmcondense_runtime.sampling import segment_positions

GOP = 12


def coviar_segment(n: int, *, num_segments: int, segment: int, motion: bool) -> tuple[int, int]:
    """CoViAR's range of a segment, [begin, end), written out slowly."""
    if motion:
        n -= 1
    size = float(n - 1) / num_segments
    begin, end = int(np.round(size * segment)), int(np.round(size * (segment + 1)))
    if end == begin:
        end = begin + 1
    return (begin + 1, end + 1) if motion else (begin, end)


def coviar_frame(position: int, *, motion: bool) -> int:
    """The frame that CoViAR loads for a position in a video of fixed GOPs."""
    gop, place = divmod(position, GOP)
    if motion:
        return (gop - 1) * GOP + GOP - 1 if place == 0 else position
    return gop * GOP


def sample(path: Path, **arguments) -> dict:
    results = SampleCompressedFrames(**arguments)(dict(filename=str(path)))
    results.pop("compressed_video").close()
    return results


@pytest.mark.parametrize("num_frames", [2, 5, 12, 13, 25, 40, 97])
@pytest.mark.parametrize("num_segments", [1, 3, 8, 16])
def test_testing_follows_coviars_rule_to_the_index(make_clip, num_frames, num_segments):
    results = sample(make_clip(num_frames, gop_size=GOP), num_segments=num_segments, test_mode=True)
    expected: dict[bool, list[int]] = {}
    for motion in (False, True):
        n = num_frames - 1 if motion else num_frames
        size = float(n - 1) / num_segments
        positions = [int(np.round(size * (s + 0.5))) + motion for s in range(num_segments)]
        expected[motion] = [coviar_frame(position, motion=motion) for position in positions]
    np.testing.assert_array_equal(results["iframe_inds"], expected[False])
    np.testing.assert_array_equal(results["frame_inds"], expected[True])
    assert results["total_frames"] == num_frames
    assert (results["num_clips"], results["clip_len"]) == (1, num_segments)


@pytest.mark.parametrize(("num_frames", "num_segments"), [(2, 3), (10, 16), (40, 3), (97, 16)])
def test_training_reaches_exactly_coviars_frames(make_clip, num_frames, num_segments):
    path = make_clip(num_frames, gop_size=GOP)
    set_random_seed(0)
    draws = [sample(path, num_segments=num_segments) for _ in range(300)]
    for key, motion in (("iframe_inds", False), ("frame_inds", True)):
        for segment in range(num_segments):
            span = range(
                *coviar_segment(
                    num_frames, num_segments=num_segments, segment=segment, motion=motion
                )
            )
            reachable = {coviar_frame(position, motion=motion) for position in span}
            assert {int(draw[key][segment]) for draw in draws} == reachable


def test_training_positions_are_uniform_within_each_segment():
    rng = np.random.default_rng(0)
    places = rng.random((20000, 4))
    positions = segment_positions(42, num_segments=4, place=places, centred=False, first=1)
    for segment in range(4):
        begin, end = coviar_segment(42, num_segments=4, segment=segment, motion=True)
        counts = np.bincount(positions[:, segment], minlength=end)[begin:end]
        assert counts.sum() == len(places)
        np.testing.assert_allclose(counts / len(places), 1 / (end - begin), rtol=0.1)


def test_both_kinds_show_the_same_moment(make_clip):
    path = make_clip(97, gop_size=GOP)
    set_random_seed(1)
    for _ in range(50):
        results = sample(path, num_segments=4)
        distance = results["frame_inds"] - results["iframe_inds"]
        assert distance.min() >= -1  # -1: the position was a key frame, P is the frame before
        assert distance.max() < GOP + 1


def test_the_framework_seeds_the_draw(make_clip):
    path = make_clip(97, gop_size=GOP)
    draws = []
    for seed in (3, 3, 4):
        set_random_seed(seed)
        draws.append(sample(path, num_segments=8)["frame_inds"])
    np.testing.assert_array_equal(draws[0], draws[1])
    assert (draws[0] != draws[2]).any()


def test_irregular_gops_use_the_true_key_frames(tmp_path, panning_frames):
    cut = np.concatenate([panning_frames(18), 255 - panning_frames(22)[:, ::-1]])
    path = tmp_path / "cut.mp4"
    encode_frames(path, cut, codec="h264", gop_size=30, options=dict(sc_threshold="40"))
    with CompressedVideo(path) as video:
        keyframes = np.asarray(video.keyframes)
        types = np.array(list(video.frame_types))
    assert len(keyframes) > 1
    assert set(np.diff(keyframes)) != {GOP}
    results = sample(path, num_segments=16, test_mode=True)
    assert set(results["iframe_inds"]) <= set(keyframes)
    assert set(types[results["frame_inds"]]) == {"P"}
    positions = np.round(39 / 16 * (np.arange(16) + 0.5)).astype(int)
    for position, iframe in zip(positions, results["iframe_inds"], strict=True):
        assert iframe == keyframes[keyframes <= position].max()


def test_an_intra_picture_that_is_no_key_frame_is_not_sampled(tmp_path, panning_frames):
    cut = np.concatenate([panning_frames(18), 255 - panning_frames(22)[:, ::-1]])
    path = tmp_path / "cut.mp4"
    params = "keyint=60:min-keyint=60:scenecut=40:open-gop=0"
    encode_frames(path, cut, codec="h264", gop_size=60, options={"x264-params": params})
    with CompressedVideo(path) as video:
        np.testing.assert_array_equal(video.keyframes, 0)
        [stray] = np.flatnonzero(np.array(video.frame_types) == "I")[1:]
        with_stray = video.read([stray], modalities=("motion",))
    assert stray == 18
    assert not with_stray.motion.any()
    results = sample(path, num_segments=80, test_mode=True)
    assert stray not in results["frame_inds"]
    assert {stray - 1, stray + 1} <= set(results["frame_inds"])
    np.testing.assert_array_equal(results["iframe_inds"], 0)


@pytest.mark.parametrize("frame_types", [("P",), ("B",), ("P", "B")])
@pytest.mark.parametrize("test_mode", [True, False])
def test_only_wanted_picture_types_are_sampled(make_clip, frame_types, test_mode):
    path = make_clip(50, codec="h264", gop_size=GOP, b_frames=2)
    with CompressedVideo(path) as video:
        types = np.array(list(video.frame_types))
    results = sample(path, num_segments=16, test_mode=test_mode, frame_types=frame_types)
    assert set(types[results["frame_inds"]]) == set(frame_types)
    if test_mode:
        allowed = np.flatnonzero(np.isin(types, frame_types))
        positions = np.round(48 / 16 * (np.arange(16) + 0.5)).astype(int) + 1
        expected = [max(allowed[allowed <= p], default=allowed[0]) for p in positions]
        np.testing.assert_array_equal(results["frame_inds"], expected)


def test_virtual_iframes_stand_in_where_key_frames_are_rare(make_clip):
    path = make_clip(60, gop_size=60)
    real = sample(path, num_segments=5, test_mode=True)
    np.testing.assert_array_equal(real["iframe_inds"], 0)
    virtual = sample(path, num_segments=5, test_mode=True, virtual_gop=12)
    np.testing.assert_array_equal(virtual["iframe_inds"], [0, 12, 24, 36, 48])
    assert not set(virtual["frame_inds"]) & set(virtual["iframe_inds"])


def test_several_clips_spread_over_each_segment(make_clip):
    path = make_clip(97, gop_size=GOP)
    results = sample(path, num_segments=4, num_clips=2, test_mode=True)
    assert (results["num_clips"], results["clip_len"]) == (2, 4)
    size = 95 / 4
    for clip, place in enumerate((0.25, 0.75)):
        positions = [int(np.round(size * (s + place))) + 1 for s in range(4)]
        expected = [coviar_frame(position, motion=True) for position in positions]
        np.testing.assert_array_equal(results["frame_inds"][clip * 4 : clip * 4 + 4], expected)


def test_one_frame_has_no_motion(make_clip):
    path = make_clip(1)
    with pytest.raises(CodecError, match=r"none of its 1 frames.*no motion to sample") as caught:
        sample(path, num_segments=4)
    assert caught.value.path == str(path)
    assert caught.value.codec == "mpeg4"


def test_intra_only_video_has_no_motion(make_clip):
    with pytest.raises(CodecError, match=r"longer GOP.*reencode\.py"):
        sample(make_clip(20, gop_size=1), num_segments=4)


def test_asking_for_b_frames_in_a_stream_without(make_clip):
    path = make_clip(40, gop_size=GOP)
    with pytest.raises(CodecError, match=r"asks for B-frames.*--codec h264 --b-frames 2") as caught:
        sample(path, num_segments=4, frame_types=("P", "B"))
    assert caught.value.path == str(path)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(num_segments=0), "num_segments=0"),
        (dict(num_segments=4, num_clips=0), "num_clips=0"),
        (dict(num_segments=4, frame_types=("I",)), r"frame_types=\('I',\).*allowed"),
        (dict(num_segments=4, frame_types=()), r"frame_types=\(\).*allowed"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        SampleCompressedFrames(**arguments)
