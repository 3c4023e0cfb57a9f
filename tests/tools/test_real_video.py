"""real_video.py and encodings_table.py: from a folder of videos to their tables."""

from __future__ import annotations

import json
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
import timm
import torch
from sklearn.datasets import load_sample_image

from compressedvideo import CompressedVideo, encode_frames

pytestmark = pytest.mark.usefixtures("forked_tools")


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """16 clips to learn from and 4 to test: a texture that moves to the right, or down."""
    folder = tmp_path_factory.mktemp("moves")
    (folder / "videos").mkdir()
    rng = np.random.default_rng(0)
    for part, number in (("train", 16), ("val", 4)):
        lines = []
        for i in range(number):
            image = rng.integers(0, 255, (12, 16, 3), np.uint8).repeat(4, 0).repeat(4, 1)
            frames = [np.roll(image, 2 * t, axis=1 - i % 2) for t in range(18)]
            encode_frames(folder / "videos" / f"{part}{i}.avi", frames, gop_size=6)
            lines.append(f"{part}{i}.avi {i % 2}")
        (folder / f"{part}.txt").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture(scope="module")
def out(data, load_tool, forked_tools, tmp_path_factory) -> Path:
    """What real_video.py leaves of one row that learns for two epochs, and is exported."""
    out = tmp_path_factory.mktemp("out")
    load_tool("benchmarks/real_video.py").main(
        ["--data", str(data), "--out", str(out), "--seeds", "1", "--epochs", "2"]
        + ["--rounds", "1", "--rows", "p_stream_cells", "p_stream_cells_onnx"]
    )
    return out


def test_from_a_folder_of_videos_to_the_table(data, out, load_tool, capsys):
    results = json.loads((out / "results.json").read_text())
    assert list(results) == ["p_stream_cells", "p_stream_cells_onnx"]
    result, exported = results.values()
    assert exported["top1"] == result["top1"]
    assert exported["gmacs"] == result["gmacs"]
    assert exported["network_ms"] != result["network_ms"]
    assert set(result["top1"]) == {"1"}
    assert result["top1"]["1"] in (0.0, 25.0, 50.0, 75.0, 100.0)
    sizes = [(data / "videos" / f"val{i}.avi").stat().st_size for i in range(4)]
    assert 0.5 < result["bytes"] / np.mean(sizes) < 4  # FFmpeg reads ahead
    assert result["gmacs"] == pytest.approx(0.073, abs=0.001)  # 30x40 cells, whatever the video's
    assert result["read_ms"] > 0
    assert result["network_ms"] > 0
    table = (out / "table.md").read_text()
    assert table.startswith("| row | seed 1 | mean top-1 | CPU ms a video |")
    assert table.count("\n") == 4
    assert (out / "plot.png").stat().st_size > 10_000
    log = (out / "p_stream_cells" / "seed1" / "train.log").read_text()
    assert log.count("Epoch(train)") > 0

    again = ["--data", str(data), "--out", str(out), "--rows", "p_stream_cells"]
    load_tool("benchmarks/real_video.py").main([*again, "--seeds", "1", "--no-costs"])
    assert (out / "p_stream_cells" / "seed1" / "train.log").read_text() == log
    assert capsys.readouterr().out.endswith(table + "\n")


def test_pictures_are_condensed_then_learned_from(data, load_tool, tmp_path):
    """AVD learns, makes pictures of both lists, and the classifier learns from these."""
    load_tool("benchmarks/real_video.py").main(
        ["--data", str(data), "--out", str(tmp_path), "--rows", "avd", "--seeds", "0"]
        + ["--epochs", "1", "--no-costs"]
    )
    done = json.loads((tmp_path / "results.json").read_text())
    assert done["avd"]["top1"]["0"] in (0.0, 25.0, 50.0, 75.0, 100.0)
    pictures = tmp_path / "avd" / "seed0" / "condenser" / "pictures"
    lines = (pictures / "val.txt").read_text().splitlines()
    assert lines == ["val0 3 0", "val1 3 1", "val2 3 0", "val3 3 1"]  # 18 frames, GOPs of 6
    assert len([*pictures.glob("frames/train*/img_*.jpg")]) == 16 * 3

    # Another row learns from the same pictures, of which none is made again.
    load_tool("benchmarks/real_video.py").main(
        ["--data", str(data), "--out", str(tmp_path), "--rows", "avd_long", "--seeds", "0"]
        + ["--epochs", "1", "--no-costs"]
    )
    logs = [*(pictures.parent).glob("*/vis_data/scalars.json")]
    assert len(logs) == 1
    log = (tmp_path / "avd_long" / "seed0" / "train.log").read_text()
    assert re.search(r"Epoch\(train\) +\[3\]", log)


