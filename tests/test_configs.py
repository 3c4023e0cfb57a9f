"""Every config under configs/ trains one step and predicts one batch on really encoded clips.

They run as they are but for the inputs: fewer segments, smaller crops; and no pretrained weights,
those of teachers included.
"""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from mmaction.registry import DATASETS, METRICS, MODELS
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DefaultScope
from torch import nn

import mmcondense
from compressedvideo import encode_frames
from mmcondense.datasets.optical_flow import flow_paths, write_flow

CONFIGS = Path(mmcondense.__file__).resolve().parents[1] / "configs"
NAMES = sorted(
    str(path.relative_to(CONFIGS)) for path in CONFIGS.rglob("*.py") if "_base_" not in path.parts
)
SIDE = 64
SMALLEST = {"timm.inception_v3": 96}  # takes no 64
NUM_SEGMENTS = 2
CLIP_LEN = 8  # of consecutive frames
GOP_LEN = 12  # which SampleGOPClips keeps
DATA_SET = re.compile(r"_(hmdb51|ucf101|kinetics400|kinetics_n50|sthv2)(?=\.py)")
GRADIENTS_FLOW = dict(zero_init_residual=False)  # into residual blocks, from the first step on


@pytest.fixture(scope="module")
def tiny_videos(tmp_path_factory) -> Path:
    """Two clips of 24 frames with labels 0 and 1: ``videos/``, ``frames/``, ``flow/``, sound."""
    folder = tmp_path_factory.mktemp("tiny")
    (folder / "videos").mkdir()
    rng = np.random.default_rng(0)
    for label in (0, 1):
        image = rng.integers(0, 255, (SIDE, SIDE, 3), dtype=np.uint8)
        frames = (np.roll(image, step, axis=label) for step in range(24))
        encode_frames(folder / "videos" / f"{label}.mp4", frames)
        (folder / "flow" / str(label)).mkdir(parents=True)
        for number in range(1, 24):
            flow = rng.normal(size=(SIDE, SIDE, 2)).astype(np.float32)
            paths = flow_paths(folder / "flow" / str(label), number)
            write_flow(flow, paths, bound=20, quality=95)
        (folder / "audio_features").mkdir(exist_ok=True)
        np.save(folder / f"audio_features/{label}.npy", rng.random((200, 80), dtype=np.float32))
        (folder / "frames" / str(label)).mkdir(parents=True)
        for number in range(1, 9):
            cv2.imwrite(str(folder / f"frames/{label}/img_{number:05}.jpg"), image)
    (folder / "ann.txt").write_text("0.mp4 0\n1.mp4 1\n")
    (folder / "frames.txt").write_text("0 8 0\n1 8 1\n")
    return folder


