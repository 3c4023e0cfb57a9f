from __future__ import annotations

import pytest
import torch
from mmaction.registry import MODELS
from mmengine.registry import DefaultScope

from mmcondense.models.data_preprocessors import StreamDataPreprocessor

PREPROCESSORS = dict(
    motion=dict(type="ActionDataPreprocessor", mean=[10.0] * 2, std=[2.0] * 2),
    residual=dict(type="ActionDataPreprocessor", mean=[1.0] * 3, std=[1.0, 2.0, 4.0]),
    flow=dict(type="ActionDataPreprocessor", mean=[0.0] * 2, std=[1.0] * 2),
)


@pytest.fixture(autouse=True)
def mmaction_scope():
    with DefaultScope.overwrite_default_scope("mmaction"):
        yield


@pytest.mark.parametrize("spatial", [(4, 4), (3, 4, 4)])  # NCHW, NCTHW
def test_stream_is_stacked_and_the_rest_keeps_its_name(spatial):
    cfg = {
        name: dict(cfg, format_shape="NCHW" if len(spatial) == 2 else "NCTHW")
        for name, cfg in PREPROCESSORS.items()
    }
    preprocessor = MODELS.build(
        dict(type="StreamDataPreprocessor", preprocessors=cfg, stream=("motion", "residual"))
    )
    batch = {
        name: [torch.full((2, channels, *spatial), value, dtype=torch.uint8) for _ in range(5)]
        for name, channels, value in [("motion", 2, 16), ("residual", 3, 9), ("flow", 2, 7)]
    }
    data = preprocessor(dict(inputs=batch, data_samples=None))
    assert data["inputs"].shape == (5, 2, 5, *spatial)
    per_channel = data["inputs"].transpose(0, 2).flatten(1)  # [5, everything else]
    assert per_channel.unique(dim=1).flatten().tolist() == [3.0, 3.0, 8.0, 4.0, 2.0]
    assert data["flow"].shape == (5, 2, 2, *spatial)
    assert data["flow"].unique().tolist() == [7.0]
    assert set(data) == {"inputs", "data_samples", "flow"}


def test_unknown_modality_is_refused():
    with pytest.raises(ValueError, match=r"must be some of \['flow', 'motion', 'residual'\]"):
        StreamDataPreprocessor(PREPROCESSORS, stream=("motion", "rgb"))
