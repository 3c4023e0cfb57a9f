"""tools/data/*/prepare*.sh on miniature copies of the official archives, from end to end.

The scripts start their tools with a ``python`` that hands the command to the test's own process,
which need not import everything again for each.
"""

from __future__ import annotations

import functools
import json
import os
import re
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmaction.registry import DATASETS, MODELS
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DefaultScope

from compressedvideo import CompressedVideo, encode_frames
from tests.test_configs import shrink

ROOT = Path(__file__).resolve().parents[2]
NUM_FRAMES = 14

# Leaves its arguments in a file, waits for a status, prints what came with it.
PYTHON = """#!/usr/bin/env bash
cd "$(dirname "${BASH_SOURCE[0]}")"
printf '%s\\n' "$@" > request.part
mv request.part request
until [[ -f status ]]; do sleep 0.01; done
status=$(<status)
rm status
cat out
exit "$status"
"""


@pytest.fixture
def run(load_tool, tmp_path, monkeypatch, capsys) -> Callable[..., str]:
    """``run(script, *arguments, **env)`` runs a script and returns what it printed at last."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "python").write_text(PYTHON)
    (folder / "python").chmod(0o755)
    out = ""

    def serve(tool: str, *arguments: str) -> None:
        nonlocal out
        monkeypatch.setattr(sys, "argv", [tool, *arguments])
        status = 1
        try:
            status = load_tool(os.path.relpath(ROOT / tool, ROOT / "tools")).main()
        finally:  # or the script would wait
            out = capsys.readouterr().out
            (folder / "out").write_text(out)
            (folder / "status.part").write_text(f"{status}")
            os.replace(folder / "status.part", folder / "status")

    def run(script: str, *arguments: Path, **env: str) -> str:
        path = f"{folder}{os.pathsep}{os.environ['PATH']}"
        command = ["bash", script, *map(str, arguments)]
        with subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, "PATH": path, "WORKERS": "1", **env}
        ) as process:
            while process.poll() is None:
                request = folder / "request"
                if request.exists():
                    words = request.read_text().splitlines()
                    request.unlink()
                    serve(*words)
                time.sleep(0.01)
        assert process.returncode == 0, out
        return out

    return run


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> bytes:
    """An .avi as the archives hold: MPEG-4 part 2 with B-frames, another size and GOP."""
    path = tmp_path_factory.mktemp("clip") / "clip.avi"
    noise = np.random.default_rng(0).integers(0, 256, (NUM_FRAMES, 48, 64, 3)).astype(np.uint8)
    encode_frames(path, noise, codec="mpeg4", gop_size=100, b_frames=2)
    return path.read_bytes()


def write_zip(path: Path, files: dict[str, bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)


def check_video(path: Path, codec: str, *, size: tuple[int, int] = (340, 256)) -> None:
    with CompressedVideo(path) as video:
        assert (video.codec, video.width, video.height) == (codec, *size)
        assert video.num_frames == NUM_FRAMES
        assert video.keyframes.tolist() == [0, 12]
        assert not video.has_b_frames


@functools.cache
def folders() -> dict[Path, str]:
    """What each config trains on: the folder below ``data/``."""
    found = {}
    for path in sorted((ROOT / "configs").rglob("*.py")):
        if "_base_" not in path.parts:
            dataset = Config.fromfile(path).train_dataloader.dataset
            where = Path(dataset.get("data_root") or dataset.get("ann_file", ""))
            found[path] = where.parts[1] if where.parts[0] == "data" else ""
    return found


def prepared_for(data_set: str) -> list[Path]:
    """The configs that train and test on ``data/DATA_SET`` (and what was condensed from it)."""
    return [path for path, folder in folders().items() if folder == data_set]


def condense(load_tool, data_set: str, *methods: str) -> None:
    """As the recipes do, with tiny untrained networks."""
    tiny = dict(
        ifs=["model.condenser.base_channels=4", "model.condenser.num_blocks=1"],
        avd=["model.condenser.channels=2", "condense_pipeline.1.num_clips=2"],
    )
    tool = load_tool("condense_dataset.py")
    for method in methods:
        for part in ("train", "val"):
            config = ROOT / f"configs/{method}/{method}_{data_set}.py"
            arguments = [config, "none", "--untrained", "--split", part]
            arguments += ["--out", f"data/{data_set}/{method}", "--num-workers", "0"]
            assert tool.main([*map(str, arguments), "--cfg-options", *tiny[method]]) == 0


def load_samples(data_set: str, *, at_least: int, of: str = "") -> None:
    """A training and a test sample of every config, as its loaders would, from ``data/``."""
    paths = [path for path in prepared_for(data_set) if of in path.name]
    assert len(paths) >= at_least
    known = []
    for path in paths:
        cfg = Config.fromfile(path)
        with DefaultScope.overwrite_default_scope(cfg.default_scope):
            for loader in ("train_dataloader", "test_dataloader"):
                if cfg[loader].dataset in known:
                    continue
                known.append(cfg[loader].dataset.copy())
                dataset = DATASETS.build(cfg[loader].dataset)
                assert len(dataset) > 0
                try:
                    inputs = dataset.prepare_data(0)["inputs"]
                except Exception as error:
                    raise AssertionError(f"{path}, {loader}: {error}") from error
                tensors = inputs.values() if isinstance(inputs, dict) else [inputs]
                assert all(len(tensor) > 0 for tensor in tensors)


def hmdb51_archives(folder: Path, clip: bytes) -> None:
    """An archive of archives, and one of lists."""
    inner, lists = {}, {}
    for name in ("wave", "cartwheel"):
        write_zip(folder / name, {f"{name}/{name}_{use}!.avi": clip for use in (1, 2)})
        inner[f"{name}.zip"] = (folder / name).read_bytes()
        (folder / name).unlink()
        for split in (1, 2, 3):
            text = "".join(f"{name}_{use}!.avi {use} \n" for use in (1, 2))
            lists[f"testTrainMulti_7030_splits/{name}_test_split{split}.txt"] = text.encode()
    write_zip(folder / "hmdb51_org.zip", inner)
    write_zip(folder / "test_train_splits.zip", lists)


def test_hmdb51_for_all_configs(run, load_tool, clip, tmp_path, monkeypatch):
    """From the archives to a sample of every config; a second call finds everything done."""
    archives, root = tmp_path / "archives", tmp_path / "data" / "hmdb51"
    hmdb51_archives(archives, clip)
    out = run("tools/data/hmdb51/prepare.sh", archives, root, FLOW="dis")
    assert "4 videos extracted, 0 were complete, 0 failed" in out
    for name in ("wave", "cartwheel"):
        for use in (1, 2):
            check_video(root / "videos_mpeg4" / name / f"{name}_{use}!.mp4", "mpeg4")
            assert (root / "videos" / name / f"{name}_{use}!.avi").read_bytes() == clip
            shapes = set()
            for flow in ("flow", "flow_originals"):
                pictures = sorted((root / flow / name / f"{name}_{use}!").glob("flow_x_*.jpg"))
                assert len(pictures) == NUM_FRAMES - 1
                shapes.add(cv2.imread(str(pictures[0])).shape[:2])
            assert shapes == {(256, 340), (48, 64)}  # each of its own videos
    expected = "cartwheel/cartwheel_1!{0} 0\nwave/wave_1!{0} 1\n"
    for kind, suffix in (("videos", ".mp4"), ("originals", ".avi")):
        listed = (root / f"hmdb51_train_split_3_{kind}.txt").read_text()
        assert listed == expected.format(suffix)

    monkeypatch.chdir(tmp_path)
    condense(load_tool, "hmdb51", "ifs", "avd")
    load_samples("hmdb51", at_least=20)

    monkeypatch.chdir(ROOT)
    files = sorted(path for path in root.rglob("*") if path.suffix in (".mp4", ".jpg", ".avi"))
    times = [path.stat().st_mtime_ns for path in files]
    out = run("tools/data/hmdb51/prepare.sh", archives, root, FLOW="dis")
    assert "0 videos extracted, 4 were complete, 0 failed" in out
    assert [path.stat().st_mtime_ns for path in files] == times


def ucf101_folders(folder: Path, clip: bytes) -> None:
    """What comes out of the archives, as some have it on their disks."""
    for name in ("g01_c01", "g08_c01"):
        path = folder / "UCF-101" / "YoYo" / f"v_YoYo_{name}.avi"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(clip)
    lists = folder / "ucfTrainTestlist"
    lists.mkdir()
    (lists / "classInd.txt").write_bytes(b"1 YoYo\r\n")
    for split in ("01", "02", "03"):
        (lists / f"trainlist{split}.txt").write_bytes(b"YoYo/v_YoYo_g08_c01.avi 1\r\n")
        (lists / f"testlist{split}.txt").write_bytes(b"YoYo/v_YoYo_g01_c01.avi\r\n")


def test_unpacked_ucf101_for_all_configs(run, load_tool, clip, tmp_path, monkeypatch):
    archives, root = tmp_path / "downloads", tmp_path / "data" / "ucf101"
    ucf101_folders(archives, clip)
    run("tools/data/ucf101/prepare.sh", archives, root, FLOW="dis")
    assert (root / "videos" / "YoYo" / "v_YoYo_g01_c01.avi").is_file()
    monkeypatch.chdir(tmp_path)
    condense(load_tool, "ucf101", "ifs", "avd")
    load_samples("ucf101", at_least=20)


def test_ucf101_in_h264_without_attp(run, clip, tmp_path):
    """An archive with a folder of another name around the classes."""
    archives, root = tmp_path / "archives", tmp_path / "ucf101"
    ucf101_folders(tmp_path / "unpacked", clip)
    unpacked = tmp_path / "unpacked"
    for archive, folder in (
        ("UCF101", "UCF-101"),
        ("UCF101TrainTestSplits-RecognitionTask", "ucfTrainTestlist"),
    ):
        files = [path for path in (unpacked / folder).rglob("*") if path.is_file()]
        content = {str(path.relative_to(unpacked)): path.read_bytes() for path in files}
        write_zip(archives / f"{archive}.zip", content)
    options = dict(FLOW="none", CODEC="h264", METHODS="ip_tsn")
    run("tools/data/ucf101/prepare.sh", archives, root, **options)
    check_video(root / "videos_h264" / "YoYo" / "v_YoYo_g01_c01.mp4", "h264")
    assert (root / "videos" / "YoYo" / "v_YoYo_g01_c01.avi").is_file()
    assert (root / "ucf101_val_split_2_videos.txt").read_text() == "YoYo/v_YoYo_g01_c01.mp4 0\n"
    assert not (root / "flow").exists()
    assert not (root / "flow_originals").exists()


def test_kinetics_n50_for_all_configs(run, clip, tmp_path, monkeypatch):
    lists, kinetics = tmp_path / "lists", tmp_path / "k400"
    root = tmp_path / "data" / "kinetics_n50"
    lists.mkdir()
    (kinetics / "air drumming").mkdir(parents=True)
    (tmp_path / "clip.mp4").write_bytes(clip)
    for part, file, number in (("train", "train.csv", 30), ("val", "validate.csv", 20)):
        rows = ["label,youtube_id,time_start,time_end,split\n"]
        for n in range(number):
            rows.append(f"air drumming,{part}_{n:02d},0,10,{part}\n")
            link = kinetics / "air drumming" / f"{part}_{n:02d}_000000_000010.mp4"
            link.symlink_to(tmp_path / "clip.mp4")
        (lists / file).write_text("".join(rows))
    run("tools/data/kinetics/prepare_n50.sh", kinetics, lists, root, FLOW="dis")
    for part, number in (("train", 30), ("val", 20)):
        lines = (root / f"kinetics_n50_{part}_videos.txt").read_text().split()
        assert len(lines) == 2 * number
        check_video(root / "videos_mpeg4" / lines[0], "mpeg4")
        # MMAction2's build_audio_features.py is not ours, and one of our configs reads its output
        sound = (root / "audio_features" / lines[0]).with_suffix(".npy")
        sound.parent.mkdir(parents=True)
        np.save(sound, np.zeros((200, 80), np.float32))
    monkeypatch.chdir(tmp_path)
    load_samples("kinetics_n50", at_least=8)


def test_kinetics_400_for_all_configs(run, load_tool, clip, tmp_path, monkeypatch):
    """As MMAction2 lays it out, with videos in another container than the copies."""
    kinetics, root = tmp_path / "kinetics", tmp_path / "data" / "kinetics400"
    for part in ("train", "val"):
        (kinetics / f"videos_{part}" / "yoga").mkdir(parents=True)
        (kinetics / f"videos_{part}" / "yoga" / f"{part}_0.avi").write_bytes(clip)
        (kinetics / f"kinetics400_{part}_list_videos.txt").write_text(f"yoga/{part}_0.avi 399\n")
    for _ in range(2):
        run("tools/data/kinetics/prepare_400.sh", kinetics, root, FLOW="dis")
    for part in ("train", "val"):
        check_video(
            root / f"videos_{part}_mpeg4" / "yoga" / f"{part}_0.mp4", "mpeg4", size=(342, 256)
        )
    monkeypatch.chdir(tmp_path)
    condense(load_tool, "kinetics400", "ifs", "avd")
    load_samples("kinetics400", at_least=25)
    for modality in ("flow", "motion", "residual"):  # besides RGB
        monkeypatch.setenv("INPUT", modality)
        load_samples("kinetics400", at_least=1, of="table4_stream")


LEFT_TO_RIGHT, RIGHT_TO_LEFT, OTHER = 86, 87, 5
STEPS = {LEFT_TO_RIGHT: 2, RIGHT_TO_LEFT: -2, OTHER: 0}  # pixels to the right, each frame
STHV2_TINY = {
    "ipts/ip_tsn_sthv2.py": {
        "model.i_stream.backbone.depth": 18,
        "model.i_stream.cls_head.in_channels": 512,
    },
    "attp/attp_sthv2.py": {
        f"model.backbones.{stream}.arch": "b0" for stream in ("iframe", "motion", "residual")
    },
}


@pytest.fixture
def sthv2(run, tmp_path) -> Path:
    """A miniature as published, prepared by the README's command: a clip of each of three classes
    in both parts, webm of VP9 with one key frame."""
    videos, annotations = tmp_path / "20bn", tmp_path / "annotations"
    videos.mkdir()
    annotations.mkdir()
    noise = np.random.default_rng(0).integers(0, 256, (48, 160, 3)).astype(np.uint8)
    picture = cv2.GaussianBlur(noise, (0, 0), 1)
    labels = {f"Doing {number} with something": str(number) for number in range(174)}
    templates = {OTHER: f"Doing {OTHER} with [something]"}
    for label, way in ((LEFT_TO_RIGHT, "left to right"), (RIGHT_TO_LEFT, "right to left")):
        del labels[f"Doing {label} with something"]
        labels[f"Pulling something from {way}"] = str(label)
        templates[label] = f"Pulling [something] from {way}"
    for part, first in (("train", 0), ("validation", 10)):
        items = []
        for video, (label, step) in enumerate(STEPS.items(), start=first):
            windows = (48 - step * t for t in range(24))
            frames = (picture[:, begin : begin + 64] for begin in windows)
            encode_frames(videos / f"{video}.webm", frames, codec="vp9", gop_size=100)
            items.append(dict(id=f"{video}", label="", template=templates[label], placeholders=[]))
        (annotations / f"something-something-v2-{part}.json").write_text(json.dumps(items))
    (annotations / "something-something-v2-labels.json").write_text(json.dumps(labels))
    readme = (ROOT / "tools/data/sthv2/README.md").read_text()
    printed = re.search(r"^bash (\S+) ~/20bn-\S+ ~/annotations data/sthv2$", readme, re.MULTILINE)
    root = tmp_path / "data" / "sthv2"
    run(printed[1], videos, annotations, root)
    assert (root / "sthv2_train_list_videos.txt").read_text() == "0.webm 86\n1.webm 87\n2.webm 5\n"
    assert (root / "sthv2_val_list_videos.txt").read_text() == "10.webm 86\n11.webm 87\n12.webm 5\n"
    classes = (root / "classes.txt").read_text().splitlines()
    assert len(classes) == 174
    assert classes[LEFT_TO_RIGHT] == "Pulling something from left to right"
    assert (root / "videos").resolve() == videos
    with CompressedVideo(root / "videos" / "0.webm") as video:
        assert (video.codec, video.keyframes.tolist()) == ("vp9", [0])
    return root


def test_sthv2_for_all_configs(run, sthv2, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    load_samples("sthv2", at_least=3)  # and a stock RGB recognizer, which has MMAction2's layout
    monkeypatch.chdir(ROOT)
    (tmp_path / "20bn" / "1.webm").unlink()
    script = "tools/data/sthv2/prepare.sh"
    run(script, tmp_path / "20bn", tmp_path / "annotations", sthv2, MISSING="skip")
    assert (sthv2 / "sthv2_train_list_videos.txt").read_text() == "0.webm 86\n2.webm 5\n"


@pytest.mark.parametrize("name", STHV2_TINY)
def test_sthv2_is_learned_from_and_predicted(sthv2, tmp_path, monkeypatch, name):
    """One step of tiny networks, and scores of 174 classes."""
    monkeypatch.chdir(tmp_path)
    cfg = Config.fromfile(ROOT / "configs" / name)
    cfg.merge_from_dict(STHV2_TINY[name])
    batches = {}
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        for loader in ("train_dataloader", "test_dataloader"):
            dataset = DATASETS.build(shrink(cfg[loader].dataset.to_dict()))
            batches[loader] = pseudo_collate([dataset[0], dataset[1]])
        model = MODELS.build(shrink(cfg.model.to_dict()))
        optim_wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
        before = {n: p.detach().clone() for n, p in model.named_parameters()}
        losses = model.train().train_step(batches["train_dataloader"], optim_wrapper)
        assert all(torch.isfinite(loss).all() for loss in losses.values())
        assert not [n for n, p in model.named_parameters() if torch.equal(p, before[n])]
        with torch.no_grad():
            predictions = model.eval().test_step(batches["test_dataloader"])
    assert [p.gt_label.item() for p in predictions] == [LEFT_TO_RIGHT, RIGHT_TO_LEFT]
    assert all(p.pred_score.shape == (174,) for p in predictions)


@pytest.mark.parametrize("name", STHV2_TINY)
def test_mirrored_sthv2_moves_as_its_label_says(sthv2, tmp_path, monkeypatch, name):
    """2 pixels of 64 are 10.6 of 340; crops of 256, 224 or 192 become 224: 9.3, 10.6, 12.4."""
    monkeypatch.chdir(tmp_path)
    cfg = Config.fromfile(ROOT / "configs" / name)
    np.random.seed(0)  # noqa: NPY002 - MMAction2 draws from this generator
    seen = set()
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        dataset = DATASETS.build(cfg.train_dataloader.dataset)
        for draw in range(12):
            index = draw % 2
            sample = dataset[index]
            label = sample["data_samples"].gt_label.item()
            motion = sample["inputs"]["motion"].numpy().astype(float) - 128  # 127.5 is 20 pixels
            channels = motion if motion.ndim == 4 else motion.swapaxes(1, 2)[0]  # [S, 2, H, W]
            x, y = np.median(channels, axis=(0, 2, 3)) * 20 / 127.5
            assert 9.2 < x * np.sign(STEPS[label]) < 12.5
            assert abs(y) < 0.5
            seen.add((index, label))
        labels = {dataset[2]["data_samples"].gt_label.item() for _ in range(6)}
    assert seen == {(0, 86), (0, 87), (1, 86), (1, 87)}
    assert labels == {OTHER}


def test_unknown_methods_stop_before_anything_is_done(tmp_path):
    result = subprocess.run(
        ["bash", str(ROOT / "tools/data/hmdb51/prepare.sh"), str(tmp_path), str(tmp_path / "out")],
        env={**os.environ, "METHODS": "ip_tsn coviar"},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 2
    assert "METHODS has coviar" in result.stderr
    assert not (tmp_path / "out").exists()
