"""A video's windows: what they cover, and how often the file is opened."""

from __future__ import annotations

import pytest

from compressedvideo import CodecError
from mmcondense.datasets import opened_video
from mmcondense.datasets.opened_video import OpenedVideo


@pytest.mark.parametrize(
    ("window", "stride", "ranges"),
    [
        (None, None, [(0, 40)]),
        (0.4, None, [(0, 10), (10, 20), (20, 30), (30, 40)]),
        (0.6, None, [(0, 15), (15, 30), (25, 40)]),  # the last one ends with the video
        (0.6, 0.3, [(0, 15), (8, 23), (16, 31), (24, 39), (25, 40)]),
        (1.0, 0.8, [(0, 25), (15, 40)]),
        (9.0, None, [(0, 40)]),
        (0.001, 1.0, [(0, 2), (25, 27), (38, 40)]),  # at least two frames
    ],
)
def test_windows_cover_the_video(make_clip, window, stride, ranges):
    with OpenedVideo(str(make_clip(40, gop_size=6))) as opened:
        windows = opened.windows(window_seconds=window, stride_seconds=stride)
        assert [(one.start, one.stop) for one in windows] == ranges
        assert [one.index for one in windows] == list(range(len(ranges)))
        assert {one.num_windows for one in windows} == {len(ranges)}
        assert windows[-1].seconds == (ranges[-1][0] / 25, 1.6)


def test_the_file_is_opened_once_for_all_windows(make_clip, monkeypatch):
    opened_with = []

    class Counted(opened_video.CompressedVideo):
        def __init__(self, source, **options):
            opened_with.append(options["virtual_gop"])
            super().__init__(source, **options)

    monkeypatch.setattr(opened_video, "CompressedVideo", Counted)
    with OpenedVideo(str(make_clip(40, gop_size=6)), virtual_gop=4) as opened:
        windows = [w.open(virtual_gop=4) for w in opened.windows(window_seconds=0.2)]
        assert opened_with == [4]
        windows[0].close()
        assert len(windows[1].read([0], modalities=("rgb",)).rgb) == 1
        opened.windows(window_seconds=None)[0].open()
        assert opened_with == [4, None]
    with pytest.raises(ValueError, match="closed"):
        windows[1].read([0])


def test_seconds_need_a_frame_rate(make_clip):
    with OpenedVideo(str(make_clip(40, gop_size=6))) as opened:
        opened.fps = 0.0
        assert len(opened.windows(window_seconds=None)) == 1
        with pytest.raises(CodecError, match="names no frame rate"):
            opened.windows(window_seconds=1)
