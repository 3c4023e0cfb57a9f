"""The demo in a process of its own in which nothing but numpy, PyAV and ONNX Runtime is there."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.registry import DefaultScope

from compressedvideo import encode_frames
from mmcondense.apis import CompressedActionInferencer
from mmcondense_cli.export import main as export

for package in ("onnx", "onnxruntime"):
    pytest.importorskip(package, reason="needs the extra deploy")

ROOT = Path(__file__).resolve().parents[2]
CONFIG = str(ROOT / "configs/ipts/ip_tsn_synthetic.py")
BLOCKED = ("torch", "torchvision", "mmengine", "mmaction", "mmcv", "mmcondense", "cv2", "scipy")
RUN = f"""
import runpy, sys
for name in {BLOCKED}:
    sys.modules[name] = None
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A checkpoint, a clip of 64x64, one of 48x48, one that is none, and the exported file."""
    folder = tmp_path_factory.mktemp("run_exported")
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope("mmaction"):
        model = MODELS.build(Config.fromfile(CONFIG).model)
    torch.nn.init.normal_(model.p_stream.cls_head.fc_cls.weight, std=0.5)
    torch.save(dict(meta={}, state_dict=model.state_dict()), folder / "epoch_1.pth")
    noise = np.random.default_rng(0)
    for name, side in (("clip", 64), ("other", 64), ("small", 48)):
        frames = noise.integers(0, 256, (30, side, side, 3), np.uint8)
        encode_frames(folder / f"{name}.mp4", frames, gop_size=12)
    (folder / "broken.mp4").write_bytes(b"no video" * 99)
    (folder / "names.txt").write_text("".join(f"motion {label}\n" for label in range(8)))
    arguments = [CONFIG, str(folder / "epoch_1.pth"), str(folder / "model.onnx")]
    arguments += ["--label-map", str(folder / "names.txt"), "--video", str(folder / "clip.mp4")]
    assert export(arguments) == 0
    return folder


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", RUN, str(ROOT / "demo" / "run_exported.py"), *arguments]
    environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def test_scores_are_the_inferencers(folder):
    clips = [str(folder / "clip.mp4"), str(folder / "other.mp4")]
    result = run(folder, "model.onnx", *clips, "--json")
    assert (result.returncode, result.stderr) == (0, "")
    inferencer = CompressedActionInferencer(CONFIG, str(folder / "epoch_1.pth"), device="cpu")
    expected = inferencer(clips)["predictions"]
    for line, prediction in zip(result.stdout.splitlines(), expected, strict=True):
        found = json.loads(line)
        assert found["input"] == prediction["input"]
        np.testing.assert_allclose(found["pred_scores"], prediction["pred_scores"], atol=2e-5)


def test_what_cannot_be_classified_is_named_and_the_others_go_on(folder):
    result = run(folder, "model.onnx", "small.mp4", "broken.mp4", "clip.mp4", "--topk", "2")
    assert result.returncode == 1
    small, broken = result.stderr.splitlines()
    assert small.startswith("error: small.mp4: gives iframe of [4, 3, 48, 48], and model.onnx ")
    assert broken.startswith("error: broken.mp4")
    assert result.stdout.startswith("clip.mp4: motion ")
    assert result.stdout.count("motion") == 2


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        ("missing.onnx", "no file at missing.onnx"),
        ("broken.mp4", "broken.mp4 is no ONNX file: "),
    ],
)
def test_files_that_are_none_are_refused_in_a_line(folder, file, reason):
    result = run(folder, file, "clip.mp4")
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"error: {reason}")