def shrink(cfg: Any, *, side: int = SIDE) -> Any:
    """A copy of a config for tiny inputs: the same transforms and modules in the same order."""
    if isinstance(cfg, (list, tuple)):
        return type(cfg)(shrink(value, side=side) for value in cfg)
    if not isinstance(cfg, dict):
        return cfg
    cfg = {key: shrink(value, side=side) for key, value in cfg.items()}
    small = {
        "Resize": dict(scale=(side, side)),
        "MultiScaleCrop": dict(input_size=side),
        "CenterCrop": dict(crop_size=side),
        "ThreeCrop": dict(crop_size=side),
        "RandomRescale": dict(scale_range=(side, side + 8)),
        "TenCrop": dict(crop_size=side),
        "RandomCrop": dict(size=side),
        "SampleCompressedFrames": dict(num_segments=NUM_SEGMENTS),
        "SampleGOPs": dict(num_gops=NUM_SEGMENTS, frame_types=("P", "B")),
        "SampleFrames": dict(clip_len=min(cfg.get("clip_len", 1), CLIP_LEN)),
        "UniformSample": dict(clip_len=CLIP_LEN),
        "TemporalSequenceDistillation": dict(extractor_size=SIDE),
        "TemporalAttention": dict(num_kept=NUM_SEGMENTS, extractor_size=SIDE),
        "UniformFrames": dict(num_frames=NUM_SEGMENTS),
        "RandomFrames": dict(num_frames=NUM_SEGMENTS),
        "LoadFlow": dict(folders=dict(videos="flow")),
        "FindAudioFeature": dict(video_folder="videos"),
        "MixedEncodings": dict(folders=["videos"]),
        "VisionTransformer": dict(
            img_size=side, num_frames=CLIP_LEN, embed_dims=32, depth=2, num_heads=2
        ),
        "TimeSformerHead": dict(in_channels=32),
        "AlexNet": dict(hidden_channels=8),
        "ResNetTSM": dict(pretrained2d=False),
        "ResNet3dSlowOnly": GRADIENTS_FLOW,
    }
    cfg.update(small.get(cfg.get("type"), {}))
    pictures = cfg.get("type") == "SampleFrames" and cfg["clip_len"] == 1
    if cfg.get("type") in ("SampleFrames", "SampleGOPClips") and not pictures:
        cfg["num_clips"] = min(cfg.get("num_clips", 1), 2)
    if cfg.get("type") == "CondenseRecognizer":
        cfg["clips_per_view"] = min(cfg.get("clips_per_view", 1), 2)
    if cfg.get("type") == "TemporalSequenceDistillation" and cfg["num_frames"] != GOP_LEN:
        cfg.update(num_frames=CLIP_LEN, num_distilled=CLIP_LEN)
    if cfg.get("type") == "IFS":
        cfg.update(base_channels=8, num_blocks=1, encoder_channels=(8, 8))
    if cfg.get("type") == "AVD":
        cfg.update(channels=4, image_size=SIDE, teacher_channels=(8, 8))
        if cfg.get("source") == "flow":
            cfg["strides"] = ((NUM_SEGMENTS, 2),)
        elif len(cfg["strides"]) == 5:
            cfg["strides"] = (cfg["strides"][0], (2, 1), (2, 1))  # CLIP_LEN
    if cfg.get("type") == "DMCRecognizer2D" and cfg.get("discriminator"):
        cfg["discriminator"]["image_size"] = side
    if cfg.get("type") == "RGBPoseConv3D":
        cfg["rgb_pathway"].update(GRADIENTS_FLOW)
        cfg["pose_pathway"].update(GRADIENTS_FLOW)
    if cfg.get("type") == "ResNetTemporalConv" or cfg.get("depth") in (101, 152):
        cfg.update(depth=50)  # of the same width, and faster
    for key in ("pretrained", "weights", "init_cfg", "condenser_checkpoint"):
        if key in cfg:
            cfg[key] = None
    if "pretrained2d" in cfg:
        cfg["pretrained2d"] = False
    return cfg


def make_teachers(cfg: dict, folder: Path) -> None:
    """Write a random checkpoint for every frozen teacher of a model, and name it in ``cfg``."""
    for value in cfg.values():
        if isinstance(value, dict):
            make_teachers(value, folder)
    if "teacher" in cfg:
        path = str(folder / "teacher.pth")
        teacher = MODELS.build(copy.deepcopy(cfg["teacher"]["recognizer"]))
        torch.save(dict(state_dict=teacher.state_dict()), path)
        cfg["teacher"]["checkpoint"] = path


def watch_gradients(model: nn.Module) -> set[str]:
    """A set to which every parameter's name is added once a gradient other than 0 reaches it."""
    reached: set[str] = set()
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            parameter.register_hook(lambda g, name=name: reached.add(name) if g.any() else None)
    return reached


def load_batch(cfg: Config, dataloader: str, folder: Path) -> dict:
    side = SMALLEST.get(cfg.model.get("backbone", {}).get("type"), SIDE)
    dataset_cfg = shrink(cfg[dataloader].dataset.to_dict(), side=side)
    files = dict(ann_file="ann.txt", data_prefix=dict(video="videos"))
    if dataset_cfg["type"] == "RawframeDataset":
        files = dict(ann_file="frames.txt", data_prefix=dict(img="frames"))
    dataset_cfg.update(data_root=str(folder), **files)
    dataset = DATASETS.build(dataset_cfg)
    batch = pseudo_collate([dataset[0], dataset[1]])
    inputs = batch["inputs"] if isinstance(batch["inputs"], dict) else dict(imgs=batch["inputs"])
    inputs = {name: tensors for name, tensors in inputs.items() if name != "audios"}
    # What crosses to the device is small; the data preprocessor makes floats of it there.
    assert {x.dtype for tensors in inputs.values() for x in tensors} <= {torch.uint8, torch.int16}
    return batch


