"""Windows of a video: which frames they hold, and what is read through them."""

from __future__ import annotations

import numpy as np
import pytest

from compressedvideo import CompressedVideo
from mmcondense.datasets.opened_video import OpenedVideo
from mmcondense.datasets.transforms import SampleCompressedFrames, SampleGOPClips, SampleGOPs
from mmcondense.datasets.video_window import VideoWindow


@pytest.fixture
def video(make_clip):
    with CompressedVideo(make_clip(40, gop_size=6)) as video:
        yield video


def test_a_window_inside_a_gop_brings_the_iframe_before_it(video):
    window = VideoWindow(video, start=4, stop=8)
    assert "".join(window.frame_types) == "IPPIP"  # frames 0, 4, 5, 6, 7
    assert window.num_frames == 5
    assert window.iframe_inds.tolist() == window.keyframes.tolist() == [0, 3]
    assert window.gop_frame_types(0) == ["I", "P", "P"]
    assert window.gop_frame_types(1) == ["I", "P"]
    clip = window.read([1, 4], modalities=("iframe", "rgb", "motion"))
    whole = video.read([4, 7], modalities=("iframe", "rgb", "motion"))
    assert clip.frame_inds.tolist() == [1, 4]
    assert clip.iframe_inds.tolist() == [0, 3]
    for name in ("iframes", "rgb", "motion"):
        assert np.array_equal(getattr(clip, name), getattr(whole, name))


def test_a_window_has_what_a_video_has(video):
    window = VideoWindow(video, start=4, stop=8)
    names = {name for name in dir(video) if not name.startswith("_")}
    assert {name for name in names if not hasattr(window, name)} == {"transcoded_from"}
    for name in ("path", "codec", "fps", "width", "height"):
        assert getattr(window, name) == getattr(video, name)


def test_a_window_that_begins_with_an_iframe_brings_no_other(video):
    window = VideoWindow(video, start=6, stop=9)
    assert window.frame_types == ["I", "P", "P"]
    assert np.array_equal(
        window.read([2], iframe_inds=[0], modalities=("iframe",)).iframes,
        video.read([8], iframe_inds=[6], modalities=("iframe",)).iframes,
    )


def test_for_rgb_a_window_is_its_frames_alone(video):
    window = VideoWindow(video, start=4, stop=8, with_iframe=False)
    assert window.num_frames == 4
    rgb = window.read([0, 3], modalities=("rgb",)).rgb
    assert np.array_equal(rgb, video.read([4, 7], modalities=("rgb",)).rgb)


def test_virtual_iframes_count_as_iframes_and_not_as_key_frames(make_clip):
    with CompressedVideo(make_clip(40, gop_size=40), virtual_gop=6) as video:
        window = VideoWindow(video, start=15, stop=25)  # virtual ones: 12, 18, 24
        assert window.iframe_inds.tolist() == [0, 4, 10]
        assert window.keyframes.tolist() == [0]
        assert window.read([0, 5]).iframe_is_virtual.all()


@pytest.mark.parametrize(("start", "stop"), [(-1, 3), (3, 3), (39, 41)])
def test_ranges_outside_are_refused(video, start, stop):
    with pytest.raises(ValueError, match="must lie in 0 to 40"):
        VideoWindow(video, start=start, stop=stop)


@pytest.mark.parametrize(
    "sampler",
    [
        SampleCompressedFrames(4, test_mode=True),
        SampleCompressedFrames(3, num_clips=2),
        SampleGOPs(3, test_mode=True),
        SampleGOPClips(4, num_clips=None, test_mode=True),
    ],
    ids=lambda sampler: type(sampler).__name__,
)
def test_samplers_stay_in_the_window(make_clip, sampler):
    """All of them keep to the window, but for the I-frame that its first frames depend on."""
    path = str(make_clip(40, gop_size=6))
    with OpenedVideo(path) as opened:
        for window in opened.windows(window_seconds=10 / 25):
            results = sampler(dict(filename=path, window=window))
            with results["compressed_video"] as video:
                clip = video.read(results["frame_inds"], iframe_inds=results["iframe_inds"])
            own = {window.start - window.start % 6, *range(window.start, window.stop)}
            whole = opened.open().read(sorted(own), modalities=("rgb",))
            pictures = dict(zip(sorted(own), whole.rgb, strict=True))
            matches = [
                any(np.array_equal(iframe, picture) for picture in pictures.values())
                for iframe in clip.iframes
            ]
            assert all(matches)
            assert 0 <= min(results["frame_inds"]) <= max(results["frame_inds"]) < len(own)
