"""draw_cam.py: a picture for each video, the frames' own pixels, both streams, clear refusals."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType, SimpleNamespace

import cv2
import numpy as np
import pytest
import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.registry import DefaultScope

from compressedvideo import CompressedVideo, encode_frames
from mmcondense.apis import CompressedActionInferencer

pytest.importorskip("pytorch_grad_cam", reason="needs the extra cam")

ROOT = Path(__file__).resolve().parents[2]
IP_TSN = str(ROOT / "configs/ipts/ip_tsn_synthetic.py")


@pytest.fixture(scope="module")
def tool(load_tool) -> ModuleType:
    return load_tool("visualizations/draw_cam.py")


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> SimpleNamespace:
    folder = tmp_path_factory.mktemp("cam")
    noise = np.random.default_rng(0).integers(0, 256, (14, 20, 3), np.uint8)
    picture = noise.repeat(8, axis=0).repeat(8, axis=1)
    encode_frames(folder / "clip.mp4", [picture[:, t : t + 112] for t in range(40)])
    (folder / "broken.mp4").write_bytes(b"no video" * 99)
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope("mmaction"):
        model = MODELS.build(Config.fromfile(IP_TSN).model)
    torch.save(dict(meta={}, state_dict=model.state_dict()), folder / "weights.pth")
    return SimpleNamespace(
        folder=folder, clip=str(folder / "clip.mp4"), weights=str(folder / "weights.pth")
    )


def test_both_streams_on_the_pixels_of_their_frames(tool, files):
    inferencer = CompressedActionInferencer(IP_TSN, files.weights, device="cpu")
    title, rows = tool.explain(inferencer, files.clip, layer="layer3")
    (prediction,) = inferencer(files.clip)["predictions"]
    assert title == f"clip.mp4    {prediction['top_k'][0]['name']}  " + (
        f"{prediction['top_k'][0]['score']:.2f}"
    )
    assert [row.title for row in rows] == ["i_stream", "p_stream"]
    with CompressedVideo(files.clip) as video:
        for row, kind in zip(rows, "IP", strict=True):
            frames = [int(caption.split()[1].rstrip(",")) for caption in row.captions]
            assert [caption[-1] for caption in row.captions] == [kind] * 4
            expected = video.read(frames, modalities=("rgb",)).rgb
            np.testing.assert_array_equal(row.pixels, expected)
            assert row.maps.shape == (4, 112, 112)
    # of random weights: what speaks for the likeliest class of all is somewhere, and not everywhere
    assert max(row.maps.max() for row in rows) == 1
    assert max(row.maps.std() for row in rows) > 0.05
    other = tool.explain(inferencer, files.clip, layer="layer3", label=3)[1]
    assert any((a.maps != b.maps).any() for a, b in zip(rows, other, strict=True))


@pytest.mark.parametrize(
    ("config", "kinds"),
    [
        ("ipts/ablation/p_stream_hard.py", dict(frames="P")),
        ("coviar/coviar_synthetic.py", dict(i_stream="I", motion_stream="P", residual_stream="P")),
    ],
)
def test_one_stream_of_compressed_video_and_three(tool, files, config, kinds):
    inferencer = CompressedActionInferencer(str(ROOT / "configs" / config), device="cpu")
    _, rows = tool.explain(inferencer, files.clip)
    assert {row.title: row.captions[1][-1] for row in rows} == kinds
    assert all(row.maps.shape == row.pixels.shape[:3] for row in rows)


@pytest.mark.parametrize("is_3d", [False, True], ids=["2D", "3D"])
def test_a_stock_recognizer_of_rgb(tool, files, is_3d):
    sampler = dict(clip_len=8, num_clips=1) if is_3d else dict(clip_len=1, num_clips=3)
    pipeline = [
        dict(type="DecordInit"),
        dict(type="SampleFrames", frame_interval=1, test_mode=True, **sampler),
        dict(type="DecordDecode"),
        dict(type="Resize", scale=(64, 64), keep_ratio=False),
        dict(type="FormatShape", input_format="NCTHW" if is_3d else "NCHW"),
        dict(type="PackActionInputs"),
    ]
    net = dict(type="ResNet2D3D", in_channels=3, base_channels=4)
    model = dict(
        type="Recognizer3D" if is_3d else "Recognizer2D",
        backbone=dict(**net, inflate_from=3 if is_3d else None),
        cls_head=dict(type="I3DHead" if is_3d else "TSNHead", num_classes=3, in_channels=32)
        | dict(average_clips="prob"),
        data_preprocessor=dict(type="ActionDataPreprocessor", mean=[128] * 3, std=[64] * 3)
        | dict(format_shape="NCTHW" if is_3d else "NCHW"),
    )
    cfg = Config(dict(model=model, test_dataloader=dict(dataset=dict(pipeline=pipeline))))
    inferencer = CompressedActionInferencer(cfg, device="cpu")
    _, (row,) = tool.explain(inferencer, files.clip, layer="layer2")
    count = 8 if is_3d else 3
    assert row.maps.shape == (count, 64, 64)
    frames = [int(caption.split()[1]) for caption in row.captions]
    with CompressedVideo(files.clip) as video:
        expected = [cv2.resize(f, (64, 64)) for f in video.read(frames, modalities=("rgb",)).rgb]
    np.testing.assert_array_equal(row.pixels, expected)


def test_a_picture_for_each_video_and_what_is_broken_is_said(tool, files, tmp_path, capsys):
    out = tmp_path / "cam"
    given = [IP_TSN, files.weights, files.clip, str(files.folder / "broken.mp4")]
    assert tool.main([*given, "--out", str(out), "--segments", "2", "--device", "cpu"]) == 1
    said = capsys.readouterr()
    assert "broken.mp4: is no video" in said.err
    assert f"{out / 'clip_cam.png'}: clip.mp4    " in said.out
    picture = cv2.imread(str(out / "clip_cam.png"))
    assert picture.shape[1] > 2 * 240
    assert picture.shape[0] > 2 * 240
    assert [path.name for path in out.iterdir()] == ["clip_cam.png"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--layer", "conv9"], "the backbone has no layer 'conv9'"),
        (["--label", "8"], "label 8 is none of the 8 classes"),
    ],
)
def test_what_is_not_there_is_one_line(tool, files, tmp_path, capsys, options, message):
    given = [IP_TSN, files.weights, files.clip, "--out", str(tmp_path), "--device", "cpu"]
    assert tool.main([*given, *options]) == 1
    assert capsys.readouterr().err.splitlines()[-1].startswith(f"error: {message}")


def test_a_condenser_is_refused(tool, files, tmp_path, capsys):
    config = str(ROOT / "configs/baselines/di_synthetic.py")
    cfg = Config.fromfile(config)
    with DefaultScope.overwrite_default_scope("mmaction"):
        torch.save(
            dict(meta={}, state_dict=MODELS.build(cfg.model).state_dict()), tmp_path / "di.pth"
        )
    given = [config, str(tmp_path / "di.pth"), files.clip, "--out", str(tmp_path)]
    assert tool.main([*given, "--device", "cpu"]) == 1
    assert "CondenseRecognizer is no recognizer of frames" in capsys.readouterr().err
