"""Videos as they are found, not re-encoded, train ATTP and are recognised by it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from mmaction.registry import DATASETS, MODELS
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.optim import OptimWrapper
from mmengine.registry import DefaultScope

import mmcondense

CONFIGS = Path(mmcondense.__file__).resolve().parents[1] / "configs"
SIDE = 64
SETS = {
    # UCF101 and HMDB51: Xvid and DivX, with and without B-frames, one key frame or many
    "xvid": (
        "v_ApplyEyeMakeup_g01_c01.avi",
        "v_BenchPress_g01_c01.avi",
        "cartwheel.avi",
        "Golf_Tips_*.avi",
    ),
    "h264": ("demo.mp4", "part_0.mp4", "flipping_a_pancake.mkv"),
}


def batch_of(cfg: Config, pipeline: str, videos: list[Path], folder: Path) -> dict:
    """One batch of all videos, through a pipeline of the config at a small size."""
    lines = (f"{path.name} {label}\n" for label, path in enumerate(videos))
    (folder / "ann.txt").write_text("".join(lines))
    sample, load, *rest = cfg[pipeline]
    transforms = [
        dict(sample, num_gops=3, virtual_gop=12, frame_types=("P", "B")),
        load,
        dict(type="Resize", scale=(SIDE, SIDE), keep_ratio=False),
        *rest,
    ]
    dataset = DATASETS.build(
        dict(
            type="CompressedVideoDataset",
            ann_file=str(folder / "ann.txt"),
            data_prefix=dict(video=str(videos[0].parent)),
            pipeline=transforms,
            test_mode=True,  # a video that cannot be read is an error
        )
    )
    return pseudo_collate([dataset[i] for i in range(len(dataset))])


@pytest.mark.parametrize("name", SETS)
def test_they_load_train_and_test_as_they_come(name, shared_data, tmp_path):
    videos = [next((shared_data / "clips").glob(pattern)) for pattern in SETS[name]]
    cfg = Config.fromfile(CONFIGS / "attp" / "ablation" / "ttp_synthetic.py")
    cfg.model.backbones.iframe.pretrained = None
    with DefaultScope.overwrite_default_scope("mmaction"):
        torch.manual_seed(0)
        model = MODELS.build(cfg.model)
        model.init_weights()
        optimizer = OptimWrapper(torch.optim.AdamW(model.parameters(), lr=1e-3))
        training = batch_of(cfg, "train_pipeline_ttp", videos, tmp_path)
        assert all(len(x) == 6 for x in training["inputs"]["iframe"])  # each with its neighbour
        assert any((x != 128).any() for x in training["inputs"]["motion"])  # 128: no motion
        losses = [model.train_step(training, optimizer)["loss"].item() for _ in range(4)]
        assert losses[-1] < losses[0]
        model.eval()
        testing = batch_of(cfg, "test_pipeline", videos, tmp_path)
        with torch.no_grad():
            predictions = model.test_step(testing)
    for sample in predictions:
        assert sample.pred_score.shape == (16,)
        assert torch.isfinite(sample.pred_score).all()
