"""browse_dataset.py: pictures, predictions, the page, broken files, clear refusals."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from mmaction.registry import DATASETS, MODELS
from mmengine.config import Config
from mmengine.registry import DefaultScope

from compressedvideo import CompressedVideo, encode_frames

ROOT = Path(__file__).resolve().parents[2]
TOOL = ROOT / "tools" / "visualizations" / "browse_dataset.py"
CONFIG = """
_base_ = [
    '{configs}/_base_/models/ip_tsn_r152_r18.py', '{configs}/_base_/default_runtime.py'
]
head = dict(num_classes=2, in_channels=512)
model = dict(
    i_stream=dict(backbone=dict(depth=18, pretrained=None), cls_head=head),
    p_stream=dict(backbone=dict(pretrained=None), cls_head=head))
pipeline = [
    dict(type='SampleCompressedFrames', num_segments=4, test_mode=True),
    dict(type='LoadCompressedVideo'),
    dict(type='Resize', scale=(48, 32), keep_ratio=False),
    dict(type='CenterCrop', crop_size=32),
    dict(type='FormatCompressedShape'),
    dict(type='PackActionInputs', collect_keys=('iframe', 'motion', 'residual'))]
val_dataloader = dict(
    batch_size=1,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='CompressedVideoDataset', ann_file='{data}/val.txt', pipeline=pipeline,
                 data_prefix=dict(video='{data}'), test_mode=True))
train_dataloader = dict(
    batch_size=1,
    dataset=dict(type='RepeatDataset', times=2, dataset=val_dataloader['dataset']))
