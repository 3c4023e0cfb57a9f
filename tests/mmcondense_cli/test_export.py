"""The command on what it cannot do, a line each; and int8 with what that changes."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.registry import DefaultScope

from mmcondense.datasets.synthetic import make_synthetic
from mmcondense_cli.export import main

for package in ("onnx", "onnxruntime"):
    pytest.importorskip(package, reason="needs the extra deploy")

ROOT = Path(__file__).resolve().parents[2]
CONFIG = str(ROOT / "configs/ipts/ip_tsn_synthetic.py")
ATTP = str(ROOT / "configs/attp/ablation/ttp_synthetic.py")


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> SimpleNamespace:
    """A checkpoint of the config, and 12 clips of 48x48."""
    folder = tmp_path_factory.mktemp("export")
    data = folder / "data"
    make_synthetic(data, num_train=0, num_val=12, size=48, num_frames=26, show_progress=False)
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope("mmaction"):
        model = MODELS.build(Config.fromfile(CONFIG).model)
    torch.nn.init.normal_(model.p_stream.cls_head.fc_cls.weight, std=2.0)
    torch.save(dict(meta={}, state_dict=model.state_dict()), folder / "epoch_1.pth")
    (folder / "names.txt").write_text("one\ntwo\n")
    (folder / "empty.txt").write_text("")
    return SimpleNamespace(
        folder=folder,
        checkpoint=str(folder / "epoch_1.pth"),
        list=str(data / "val.txt"),
        options=["--cfg-options", f"test_dataloader.dataset.data_root={data}"],
    )


def refused(capsys, *arguments: str) -> str:
    """The one line that the command ends with."""
    capsys.readouterr()
    assert main(arguments) == 1
    said = capsys.readouterr().err.splitlines()
    assert [line for line in said if line.startswith("error")] == said[-1:]
    return said[-1]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["missing.py", "a.pth", "a.onnx"], "no config at missing.py"),
        ([CONFIG, "missing.pth", "a.onnx"], "no checkpoint at missing.pth"),
        ([CONFIG, CONFIG, "a.trt", "--format", "tensorrt"], "no format 'tensorrt', only onnx, "),
        ([CONFIG, CONFIG, "a.onnx", "--int8"], "--int8 needs --calibration ANN"),
        ([CONFIG, CONFIG, "a.onnx", "--calibration", "val.txt"], "says nothing without --int8"),
        ([CONFIG, CONFIG, "a.onnx", "--size", "4", "4", "4"], "must be one or two numbers"),
        ([CONFIG, CONFIG, "a.onnx", "--label-map", "no.txt"], "no label map at no.txt"),
    ],
)
def test_wrong_arguments_end_in_a_line(capsys, arguments, reason):
    assert reason in refused(capsys, *arguments)


@pytest.mark.parametrize(
    ("config", "arguments", "reason"),
    [
        (CONFIG, ["a.pt"], "a.pt: a file of the format onnx is named *.onnx"),
        (CONFIG, ["names.txt/a.onnx"], "a.onnx cannot be written: "),
        (ATTP, ["a.onnx"], "is no checkpoint of this model"),
        (CONFIG, ["a.onnx", "--split", "gops"], "is for an ATTP with its neighbour's I-frame"),
        (CONFIG, ["a", "--split", "halves"], "is for a CondenseRecognizer, such as TSD"),
        (CONFIG, ["a.onnx", "--label-map", "{folder}/names.txt"], "the label map has 2 names"),
        (CONFIG, ["a.onnx", "--tolerance", "-1"], "a.onnx differs from PyTorch by"),
        (CONFIG, ["a.onnx", "--video", "{folder}/names.txt"], "names.txt"),
        (
            CONFIG,
            ["a.pt", "--format", "torchscript", "--int8", "--calibration", "{list}"],
            "there is no int8 for the format torchscript",
        ),
        (CONFIG, ["a.onnx", "--int8", "--calibration", "no.txt"], "no annotation file at no.txt"),
        (
            CONFIG,
            ["a.onnx", "--int8", "--calibration", "{folder}/empty.txt"],
            "empty.txt lists no video",
        ),
        (
            CONFIG,
            ["a.onnx", "--int8", "--calibration", "{list}", "--size", "64"],
            "gives iframe of [4, 3, 48, 48], and the file takes [4, 3, 64, 64]",
        ),
        (
            CONFIG,
            ["a.onnx", "--int8", "--calibration", "{list}", "--min-agreement", "1.1"],
            "has the best class of float32 in ",
        ),
    ],
)
def test_what_cannot_be_exported_leaves_nothing(files, capsys, tmp_path, config, arguments, reason):
    (tmp_path / "names.txt").write_text("")
    out, *options = (one.format(**vars(files)) for one in arguments)
    given = [config, files.checkpoint, str(tmp_path / out), *options, *files.options]
    assert reason in refused(capsys, *given)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["names.txt"]


@pytest.mark.alone
@pytest.mark.parametrize(("format", "package"), [("onnx", "onnxruntime"), ("openvino", "nncf")])
def test_int8_is_smaller_nearly_the_same_and_says_so(
    files, capsys, tmp_path, monkeypatch, format, package
):
    pytest.importorskip(package, reason="needs the extra deploy")
    monkeypatch.chdir(files.folder)
    from mmcondense.apis.export.formats import SUFFIXES, load, read_metadata

    exact, quantised = (tmp_path / f"{name}{SUFFIXES[format]}" for name in ("exact", "int8"))
    common = ["--format", format, *files.options]
    assert main([CONFIG, files.checkpoint, str(exact), *common]) == 0
    int8 = ["--int8", "--calibration", "val.txt", "--calibration-clips", "6"]  # below data_root
    int8 += ["--min-agreement", "0.5"]
    assert main([CONFIG, files.checkpoint, str(quantised), *int8, *common]) == 0
    assert "int8, calibrated on 6 clips; on 6 others top-1 is " in capsys.readouterr().out

    sizes = [sum(f.stat().st_size for f in tmp_path.glob(f"{n}.*")) for n in ("exact", "int8")]
    assert sizes[1] < 0.4 * sizes[0]
    metadata = read_metadata(quantised, format=format)
    assert metadata["precision"] == "int8"
    assert metadata | {"precision": "float32"} == read_metadata(exact, format=format)
    rng = np.random.default_rng(0)
    feed = {
        name: rng.integers(0, 256, [2, *entry["shape"][1:]], np.uint8)
        for name, entry in metadata["inputs"].items()
    }
    (expected,), (found,) = (load(path, format=format)(feed) for path in (exact, quantised))
    assert found.shape == expected.shape == (2, 8)
    assert 0 < np.abs(found - expected).max() < 0.3  # random weights, far from sure
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)  # softmax and fusion are exact
