"""The runtime's arithmetic, held against the transforms that networks are trained with."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from mmaction.datasets import UniformSample
from mmengine.dataset import Compose
from mmengine.registry import DefaultScope

import mmcondense.datasets  # noqa: F401 - registers the transforms
from compressedvideo import CompressedVideo, encode_frames
from mmcondense_runtime.geometry import resize
from mmcondense_runtime.pipeline import PipelineError, check_steps, prepare, virtual_gop
from mmcondense_runtime.sampling import stock_test_frames, stock_uniform_frames

COMPRESSED = dict(type="SampleCompressedFrames", num_segments=3, num_clips=2, test_mode=True)
ALL = ("iframe", "motion", "residual")
LOAD = dict(type="LoadCompressedVideo", modalities=ALL)
LAYOUTS = dict(iframe="NCHW", rgb="NCTHW", motion="NCTHW", residual="NCHW")
FORMAT = dict(type="FormatCompressedShape", layouts=LAYOUTS)
GRID = dict(motion="NCTHW", bits="NCTHW")
RESIZE = dict(type="Resize", scale=(75, 52), keep_ratio=False)
STOCK = [dict(type="OpenVideo"), dict(type="SampleFrames", clip_len=5, test_mode=True)]
PIPELINES = {
    "as it is": [COMPRESSED, LOAD, FORMAT],
    "lazy crop of a resized clip": [
        *(COMPRESSED, LOAD, dict(RESIZE, lazy=True)),
        *(dict(type="CenterCrop", crop_size=48, lazy=True), dict(type="FuseClip")),
        dict(FORMAT, encoding="int16"),
    ],
    "ten crops, of which motion keeps one": [
        *(COMPRESSED, LOAD, RESIZE, dict(type="TenCrop", crop_size=(40, 32))),
        dict(FORMAT, encoding="raw", crops=dict(motion=(8,), residual=(1, 8))),
    ],
    "three crops of kept proportions": [
        *(COMPRESSED, LOAD, dict(type="Resize", scale=(-1, 56))),
        *(dict(type="ThreeCrop", crop_size=56), dict(FORMAT, motion_bound=5)),
    ],
    "GOPs with their neighbours": [
        dict(type="SampleGOPs", num_gops=7, neighbours=True, test_mode=True, virtual_gop=6),
        dict(LOAD, per_frame=True),
        FORMAT,
    ],
    "all clips of GOPs": [
        dict(type="SampleGOPClips", clip_len=9, num_clips=None, consecutive=2),
        dict(LOAD, modalities=(*ALL, "rgb"), reference="iframe", precision="integer"),
        *(dict(type="CropToMultiple", divisor=32), FORMAT),
    ],
    "what the bitstream says, on its grid": [
        COMPRESSED,
        dict(type="LoadCompressedVideo", modalities=("motion", "bits"), layout="cells"),
        dict(type="Resize", scale=(20, 12), keep_ratio=False),
        dict(type="FormatCompressedShape", layouts=GRID, motion_bound=2.5),
    ],
    "the same, painted, beside I-frames": [
        COMPRESSED,
        dict(type="LoadCompressedVideo", modalities=("iframe", "bits", "motion")),
        RESIZE,
        dict(type="FormatCompressedShape", layouts=dict(GRID, iframe="NCHW")),
    ],
    "frames of one clip": [
        *STOCK,
        dict(type="ReadFrames"),
        *(dict(type="CenterCrop", crop_size=32), dict(type="FormatShape", input_format="NCTHW")),
    ],
    "more frames than there are": [
        STOCK[0],
        dict(
            type="SampleFrames",
            clip_len=30,
            frame_interval=2,
            num_clips=3,
            out_of_bound_opt="repeat_last",
            test_mode=True,
        ),
        *(dict(type="ReadFrames"), dict(type="FormatShape", input_format="NCTHW")),
    ],
    "one frame of each of seven segments, three times": [
        *(STOCK[0], dict(type="UniformSample", clip_len=7, num_clips=3, test_mode=True)),
        *(dict(type="ReadFrames"), dict(type="FormatShape", input_format="NCTHW")),
    ],
    "segments of one frame": [
        *(STOCK[0], dict(type="SampleFrames", clip_len=1, num_clips=4, test_mode=True)),
        *(dict(type="ReadFrames"), dict(type="FormatShape", input_format="NCHW")),
    ],
}


@pytest.fixture(scope="module")
def video(tmp_path_factory) -> str:
    """50 frames of 64x80 with a GOP of 12, and B-frames."""
    texture = np.random.default_rng(0).integers(0, 256, (30, 30, 3), np.uint8)
    texture = texture.repeat(5, axis=0).repeat(5, axis=1)
    frames = np.stack([texture[t : t + 64, t : t + 80] for t in range(50)])
    path = tmp_path_factory.mktemp("video") / "clip.mp4"
    encode_frames(path, frames, gop_size=12, b_frames=1)
    return str(path)


@pytest.mark.parametrize("name", PIPELINES)
def test_arrays_are_those_of_the_transforms(video, name):
    steps = PIPELINES[name]
    with DefaultScope.overwrite_default_scope("mmaction"):
        expected = Compose(steps)(dict(filename=video, label=0, start_index=0, modality="RGB"))
    with CompressedVideo(video, virtual_gop=virtual_gop(steps)) as opened:
        clip = prepare(opened, steps)
    assert clip.arrays
    for modality, array in clip.arrays.items():
        theirs = expected["imgs" if modality == "rgb" and "imgs" in expected else modality]
        assert array.dtype == theirs.dtype
        np.testing.assert_array_equal(array, theirs)
        assert array.any()
    if "gop_inds" in expected:
        np.testing.assert_array_equal(clip.gop_inds, expected["gop_inds"])


def test_opencv_is_asked_for_only_where_a_size_changes(monkeypatch):
    images = [np.zeros((4, 6, 3), np.uint8)]
    monkeypatch.setitem(sys.modules, "cv2", None)
    assert resize(images, (4, 6)) is images
    with pytest.raises(ImportError, match=r"resized to 8x8 .* pip install opencv-python-headless"):
        resize(images, (8, 8))


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (dict(type="ColorJitter"), "has ColorJitter, which is not known here"),
        (dict(type="SampleGOPs", num_gops=3), "SampleGOPs lacks test_mode: it draws at random"),
        (dict(type="Resize", scale=(3, 4), backend="pillow"), r"Resize has \['backend'\]"),
    ],
)
def test_steps_that_are_not_known_are_refused(step, reason):
    with pytest.raises(PipelineError, match=reason):
        check_steps([step])


def test_stock_frames_by_hand():
    def frames(**options):
        return stock_test_frames(
            10, **dict(dict(frame_interval=1, num_clips=1, repeat_last=False), **options)
        ).tolist()

    assert frames(clip_len=4) == [3, 4, 5, 6]
    assert frames(clip_len=1, num_clips=5) == [1, 3, 5, 7, 9]
    assert frames(clip_len=2, frame_interval=3, num_clips=3) == [0, 3, 3, 6, 6, 9]
    assert frames(clip_len=4, frame_interval=4) == [0, 4, 8, 2]
    assert frames(clip_len=4, frame_interval=4, repeat_last=True) == [0, 4, 8, 8]


def test_uniform_frames_are_mmaction2s():
    for num_frames in (1, 2, 5, 9, 10, 31, 300):
        for clip_len, num_clips in ((1, 1), (8, 1), (16, 1), (3, 4)):
            theirs = UniformSample(clip_len, num_clips, test_mode=True)
            ours = stock_uniform_frames(num_frames, clip_len=clip_len, num_clips=num_clips)
            assert ours.tolist() == theirs._get_sample_clips(num_frames).tolist()


def test_nothing_of_it_needs_torch():
    """Beside numpy and PyAV; ONNX Runtime where a file is opened, OpenCV where a size changes."""
    from tests.test_layers import modules_of

    allowed = {"numpy", "av", "onnxruntime", "cv2", "compressedvideo", "mmcondense_runtime"}
    names = {
        name.split(".")[0] for _, imported in modules_of("mmcondense_runtime") for name in imported
    }
    assert names <= allowed | set(sys.stdlib_module_names)