"""


@pytest.fixture(scope="module")
def config(tmp_path_factory) -> Path:
    """Two classes, three clips, one of which is broken."""
    folder = tmp_path_factory.mktemp("browse")
    texture = cv2.resize(
        np.random.default_rng(0).integers(0, 256, (12, 16, 3), np.uint8), (128, 96)
    )
    for name, step in (("left_turn", -2), ("right", 2)):
        frames = [np.roll(texture, t * step, axis=1)[:64, :96] for t in range(30)]
        encode_frames(folder / f"{name}.mp4", frames)
    (folder / "broken.mp4").write_bytes(b"broken")
    (folder / "val.txt").write_text("left_turn.mp4 0\nbroken.mp4 0\nright.mp4 1\n")
    (folder / "classes.txt").write_text("turning left\nturning right\n")
    path = folder / "config.py"
    path.write_text(CONFIG.format(configs=ROOT / "configs", data=folder))
    return path


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("browse_dataset", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def draw(tool: ModuleType, config: Path, out: Path, *arguments: str, split: str = "val") -> None:
    tool.main([str(config), "--split", split, "--out", str(out), "--device", "cpu", *arguments])


def test_a_gop_with_one_iframe(tool, config, tmp_path):
    """As IFS takes clips: the only I-frame stands above each of its P-frames."""
    cfg = Config.fromfile(config)
    dataset_cfg = cfg.val_dataloader.dataset
    dataset_cfg.pipeline[0] = dict(type="SampleGOPClips", clip_len=12, num_clips=2, test_mode=True)
    with DefaultScope.overwrite_default_scope("mmaction"):
        dataset = DATASETS.build(dataset_cfg)
        view, _ = tool.view_sample(dataset, 0, names=[], segments=3)
    assert view.iframes.shape == view.residual.shape == (3, 32, 32, 3)
    assert (view.iframes == view.iframes[:1]).all()
    assert view.iframe_captions == ["frame 0"] * 3
    assert view.motion_captions == ["frame 1, P", "frame 6, P", "frame 11, P"]


def test_pictures_page_and_predictions(tool, config, tmp_path, capfd):
    with DefaultScope.overwrite_default_scope("mmaction"):
        model = MODELS.build(Config.fromfile(config).model)
    checkpoint = tmp_path / "model.pth"
    torch.save(dict(state_dict=model.state_dict(), meta={}), checkpoint)
    draw(tool, config, tmp_path / "with", "--checkpoint", str(checkpoint), "--html")
    printed = "".join(capfd.readouterr())
    assert "Skipping a video" in printed
    assert "broken.mp4" in printed
    names = ["val_000000_left_turn.png", "val_000002_right.png"]
    assert sorted(path.name for path in (tmp_path / "with").glob("*.png")) == names
    page = (tmp_path / "with" / "index.html").read_text()
    assert all(f'src="{name}"' in page for name in names)

    draw(tool, config, tmp_path / "without")
    assert not (tmp_path / "without" / "index.html").exists()
    for name in names:
        with_scores, without = (
            cv2.imread(str(tmp_path / folder / name)) for folder in ("with", "without")
        )
        assert len(with_scores) == len(without)
        assert with_scores.shape[1] > without.shape[1] + 100  # no room is left for no scores
        assert without.std() > 20


def test_what_is_drawn_is_what_the_network_gets(tool, config):
    cfg = Config.fromfile(config)
    with DefaultScope.overwrite_default_scope("mmaction"):
        dataset = tool.build_dataset(cfg, "val")
    view, packed = tool.view_sample(dataset, 2, names=["a", "b"], segments=3)
    assert view.label == "b"
    inputs = {name: x.numpy() for name, x in packed["inputs"].items()}
    columns = [0, 2, 3]  # of 4, evenly spread
    np.testing.assert_array_equal(view.iframes, inputs["iframe"][columns].transpose(0, 2, 3, 1))
    motion = inputs["motion"][0].transpose(1, 2, 3, 0)[columns].astype(np.float32)
    np.testing.assert_allclose(view.motion, (motion - 128) * 20 / 127.5, rtol=1e-5)
    residual = inputs["residual"][0].transpose(1, 2, 3, 0)[columns].astype(np.int16)
    np.testing.assert_array_equal(view.residual, residual - 128)
    # The clip moves right by 2 pixels a frame, and 96 pixels became 48.
    assert np.median(view.motion[..., 0]) == pytest.approx(1, abs=20 / 127.5)
    assert view.motion_captions[0].endswith(", P")


def test_arrows_lie_on_the_pixels_of_their_frame(tool, config):
    cfg = Config.fromfile(config)
    with DefaultScope.overwrite_default_scope("mmaction"):
        dataset = tool.build_dataset(cfg, "val")
    view, packed = tool.view_sample(dataset, 2, names=[], segments=3)
    assert "rgb" not in packed["inputs"]
    drawn = [int(caption.split()[1].rstrip(",")) for caption in view.motion_captions]
    with CompressedVideo(config.parent / "right.mp4") as video:
        frames = video.read(drawn, modalities=("rgb",)).rgb
    for shown, frame in zip(view.rgb, frames, strict=True):
        expected = cv2.resize(frame, (48, 32), interpolation=cv2.INTER_LINEAR)[:, 8:40]
        np.testing.assert_array_equal(shown, expected)
    assert (view.rgb != view.iframes).any()


def test_motion_on_the_codecs_grid_lies_on_pictures_of_pixels(tool, config, tmp_path):
    cfg = Config.fromfile(config)
    cfg.val_dataloader.dataset.pipeline[1:] = [
        dict(type="LoadCompressedVideo", modalities=("iframe", "motion"), layout="cells"),
        dict(type="FormatCompressedShape"),
        dict(type="PackActionInputs", collect_keys=("iframe", "motion")),
    ]
    with DefaultScope.overwrite_default_scope("mmaction"):
        dataset = tool.build_dataset(cfg, "val")
    view, packed = tool.view_sample(dataset, 2, names=[], segments=3)
    assert packed["inputs"]["motion"].shape == (1, 2, 4, 8, 12)
    assert view.motion.shape == (3, 8, 12, 2)
    assert view.rgb.shape == view.iframes.shape == (3, 64, 96, 3)
    figure = tool.draw_clip(view)
    (axes,) = (axes for axes in figure.axes if axes.get_ylabel().startswith("motion, arrows"))
    assert axes.images[0].get_extent() == [-0.5, 11.5, 7.5, -0.5]


def test_all_pictures_have_one_scale_of_motion(tool, config, tmp_path, monkeypatch):
    scales = []
    monkeypatch.setattr(tool, "draw_clip", lambda view: scales.append(view.full_pixels) or Figure())
    draw(tool, config, tmp_path)
    assert scales == [pytest.approx(1, abs=20 / 127.5)] * 2
    draw(tool, config, tmp_path, "--full-pixels", "7")
    assert scales[2:] == [7, 7]
    with pytest.raises(SystemExit):
        draw(tool, config, tmp_path, "--full-pixels", "0")


def test_bits_are_those_of_the_frames_drawn(tool, config):
    cfg = Config.fromfile(config)
    with DefaultScope.overwrite_default_scope("mmaction"):
        dataset = tool.build_dataset(cfg, "val")
    view, _ = tool.view_sample(dataset, 2, names=[], segments=3, with_bits=True)
    with CompressedVideo(config.parent / "right.mp4") as video:
        drawn = [int(caption.split()[1].rstrip(",")) for caption in view.motion_captions]
        expected = video.read(drawn, modalities=("bits",)).bits
    assert expected.shape == (3, 4, 6)
    assert expected.sum() > 0
    np.testing.assert_array_equal(view.bits, expected)


def test_wrappers_are_looked_through(tool, config, tmp_path):
    draw(tool, config, tmp_path, "--num", "1", "--bits", split="train")
    assert [path.name for path in tmp_path.iterdir()] == ["train_000000_left_turn.png"]


def test_nothing_readable_is_an_error(tool, config, tmp_path):
    (tmp_path / "val.txt").write_text("missing.mp4 0\n")
    option = f"val_dataloader.dataset.ann_file={tmp_path / 'val.txt'}"
    with pytest.raises(SystemExit, match="none of the 1 videos could be read"):
        draw(tool, config, tmp_path / "none", "--cfg-options", option)


def test_a_foreign_data_set_is_named(tool, config, tmp_path):
    foreign = tmp_path / "foreign.py"
    text = config.read_text().replace("type='CompressedVideoDataset'", "type='VideoDataset'")
    foreign.write_text(text)
    with pytest.raises(SystemExit, match="has a VideoDataset"):
        draw(tool, foreign, tmp_path)


def test_as_a_script_it_names_a_missing_split(config, tmp_path):
    command = [sys.executable, TOOL, config, "--split", "test", "--out", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "config.py has no test_dataloader" in done.stderr