def train_and_validate(cfg: Config, videos: Path, folder: Path) -> dict[str, float]:
    """A training step, in which all that learns moves, a batch of predictions, and metrics."""
    assert "mmcondense" in cfg.custom_imports.imports
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        model_cfg = shrink(cfg.model.to_dict())
        make_teachers(model_cfg, folder)
        model = MODELS.build(model_cfg)
        model.init_weights()
        cfg.optim_wrapper.type = "OptimWrapper"  # AmpOptimWrapper asks for a GPU
        optim_wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
        before = {name: p.detach().clone() for name, p in model.named_parameters()}
        reached = watch_gradients(model)
        model.train()
        logs = model.train_step(load_batch(cfg, "train_dataloader", videos), optim_wrapper)
        assert all(torch.isfinite(value).all() for value in logs.values())
        learning = {name for name, p in model.named_parameters() if p.requires_grad}
        moved = {n for n, p in model.named_parameters() if not torch.equal(p, before[n])}
        assert moved == learning == reached

        model.eval()
        batch = load_batch(cfg, "test_dataloader", videos)
        with torch.no_grad():
            predictions = model.test_step(batch)
        evaluators = cfg.test_evaluator
        all_metrics: dict[str, float] = {}
        for evaluator in evaluators if isinstance(evaluators, list) else [evaluators]:
            metric = METRICS.build(evaluator)
            metric.process(batch, [prediction.to_dict() for prediction in predictions])
            metrics = metric.evaluate(len(predictions))
            top1 = [value for name, value in metrics.items() if "top1" in name]
            assert all(0 <= value <= 1 for value in top1)
            assert top1 or all(name.startswith("condenser/") for name in metrics)
            all_metrics.update(metrics)
    assert all_metrics
    return all_metrics


NOT_SEEN = (  # here: other files, as many classes as they have, other learning rates
    *("ann_file", "data_prefix", "data_root", "filename_tmpl", "flip_label_map", "lr"),
    *("num_classes", "start_index"),
)


def seen(value: Any) -> Any:
    """What of a config decides how it does on tiny inputs."""
    if isinstance(value, dict):
        return {key: seen(item) for key, item in value.items() if key not in NOT_SEEN}
    return [seen(item) for item in value] if isinstance(value, list | tuple) else value


def all_seen(name: str) -> list:
    """Equal for configs that differ in nothing but their data set."""
    cfg = Config.fromfile(CONFIGS / name).to_dict()
    keys = ("model", "train_dataloader", "test_dataloader", "test_evaluator", "optim_wrapper")
    return [seen(shrink(cfg[key])) for key in (*keys, "custom_imports")]


@pytest.mark.parametrize("name", NAMES)
def test_config_trains_and_validates(name, tiny_videos, tmp_path):
    """Of configs that differ in their data set alone, the first. The data sets of the others are
    tests/tools/test_prepare.py's."""
    siblings = [n for n in NAMES if DATA_SET.sub("", n) == DATA_SET.sub("", name)]
    if siblings[0] == name or all_seen(name) != all_seen(siblings[0]):
        train_and_validate(Config.fromfile(CONFIGS / name), tiny_videos, tmp_path)


def test_synthetic_clips_are_never_flipped():
    """A flip turns the class "left" into "right"."""
    for name in NAMES:
        if "synthetic" in name:
            cfg = Config.fromfile(CONFIGS / name)
            assert "Flip" not in [t["type"] for t in cfg.train_dataloader.dataset.pipeline]


def test_flips_exchange_left_and_right_of_something_something():
    """By MMAction2's own map, in its configs' order of labels."""
    stock = Config.fromfile(CONFIGS / "mixing/distilled_tsm_sthv2.py").sthv2_flip_label_map
    for name in ("ipts/ip_tsn_sthv2.py", "attp/attp_sthv2.py"):
        pipeline = Config.fromfile(CONFIGS / name).train_dataloader.dataset.pipeline
        assert [t.flip_label_map for t in pipeline if t["type"] == "Flip"] == [stock]


def test_learning_rates_match_coviars_commands():
    """HMDB51: I-frames 0.0003, motion 0.005, residuals 0.001; 1, 0.1 and 0.01 of it for parts."""
    expected = {
        "i_stream.cls_head.fc_cls.weight": 3e-4,
        "i_stream.backbone.layer1.0.conv1.conv.weight": 3e-6,
        "motion_stream.cls_head.fc_cls.weight": 5e-3,
        "motion_stream.backbone.conv1.conv.weight": 5e-4,
        "motion_stream.backbone.data_bn.weight": 5e-4,
        "motion_stream.backbone.layer1.0.conv1.conv.weight": 5e-5,
        "residual_stream.cls_head.fc_cls.weight": 1e-3,
        "residual_stream.backbone.conv1.conv.weight": 1e-4,
        "residual_stream.backbone.layer4.1.conv2.conv.weight": 1e-5,
    }
    cfg = Config.fromfile(CONFIGS / "coviar" / "coviar_hmdb51.py")
    with DefaultScope.overwrite_default_scope("mmaction"):
        model = MODELS.build(shrink(cfg.model.to_dict()))
        groups = build_optim_wrapper(model, cfg.optim_wrapper).optimizer.param_groups
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    rates = {names[id(group["params"][0])]: group["lr"] for group in groups}
    assert {name: rates[name] for name in expected} == pytest.approx(expected)
