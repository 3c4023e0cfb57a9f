"""Stock samplers on this package's reader, beside MMAction2's own readers."""

from __future__ import annotations

import numpy as np
import pytest
from mmengine.dataset import Compose

from compressedvideo import CompressedVideo
from mmcondense.datasets.opened_video import OpenedVideo

SAMPLE = dict(type="SampleFrames", clip_len=4, frame_interval=3, num_clips=2, test_mode=True)


def given(path: str, **more) -> dict:
    return dict(filename=path, start_index=0, label=-1, modality="RGB", **more)


def test_it_reads_what_opencv_reads(make_clip):
    path = str(make_clip(40, gop_size=6))
    ours = Compose([dict(type="OpenVideo"), SAMPLE, dict(type="ReadFrames")])(given(path))
    theirs = Compose([dict(type="OpenCVInit"), SAMPLE, dict(type="OpenCVDecode")])(given(path))
    assert ours["total_frames"] == theirs["total_frames"] == 40
    assert np.array_equal(ours["frame_inds"], theirs["frame_inds"])
    assert ours["img_shape"] == ours["original_shape"] == theirs["img_shape"]
    difference = np.stack(ours["imgs"]).astype(int) - np.stack(theirs["imgs"])
    assert np.abs(difference).mean() < 1.5  # two converters from YUV to RGB
    assert "compressed_video" not in ours


def test_repeated_frames_are_read_once_and_given_each_time(make_clip, monkeypatch):
    path = str(make_clip(40, gop_size=6))
    read = []
    original = CompressedVideo.read

    def counted(self, frames, **options):
        read.append(list(frames))
        return original(self, frames, **options)

    monkeypatch.setattr(CompressedVideo, "read", counted)
    pipeline = Compose([dict(type="OpenVideo"), dict(type="ReadFrames")])
    results = pipeline(given(path, frame_inds=np.array([[7, 2], [7, 7]])))
    assert read == [[2, 7]]
    assert [np.array_equal(image, results["imgs"][0]) for image in results["imgs"]] == [
        *(True, False, True, True)
    ]


@pytest.mark.parametrize("interval", [1, 9])
def test_a_window_is_all_that_a_stock_sampler_sees(make_clip, interval):
    path = str(make_clip(40, gop_size=6))
    sample = dict(type="SampleFrames", clip_len=3, frame_interval=interval, num_clips=1)
    pipeline = Compose([dict(type="OpenVideo"), sample, dict(type="ReadFrames")])
    with OpenedVideo(path) as opened:
        window = opened.windows(window_seconds=0.4)[1]  # frames 10 to 19
        results = pipeline(given(path, window=window))
        wanted = opened.open().read(range(10, 20), modalities=("rgb",)).rgb
    for image, place in zip(results["imgs"], results["frame_inds"], strict=True):
        assert np.array_equal(image, wanted[place])
