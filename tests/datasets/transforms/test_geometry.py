"""The configs' geometry: one interpolation, of the pixels that remain; vectors follow."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from mmaction.registry import TRANSFORMS
from mmengine.config import Config
from mmengine.dataset import Compose
from mmengine.runner import set_random_seed

import mmcondense
from compressedvideo import encode_frames

PIPELINES = Path(mmcondense.__file__).resolve().parents[1] / "configs" / "_base_" / "pipelines"
GEOMETRY = Config.fromfile(PIPELINES / "geometry_224.py")
MODALITIES = ("iframe", "motion", "residual")


def run(path: Path, geometry: list[dict], *, seed: int, encoding: str, **kwargs) -> dict:
    pipeline = [
        dict(type="SampleCompressedFrames", num_segments=2, test_mode=True),
        dict(type="LoadCompressedVideo"),
        *geometry,
        dict(
            type="FormatCompressedShape",
            layouts=dict.fromkeys(MODALITIES, "NCHW"),
            encoding=encoding,
            **kwargs,
        ),
    ]
    set_random_seed(seed)
    results = dict(filename=str(path), label=0, modality="RGB", start_index=0)
    return Compose([TRANSFORMS.build(transform) for transform in pipeline])(results)


def eager(geometry: list[dict]) -> list[dict]:
    """The same transforms, each carried out in its turn."""
    return [
        {key: value for key, value in transform.items() if key != "lazy"}
        for transform in geometry
        if transform["type"] != "FuseClip"
    ]


@pytest.fixture(scope="module")
def clip(tmp_path_factory, panning_frames) -> Path:
    path = tmp_path_factory.mktemp("geometry") / "clip.mp4"
    encode_frames(path, panning_frames(14, height=256, width=340))
    return path


@pytest.mark.parametrize("encoding", ["raw", "uint8"])
@pytest.mark.parametrize("geometry", ["train_geometry", "test_geometry"])
def test_videos_of_340x256_give_the_same_pixels_as_step_by_step(clip, geometry, encoding):
    flips = set()
    for seed in range(4):
        lazy = run(clip, GEOMETRY[geometry], seed=seed, encoding=encoding)
        steps = run(clip, eager(GEOMETRY[geometry]), seed=seed, encoding=encoding)
        for modality in MODALITIES:
            np.testing.assert_array_equal(lazy[modality], steps[modality])
            assert lazy[modality].shape[-2:] == (224, 224)
        flips.add(lazy.get("flip", False))
    assert flips == ({False, True} if geometry == "train_geometry" else {False})


def test_vectors_of_other_sizes_follow_the_pixels(make_clip):
    """128x96, panned by (2, 1): the crop's own scale decides, whatever is rounded on the way."""
    for seed in range(4):
        results = run(make_clip(40), GEOMETRY.train_geometry, seed=seed, encoding="raw")
        steps = run(make_clip(40), eager(GEOMETRY.train_geometry), seed=seed, encoding="raw")
        vector = np.median(results["motion"], axis=(0, 2, 3))
        sign = -1 if results["flip"] else 1
        scale = results["scale_factor"]  # of the crop before its corners fell on whole pixels
        np.testing.assert_allclose(vector, [-2 * sign * scale[0], -scale[1]], rtol=0.02)
        difference = results["iframe"].astype(int) - steps["iframe"]
        assert np.abs(difference).mean() < 4  # grey levels; corners lie up to half a pixel off


def samples_of(config: str, crops: str, clip: Path, monkeypatch) -> dict:
    """What the config's own test pipeline makes of a clip, with CROPS in the environment."""
    monkeypatch.setenv("CROPS", crops)
    cfg = Config.fromfile(PIPELINES.parents[1] / config)
    pipeline = Compose([TRANSFORMS.build(t) for t in cfg.test_dataloader.dataset.pipeline])
    results = dict(filename=str(clip), label=0, modality="RGB", start_index=0)
    packed = pipeline(results)["inputs"]
    return {name: tensor.numpy() for name, tensor in packed.items()} | dict(
        batch_size=cfg.test_dataloader.batch_size
    )


def test_ten_crops_of_all_of_coviars_streams(clip, monkeypatch):
    """Crops 2 k and 2 k + 1 are mirrored, vectors with them; number 8 is the centre."""
    one, ten = (samples_of("coviar/coviar_hmdb51.py", n, clip, monkeypatch) for n in ("1", "10"))
    assert (one["batch_size"], ten["batch_size"]) == (8, 1)
    for modality in MODALITIES:
        crops = ten[modality].reshape(10, 25, *ten[modality].shape[1:])
        assert crops.shape[-2:] == (224, 224)
        np.testing.assert_array_equal(crops[8], one[modality])
        mirrored = crops[1::2, ..., ::-1]
        if modality == "motion":  # bytes, 128 is 0: b becomes 256 - b where that is a byte
            expected = crops[::2].astype(int)
            expected[:, :, 0] = (256 - expected[:, :, 0]).clip(0, 255)
            np.testing.assert_array_equal(mirrored, expected)
            assert (crops[::2, :, 0] != 128).mean() > 0.5
        else:
            np.testing.assert_array_equal(mirrored, crops[::2])
        assert not np.array_equal(crops[0], crops[2])


@pytest.mark.parametrize("config", ["ip_tsn_hmdb51.py", "ip_tsn_no_flow_ucf101.py"])
def test_ten_crops_of_i_frames_and_one_of_p_frames(clip, monkeypatch, config):
    one, ten = (samples_of(f"ipts/{config}", n, clip, monkeypatch) for n in ("1", "10"))
    assert ten["iframe"].shape == (160, 3, 224, 224)
    np.testing.assert_array_equal(ten["iframe"][8 * 16 : 9 * 16], one["iframe"])
    for modality in ("motion", "residual"):
        assert ten[modality].shape[0] == 1
        np.testing.assert_array_equal(ten[modality], one[modality])


def test_a_crop_that_is_not_there_is_named(clip):
    geometry = [dict(type="Resize", scale=(-1, 224)), dict(type="ThreeCrop", crop_size=224)]
    with pytest.raises(ValueError, match=r"asks for crops \(8,\) of motion, there are 3"):
        run(clip, geometry, seed=0, encoding="raw", crops=dict(motion=[8]))
