"""Prediction from the command line: the table, what is written, and wrong input."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.registry import DefaultScope

from compressedvideo import CompressedVideo, encode_frames, transcoding
from mmcondense_cli.predict import main, mean_scores, short_names, table_rows
from tests.compressedvideo.recipes import clip_recipes

ROOT = Path(__file__).resolve().parents[2]
CONFIG = str(ROOT / "configs/ipts/ip_tsn_synthetic.py")


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> SimpleNamespace:
    folder = tmp_path_factory.mktemp("predict")
    (folder / "videos").mkdir()
    (folder / "empty").mkdir()
    noise = np.random.default_rng(0).integers(0, 256, (14, 20, 3), np.uint8)
    picture = noise.repeat(8, axis=0).repeat(8, axis=1)
    for name in ("a", "b"):
        frames = [picture[:, t : t + 112] for t in range(30)]
        encode_frames(folder / "videos" / f"{name}.mp4", frames)
    (folder / "videos" / "broken.mp4").write_bytes(b"no video" * 99)
    (folder / "labels.txt").write_text("\n".join(f"motion {i}" for i in range(8)))
    with DefaultScope.overwrite_default_scope("mmaction"):
        model = MODELS.build(Config.fromfile(CONFIG).model)
    torch.save(dict(meta={}, state_dict=model.state_dict()), folder / "weights.pth")
    return SimpleNamespace(
        folder=folder,
        videos=folder / "videos",
        clip=str(folder / "videos" / "a.mp4"),
        labels=str(folder / "labels.txt"),
        weights=str(folder / "weights.pth"),
    )


def window(start: float, end: float, **scores: float) -> dict:
    best = [dict(name=name, score=score) for name, score in scores.items()]
    return dict(start_seconds=start, end_seconds=end, top_k=best)


def test_a_row_for_each_change_of_the_best_class():
    predictions = [
        window(0, 2, walk=0.9, run=0.1),
        window(2, 4, walk=0.7, sit=0.2),
        dict(start_seconds=4, end_seconds=6, error="damaged"),
        window(6, 8, run=1.0, walk=0.0),
    ]
    assert table_rows("a.mp4", predictions) == [
        ("a.mp4", "0.0 - 4.0 s", "walk", "0.80", "sit 0.10"),
        ("a.mp4", "4.0 - 6.0 s", "error, see below", "", ""),
        ("a.mp4", "6.0 - 8.0 s", "run", "1.00", "walk 0.00"),
    ]
    assert table_rows("b.mp4", [dict(error="no")]) == [("b.mp4", "", "error, see below", "", "")]


def test_means_and_names():
    assert mean_scores([[dict(name="a", score=1.0)], [dict(name="b", score=0.5)]]) == dict(
        a=0.5, b=0.25
    )
    assert short_names(["x/a.mp4", "y/b.mp4"]) == {"x/a.mp4": "a.mp4", "y/b.mp4": "b.mp4"}
    assert short_names(["x/a.mp4", "y/a.mp4"])["x/a.mp4"] == "x/a.mp4"


def test_a_folder_is_predicted_and_what_is_broken_fails_it(files, tmp_path, capsys):
    arguments = [str(files.videos), CONFIG, files.weights, "--out-dir", str(tmp_path / "out")]
    arguments += ["--label-map", files.labels, "--window-seconds", "0.5", "--topk", "2"]
    arguments += ["--device", "cpu"]
    assert main(arguments) == 1
    said = capsys.readouterr()
    assert "motion " in said.out
    assert [line.split()[0] for line in said.out.splitlines() if ".mp4" in line] == [
        *("a.mp4", "b.mp4", "broken.mp4")
    ]
    error, count = said.err.splitlines()[-2:]
    assert error.startswith(f"error: {files.videos}/broken.mp4: is no video")
    assert count == "1 of 3 videos have errors"
    log = tmp_path / "out" / "predictions.jsonl"
    records = [json.loads(line) for line in log.read_text().splitlines()]
    assert len(records) == 3 + 3 + 1
    assert all(len(record["top_k"]) == 2 for record in records[:6])
    num_classes = len({e["name"] for r in records[:3] for e in r["top_k"]})
    with CompressedVideo(tmp_path / "out" / "a.mp4") as video:
        assert video.num_frames == 30
        assert (video.width, video.height) == (360, 360 + 22 + 24 * num_classes)
    assert not (tmp_path / "out" / "broken.mp4").exists()

    before = (tmp_path / "out" / "a.mp4").stat().st_mtime_ns
    assert main(arguments) == 1
    assert "2 of 3 videos were predicted before" in capsys.readouterr().out
    assert (tmp_path / "out" / "a.mp4").stat().st_mtime_ns == before


@pytest.mark.filterwarnings("always:.*re-encoded in memory")
def test_of_a_codec_without_vectors_as_of_the_reencoded_file(files, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(transcoding, "_has_warned", False)
    clip = tmp_path / "clip.webm"
    clip_recipes.encode(clip, clip_recipes.Recipe("vp8", ".webm", width=112, height=112))
    tool = [sys.executable, str(ROOT / "tools/data/reencode.py"), str(clip)]
    subprocess.run([*tool, str(tmp_path / "clip.mp4")], check=True, capture_output=True)
    given = [CONFIG, files.weights, "--device", "cpu", "--no-video"]
    given += ["--out-dir", str(tmp_path / "out"), "--label-map", files.labels]
    assert main([str(clip), *given]) == 1
    assert "--on-missing-motion transcode" in capsys.readouterr().err
    assert main([str(clip), *given, "--on-missing-motion", "transcode"]) == 0
    assert f"warning: {clip}: vp8 gives no motion vectors" in capsys.readouterr().err
    assert main([str(tmp_path / "clip.mp4"), *given]) == 0
    log = (tmp_path / "out" / "predictions.jsonl").read_text().splitlines()
    _, transcoded, reencoded = map(json.loads, log)
    assert transcoded["pred_scores"] == reencoded["pred_scores"]


def test_one_video_without_a_folder_writes_nothing(files, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main([files.clip, CONFIG, files.weights, "--device", "cpu"]) == 0
    assert "a.mp4" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


def test_config_options_are_applied(files, capsys):
    options = ["--cfg-options", "model.i_stream.cls_head.num_classes=5"]
    assert main([files.clip, CONFIG, files.weights, "--device", "cpu", *options]) == 1
    assert "are of another size" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["{clip}", "nowhere.py", "{weights}"], "no config at nowhere.py"),
        (["{clip}", CONFIG, "nowhere.pth"], "no checkpoint at nowhere.pth"),
        (["{clip}", CONFIG, "{weights}", "--label-map", "no.txt"], "no label map at no.txt"),
        (["nowhere.mp4", CONFIG, "{weights}"], "no such file or folder: nowhere.mp4"),
        (["{folder}/empty", CONFIG, "{weights}"], "there is no video in this folder"),
        (["{clip}", "{weights}", CONFIG], "the order is INPUT CONFIG CHECKPOINT"),
        (["{clip}", CONFIG, "{clip}"], "is no checkpoint that torch loads"),
        (
            ["{clip}", str(ROOT / "configs/coviar/coviar_synthetic.py"), "{weights}"],
            "is no checkpoint of this model",
        ),
        (
            ["{clip}", str(ROOT / "configs/_base_/default_runtime.py"), "{weights}"],
            "has no model: it is only a part of a config",
        ),
        (["{clip}", CONFIG, "{weights}", "--stride-seconds", "1"], "without window_seconds"),
        (["{clip}", CONFIG, "{weights}", "--topk", "0"], "top_k=0 must be above 0"),
    ],
)
def test_wrong_input_is_one_line(files, arguments, message, capsys):
    given = [argument.format(**vars(files)) for argument in arguments]
    assert main([*given, "--device", "cpu"]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines[-1].startswith("error: ")
    assert message in lines[-1]
    assert len([line for line in lines if line.strip()]) == 1


def test_the_demo_is_the_same(files):
    command = [sys.executable, str(ROOT / "demo" / "demo.py"), files.clip, CONFIG, files.weights]
    result = subprocess.run(
        [*command, "--device", "cpu", "--label-map", files.labels],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
    )
    assert result.returncode == 0, result.stderr
    assert "a.mp4" in result.stdout