def test_a_network_from_imagenet_learns_from_the_pictures_of_another_row(data, load_tool, tmp_path):
    arguments = ["--data", str(data), "--out", str(tmp_path), "--rows", "di_imagenet"]
    arguments += ["--seeds", "0", "--epochs", "1", "--rounds", "1"]
    load_tool("benchmarks/real_video.py").main(arguments)
    result = json.loads((tmp_path / "results.json").read_text())["di_imagenet"]
    assert result["top1"]["0"] in (0.0, 25.0, 50.0, 75.0, 100.0)
    assert result["mparams"] == pytest.approx(3.374, abs=0.001)  # 4.652 less 1000 classes, 2 more
    assert len([*(tmp_path / "di" / "pictures").glob("frames/val*/img_*.jpg")]) == 4 * 3
    weights = torch.load(tmp_path / "efficientnet_lite0.pth")["state_dict"]
    before = timm.create_model("tf_efficientnet_lite0", num_classes=0)
    before.load_state_dict({k.removeprefix("backbone."): v for k, v in weights.items()})
    after = torch.load(tmp_path / "di_imagenet" / "seed0" / "final.pth")["state_dict"]
    for name, parameter in before.named_parameters():  # one step of AdamW
        assert (after[f"backbone.{name}"] - parameter).abs().max() < 1e-3, name


def test_imagenet_weights_know_what_pictures_show(load_tool):
    tool = load_tool("benchmarks/imagenet_weights.py")
    package = torch.load(tool.package_file())
    network = timm.create_model("tf_efficientnet_lite0").eval()
    named = tool.renamed(package)
    network.load_state_dict(
        named | {"classifier.weight": package["_fc.weight"], "classifier.bias": package["_fc.bias"]}
    )
    for picture, label in (("china.jpg", 698), ("flower.jpg", 985)):  # a palace, a daisy
        pixels = cv2.resize(load_sample_image(picture)[:, 106:533], (224, 224))
        inputs = (torch.from_numpy(pixels).permute(2, 0, 1)[None].float() - 127) / 128
        assert int(network(inputs).argmax()) == label


def test_the_same_videos_from_other_encoders(data, out, load_tool):
    tool = load_tool("benchmarks/encodings_table.py")
    arguments = ["--data", str(data), "--out", str(out), "--rows", "p_stream_cells"]
    arguments += ["--seeds", "1", "--encodings", "mpeg4_b2", "h264_crf23"]
    tool.main(arguments)
    results = json.loads((out / "encodings.json").read_text())["p_stream_cells"]
    trained = json.loads((out / "results.json").read_text())["p_stream_cells"]["top1"]
    assert results[tool.AS_THEY_ARE] == trained  # tested alike, without MMEngine's loop
    assert set(results) == {tool.AS_THEY_ARE, "mpeg4_b2", "h264_crf23"}
    made = out / "encoded"
    assert sorted(path.name for path in (made / "mpeg4_b2").iterdir()) == [
        f"val{i}.mp4" for i in range(4)
    ]
    with CompressedVideo(made / "mpeg4_b2" / "val0.mp4") as video:
        assert "B" in video.frame_types
    with CompressedVideo(made / "h264_crf23" / "val0.mp4") as video:
        assert video.codec == "h264"
    assert (out / "encodings.md").read_text().startswith("| row | as they are | mpeg4_b2 | h264_")


def test_means_and_blanks_of_the_table(load_tool, tmp_path):
    rows = load_tool("benchmarks/real_video.py").ROWS
    report = load_tool("benchmarks/real_video_report.py").report
    for row, seed, streams in [("ip_tsn", 0, (10.0, 90.0)), ("ip_tsn", 2, (20.0, 96.0))]:
        folder = tmp_path / row / f"seed{seed}"
        folder.mkdir(parents=True)
        top1 = dict(zip(("acc/i_stream_top1", "acc/p_stream_top1"), streams, strict=True))
        done = dict(top1, seed=seed, commit="abc", cpu_seconds=90 + 60 * seed)
        (folder / "trained.json").write_text(json.dumps({**done, "acc/top1": 80.0 + seed}))
    cost = dict(read_ms=2.5, network_ms=5.0, bytes=303_000, gmacs=0.0731, mparams=2.261)
    assert report(tmp_path, rows, dict(p_stream=cost)) == (
        "| row | seed 0 | seed 2 | mean top-1 | CPU ms a video | of it reading | KB read | GMACs "
        "| M parameters | training, CPU min |\n"
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n"
        "| IP-TSN: I-stream | 10.0 | 20.0 | 15.0 |  |  |  |  |  |  |\n"
        "| IP-TSN: P-stream | 90.0 | 96.0 | 93.0 | 7.5 | 2.5 | 303 | 0.073 | 2.26 |  |\n"
        "| IP-TSN: both | 80.0 | 82.0 | 81.0 |  |  |  |  |  | 2 |\n"
    )


def test_fewer_clips_are_spread_evenly(load_tool):
    thinned = load_tool("benchmarks/real_video.py").thinned
    clips = [(f"{'ab'[i % 2]}{i}", i % 2) for i in range(10)]
    assert thinned(clips, 2) == "a0 0\na4 0\nb1 1\nb5 1\n"
    with pytest.raises(ValueError, match="6 of 5 clips of class 0"):
        thinned(clips, 6)


def test_a_folder_without_lists_is_named(load_tool, tmp_path, capsys):
    with pytest.raises(SystemExit):
        load_tool("benchmarks/real_video.py").main(["--data", str(tmp_path)])
    assert f"there is no {tmp_path}/train.txt" in capsys.readouterr().err
