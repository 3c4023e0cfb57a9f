"""Files of every model that can be exported, held against the inferencer and against PyTorch."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.registry import DefaultScope

from compressedvideo import encode_frames
from mmcondense.apis import CompressedActionInferencer
from mmcondense.apis.export import export
from mmcondense.apis.export.describe import describe
from mmcondense.apis.export.example import read_sample
from mmcondense.apis.export.formats import load, read_metadata
from mmcondense.apis.inference_inputs import UsageError

onnx = pytest.importorskip("onnx", reason="needs the extra deploy")
pytest.importorskip("onnxruntime", reason="needs the extra deploy")
from mmcondense_runtime import ExportedModel  # noqa: E402

ROOT = Path(__file__).resolve().parents[3]
SIDE = 64
CONFIGS = (
    "ipts/ip_tsn_synthetic.py",
    "coviar/coviar_synthetic.py",
    "attp/ablation/ttp_synthetic.py",
    "tsd/tsd_synthetic.py",
    "ifs/classifiers/end_to_end_synthetic.py",
    "avd/classifiers/end_to_end_synthetic.py",
    "coviar/dmc_net_synthetic.py",
    "dmc_net_3d.py",
)
# Not below configs/: IP-TSN's P-stream with DMC-Net's generator in front.
OPTIONS = {
    "dmc_net_3d.py": (
        "ipts/stages/mr_2d3d_synthetic.py",
        {
            "model.type": "DMCRecognizer3D",
            "model.backbone.in_channels": 2,
            "model.backbone.pretrained": None,
        },
    )
}
IP_TSN = CONFIGS[0]


@pytest.fixture(scope="module")
def videos(tmp_path_factory) -> list[str]:
    """Two clips of one size, other in content and length, with a GOP of 12."""
    folder = tmp_path_factory.mktemp("videos")
    paths = []
    for seed, num_frames in ((0, 84), (1, 50)):
        texture = np.random.default_rng(seed).integers(0, 256, (32, 32, 3), np.uint8)
        texture = texture.repeat(4, axis=0).repeat(4, axis=1)
        frames = [
            texture[t % 60 : t % 60 + SIDE, t % 40 : t % 40 + SIDE] for t in range(num_frames)
        ]
        paths.append(str(folder / f"{seed}.mp4"))
        encode_frames(paths[-1], np.stack(frames), gop_size=12)
    return paths


@pytest.fixture(scope="module")
def inferencer_of(tmp_path_factory):
    """``inferencer_of(config)``: with random weights whose scores differ from clip to clip."""
    made: dict[str, SimpleNamespace] = {}

    def make(config: str) -> SimpleNamespace:
        if config not in made:
            name, options = OPTIONS.get(config, (config, {}))
            cfg = Config.fromfile(ROOT / "configs" / name)
            cfg.merge_from_dict(options)
            torch.manual_seed(0)
            with DefaultScope.overwrite_default_scope("mmaction"):
                model = MODELS.build(cfg.model)
            for name, parameter in model.named_parameters():
                if "cls_head" in name and parameter.ndim > 1:
                    torch.nn.init.normal_(parameter, std=0.5)
            path = tmp_path_factory.mktemp("weights") / "epoch_1.pth"
            torch.save(dict(meta={}, state_dict=model.state_dict()), path)
            names = path.with_name("names.txt")
            head = model.recognizer if hasattr(model, "recognizer") else model
            head = getattr(head, "i_stream", head).cls_head
            names.write_text("".join(f"class {n}\n" for n in range(head.num_classes)))
            inferencer = CompressedActionInferencer(
                cfg, str(path), device="cpu", label_file=str(names)
            )
            metadata = describe(
                cfg, str(path), model=type(model).__name__, classes=inferencer.classes
            )
            made[config] = SimpleNamespace(inferencer=inferencer, metadata=metadata)
        return made[config]

    return make


@pytest.mark.parametrize("config", CONFIGS)
def test_an_exported_file_gives_the_inferencers_scores(inferencer_of, videos, tmp_path, config):
    """On the clip that it was made with, and on another one, from the files alone."""
    made = inferencer_of(config)
    sample = read_sample(made.inferencer, videos[0])
    path = tmp_path / "model.onnx"
    exported = export(made.inferencer.model, sample, path, metadata=made.metadata)
    assert exported.difference < 1e-4
    assert [file.name for file in tmp_path.iterdir()] == ["model.onnx"]
    runner = ExportedModel(path, num_threads=1)
    expected = made.inferencer(videos)["predictions"]
    scores = np.stack([runner.predict(video) for video in videos])
    for found, prediction in zip(scores, expected, strict=True):
        np.testing.assert_allclose(found, prediction["pred_scores"], rtol=2e-5, atol=2e-5)
    assert np.abs(scores[0] - scores[1]).max() > 1e-4  # they say something of the clip
    assert runner.classes == made.inferencer.classes
    assert (
        runner.metadata["modalities"]
        == list(runner.metadata["inputs"])[: len(runner.metadata["modalities"])]
    )


@pytest.mark.alone
@pytest.mark.parametrize("format", ["openvino", "torchscript"])
def test_other_formats_give_the_same_and_say_the_same(inferencer_of, videos, tmp_path, format):
    if format == "openvino":
        pytest.importorskip("openvino", reason="needs the extra deploy")
    made = inferencer_of(IP_TSN)
    sample = read_sample(made.inferencer, videos[0])
    path = tmp_path / {"openvino": "model.xml", "torchscript": "model.pt"}[format]
    export(made.inferencer.model, sample, path, format=format, metadata=made.metadata)
    files = {"openvino": ["model.bin", "model.xml"], "torchscript": ["model.pt"]}[format]
    assert sorted(file.name for file in tmp_path.iterdir()) == files
    (scores,) = load(path, format=format)(
        {name: x[None].numpy() for name, x in sample["inputs"].items()}
    )
    (expected,) = made.inferencer(videos[0])["predictions"]
    np.testing.assert_allclose(scores[0], expected["pred_scores"], rtol=2e-5, atol=2e-5)
    found = read_metadata(path, format=format)
    assert json.loads(json.dumps(made.metadata)).items() <= found.items()
    assert found["inputs"]["motion"] == dict(
        shape=["batch", 1, 2, 4, SIDE, SIDE],
        dtype="uint8",
        to_rgb=False,
        mean=[127.5, 127.5],
        std=[255.0, 255.0],
    )


def test_what_a_format_cannot_express_is_refused_and_nothing_is_left(
    inferencer_of, videos, tmp_path
):
    made = inferencer_of("attp/ablation/bp_synthetic.py")
    sample = read_sample(made.inferencer, videos[0])
    with pytest.raises(UsageError, match=r"a\.onnx: the format onnx cannot express .*fft"):
        export(made.inferencer.model, sample, tmp_path / "a.onnx")
    assert not list(tmp_path.iterdir())
    exported = export(made.inferencer.model, sample, tmp_path / "a.pt", format="torchscript")
    assert exported.difference < 1e-4


def test_scores_of_single_clips_are_refused(inferencer_of, videos, tmp_path, monkeypatch):
    made = inferencer_of("avd/classifiers/end_to_end_synthetic.py")
    sample = read_sample(made.inferencer, videos[0])
    model = made.inferencer.model
    monkeypatch.setattr(model.recognizer.cls_head, "average_clips", None)
    with pytest.raises(UsageError, match="average_clips of the TSNHead is None"):
        export(model, sample, tmp_path / "a.onnx")
    assert not list(tmp_path.iterdir())
