"""What crosses to the device is bytes; they become numbers of the network's scale there."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from mmaction.registry import MODELS, TRANSFORMS
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from mmengine.model import BaseDataPreprocessor
from mmengine.registry import DefaultScope

import mmcondense
from compressedvideo import encode_frames

BASES = Path(mmcondense.__file__).resolve().parents[1] / "configs" / "_base_"


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("to_device") / "clip.mp4"
    picture = torch.randint(0, 256, (64, 96, 3), dtype=torch.uint8)
    encode_frames(path, (picture.roll(2 * t, 1).numpy() for t in range(14)))
    return str(path)


@pytest.mark.parametrize(("method", "stream"), [("ip_tsn", 0), ("ip_tsn", 1), ("coviar", 0)])
@pytest.mark.parametrize("split", ["train", "test"])
def test_bytes_move_and_are_scaled_there(clip, monkeypatch, method, stream, split):
    pipeline = Config.fromfile(BASES / "pipelines" / f"{method}_112.py")[f"{split}_pipeline"]
    cfg = Config.fromfile(BASES / "models" / f"{method}_r152_r18.py").model.data_preprocessor
    if stream:
        cfg.update(type="StreamDataPreprocessor", stream=("motion", "residual"))
    with DefaultScope.overwrite_default_scope("mmaction"):
        preprocessor = MODELS.build(cfg).to("meta")  # a device of its own
        transforms = Compose([TRANSFORMS.build(transform) for transform in pipeline])
    sample = transforms(dict(filename=clip, label=0, modality="RGB", start_index=0))

    moved = []
    cast_data = BaseDataPreprocessor.cast_data

    def spy(self, data):
        if isinstance(data, torch.Tensor):
            moved.append((data.dtype, data.numel() * data.element_size()))
        return cast_data(self, data)

    monkeypatch.setattr(BaseDataPreprocessor, "cast_data", spy)
    data = preprocessor(pseudo_collate([sample, sample]))
    values = sum(x.numel() for x in sample["inputs"].values())
    assert {dtype for dtype, _ in moved} == {torch.uint8}
    assert sum(size for _, size in moved) == 2 * values  # a byte each
    inputs = data["inputs"]
    outputs = [inputs, data["iframe"]] if stream else list(inputs.values())
    assert all(x.dtype == torch.float32 and x.device.type == "meta" for x in outputs)
    assert sum(x.numel() for x in outputs) == 2 * values


def test_motion_in_pixels_moves_as_int16(clip):
    def load(encoding: str) -> torch.Tensor:
        transforms = [
            dict(type="SampleCompressedFrames", num_segments=2, test_mode=True),
            dict(type="LoadCompressedVideo", modalities=("motion",)),
            dict(type="FormatCompressedShape", layouts=dict(motion="NCHW"), encoding=encoding),
            dict(type="PackActionInputs", collect_keys=("motion",)),
        ]
        with DefaultScope.overwrite_default_scope("mmaction"):
            pipeline = Compose([TRANSFORMS.build(transform) for transform in transforms])
        results = dict(filename=clip, label=0, modality="RGB", start_index=0)
        return pseudo_collate([pipeline(results)])["inputs"]["motion"][0]

    steps, pixels = load("int16"), load("raw")
    assert steps.dtype == torch.int16
    preprocessor = dict(type="ActionDataPreprocessor", mean=[0.0] * 2, std=[64.0] * 2)
    with DefaultScope.overwrite_default_scope("mmaction"):
        scaled = MODELS.build(preprocessor)(dict(inputs=[steps], data_samples=None))["inputs"]
    assert torch.equal(scaled[0], pixels)
    assert pixels.abs().max() > 0
