"""tools/condense_dataset.py: what it writes, killing, several processes, and training on it.

The tool runs in forked processes: importing everything anew takes longer than all of it.
"""

from __future__ import annotations

import itertools
import json
import multiprocessing
import os
import signal
import socket
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import pytest
import torch
from mmaction.registry import DATASETS, MODELS
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope

from compressedvideo import CompressedVideo
from mmcondense.apis import condensing
from mmcondense.datasets.synthetic import make_synthetic
from tests.mmcondense_preparation.conftest import tree

ROOT = Path(__file__).resolve().parents[2]
NUM_VIDEOS = 10
TINY = "base_channels=4, num_blocks=1, encoder_channels=(4, 8)"
fork = multiprocessing.get_context("fork")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Clips of 24 frames, two GOPs each; a tiny IFS config with a checkpoint, and one of DI."""
    init_default_scope("mmaction")
    folder = tmp_path_factory.mktemp("condense")
    make_synthetic(
        folder, num_train=NUM_VIDEOS, num_val=2, size=32, num_frames=24, show_progress=False
    )
    for name, settings in (
        ("ifs/ifs_synthetic", f"model = dict(condenser=dict({TINY}))\n"),
        ("baselines/di_synthetic", ""),
    ):
        loaders = "".join(
            f"{split}_dataloader = dict(dataset=dict(data_root='{folder}'))\n"
            for split in ("train", "val", "test")
        )
        path = folder / f"{name.split('/')[1]}.py"
        path.write_text(f"_base_ = '{ROOT}/configs/{name}.py'\n{settings}{loaders}")
    torch.manual_seed(0)
    model = MODELS.build(Config.fromfile(folder / "ifs_synthetic.py").model)
    torch.save(dict(state_dict=model.state_dict()), folder / "ifs.pth")
    return folder


@pytest.fixture
def tool(load_tool: Callable[[str], ModuleType]) -> ModuleType:
    return load_tool("condense_dataset.py")


def start(
    tool: ModuleType, *arguments: object, killed_after: int | None = None, env: dict | None = None
) -> multiprocessing.process.BaseProcess:
    """The tool in a process of its own, which may be killed after so many videos, with a picture
    of the next one written."""

    def run() -> None:
        os.environ.update(env or {})
        torch.set_num_threads(1)  # the parent's threads do not survive a fork
        write_folder, videos = condensing.write_folder, itertools.count()

        def write_until_killed(folder: Path, images: Iterable[bytes]) -> None:
            write_folder(folder, until_killed(images) if next(videos) == killed_after else images)

        condensing.write_folder = write_until_killed
        os._exit(tool.main([*map(str, arguments), "--num-workers", "0"]))

    process = fork.Process(target=run)
    process.start()
    return process


def until_killed(images: Iterable[bytes]) -> Iterator[bytes]:
    yield next(iter(images))
    os.kill(os.getpid(), signal.SIGKILL)


def finish(*processes: multiprocessing.process.BaseProcess) -> list[int | None]:
    for process in processes:
        process.join(120)
    return [process.exitcode for process in processes]


@pytest.fixture(scope="module")
def whole(data: Path, tmp_path_factory: pytest.TempPathFactory, request) -> Path:
    """What one uninterrupted run writes."""
    tool = request.getfixturevalue("load_tool")("condense_dataset.py")
    out = tmp_path_factory.mktemp("whole") / "ifs"
    process = start(tool, data / "ifs_synthetic.py", data / "ifs.pth", "--out", out)
    assert finish(process) == [0]
    return out


def test_a_picture_for_each_clip_and_an_annotation_file(whole: Path, data: Path):
    lines = (whole / "train.txt").read_text().splitlines()
    assert lines == [f"videos/train_{i:05} 2 {i % 8}" for i in range(NUM_VIDEOS)]
    pictures = sorted(path.relative_to(whole / "frames") for path in whole.rglob("*.jpg"))
    assert [str(p) for p in pictures[:3]] == [
        "videos/train_00000/img_00001.jpg",
        "videos/train_00000/img_00002.jpg",
        "videos/train_00001/img_00001.jpg",
    ]
    assert len(pictures) == 2 * NUM_VIDEOS

    cfg = Config.fromfile(data / "ifs_synthetic.py")
    model = MODELS.build(cfg.model).eval()
    model.load_state_dict(torch.load(data / "ifs.pth")["state_dict"])
    dataset = DATASETS.build(
        dict(cfg.train_dataloader.dataset, pipeline=cfg.condense_pipeline, test_mode=True)
    )
    inputs = model.data_preprocessor(pseudo_collate([dataset[3]]))["inputs"]
    with torch.no_grad():
        frame = model(inputs)[1, :, 0].permute(1, 2, 0)  # second clip
    expected = ((frame + 1) * 127.5).numpy()
    picture = cv2.imread(str(whole / "frames/videos/train_00003/img_00002.jpg"))[..., ::-1]
    assert picture.shape == (32, 32, 3)
    assert np.abs(picture - expected).mean() < 12  # JPEG, noisy picture
    assert np.corrcoef(picture.ravel(), expected.ravel())[0, 1] > 0.9


def test_killed_twice_it_writes_the_same_files(
    tool: ModuleType, whole: Path, data: Path, tmp_path: Path
):
    out = tmp_path / "ifs"
    arguments = (data / "ifs_synthetic.py", data / "ifs.pth", "--out", out)
    for killed_after in (2, 3):
        assert finish(start(tool, *arguments, killed_after=killed_after)) == [-signal.SIGKILL]
        assert not (out / "train.txt").exists()
        assert len(list(out.glob(".preparation/aside/*/train_*/img_00001.jpg"))) == 1
    assert len(list(out.glob("frames/videos/*"))) == 2 + 3
    done = {p: p.stat().st_mtime_ns for p in out.rglob("*.jpg") if ".preparation" not in str(p)}
    assert finish(start(tool, *arguments)) == [0]
    assert tree(out) == tree(whole)
    assert all(path.stat().st_mtime_ns == then for path, then in done.items())


def test_two_processes_write_the_same_files(
    tool: ModuleType, whole: Path, data: Path, tmp_path: Path
):
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        port = str(server.getsockname()[1])
    out = tmp_path / "ifs"
    processes = [
        start(
            tool,
            *(data / "ifs_synthetic.py", data / "ifs.pth", "--out", out),
            env=dict(
                RANK=str(rank),
                LOCAL_RANK=str(rank),
                WORLD_SIZE="2",
                MASTER_ADDR="127.0.0.1",
                MASTER_PORT=port,
            ),
        )
        for rank in (0, 1)
    ]
    assert finish(*processes) == [0, 0]
    assert tree(out) == tree(whole)


def test_to_an_address_and_trained_on_from_there(
    tool: ModuleType, whole: Path, data: Path, tmp_path: Path, monkeypatch
):
    """``file://`` stands for ``s3://``. One part is killed, and made again."""
    out, state = tmp_path / "ifs", tmp_path / "state"
    roots = [f"{split}_dataloader.dataset.data_root=file://{data}" for split in ("train", "val")]
    arguments = (data / "ifs_synthetic.py", data / "ifs.pth", "--cfg-options", *roots)
    arguments += ("--out", f"file://{out}", "--state", state)
    killed = start(tool, *arguments, "--part", "0/2", killed_after=2)
    assert finish(killed) == [-signal.SIGKILL]
    assert finish(start(tool, *arguments, "--part", "1/2")) == [0]
    assert not (out / "train.txt").exists()
    assert finish(start(tool, *arguments, "--part", "0/2")) == [0]
    expected = tree(whole)
    manifest = expected.pop("train.jsonl")
    found = tree(out)
    for name in [name for name in found if name.endswith(".part")]:  # of what was killed
        del found[name]
    assert found == expected
    assert sorted(tree(state)) == ["condense.json", "train.jsonl"]
    assert tree(state)["train.jsonl"] == manifest

    monkeypatch.setenv("CONDENSED", f"file://{out}")
    cfg = Config.fromfile(ROOT / "configs/ifs/classifiers/tsn_synthetic.py")
    cfg.merge_from_dict({"train_dataloader.dataset.pipeline.1.io_backend": "fsspec"})
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    model = MODELS.build(cfg.model)
    wrapper = build_optim_wrapper(model, dict(optimizer=dict(type="SGD", lr=0.01)))
    before = [parameter.clone() for parameter in model.parameters()]
    loader = torch.utils.data.DataLoader(
        dataset, batch_size=NUM_VIDEOS, num_workers=1, collate_fn=pseudo_collate
    )
    (batch,) = loader
    for number, image in enumerate(batch["inputs"]):  # one of the video's two
        pictures = (whole / f"frames/videos/train_{number:05}").iterdir()
        assert any(
            np.array_equal(image[0].permute(1, 2, 0), cv2.imread(str(path))[..., ::-1])
            for path in pictures
        )
    logs = model.train_step(batch, wrapper)
    assert torch.isfinite(logs["loss"])
    assert any(not torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))


def test_a_broken_video_is_named_and_left_out(tool: ModuleType, data: Path, tmp_path: Path, capfd):
    broken = tmp_path / "data"
    (broken / "videos").mkdir(parents=True)
    (broken / "videos/good.mp4").write_bytes((data / "videos/train_00000.mp4").read_bytes())
    (broken / "videos/bad.mp4").write_bytes(b"no video")
    (broken / "train.txt").write_text("videos/bad.mp4 0\nvideos/good.mp4 1\n")
    options = f"train_dataloader.dataset.data_root={broken}"
    arguments = (data / "di_synthetic.py", "none", "--cfg-options", options)
    assert finish(start(tool, *arguments, "--out", tmp_path / "di")) == [1]
    assert (tmp_path / "di/train.txt").read_text() == "videos/good 2 1\n"
    output = capfd.readouterr()
    assert "bad.mp4" in output.err
    assert "1 videos condensed to 2 images" in output.out
    assert "waiting for the loader" in output.out


def test_of_processes_that_torchrun_started_the_last_fails(
    tool: ModuleType, data: Path, tmp_path: Path, capfd
):
    """torchrun ends all others once one fails, and a broken video is no reason to."""
    (tmp_path / "videos").mkdir()
    (tmp_path / "videos/bad.mp4").write_bytes(b"no video")
    lines = ["videos/bad.mp4 0\n"]
    for number in range(3):
        (tmp_path / f"videos/{number}.mp4").hardlink_to(data / "videos/train_00000.mp4")
        lines.append(f"videos/{number}.mp4 1\n")
    (tmp_path / "train.txt").write_text("".join(lines))
    options = f"train_dataloader.dataset.data_root={tmp_path}"
    arguments = (data / "di_synthetic.py", "none", "--cfg-options", options, "--out")
    for rank in (0, 1):  # one after the other, so that it is known which is last
        assert not (tmp_path / "di/train.txt").exists()
        env = dict(RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE="2")
        assert finish(start(tool, *arguments, tmp_path / "di", env=env)) == [rank]
    assert (tmp_path / "di/train.txt").read_text().count("\n") == 3
    assert capfd.readouterr().err.count("left out: ") == 1


def test_pictures_of_other_settings_are_not_mixed(
    tool: ModuleType, data: Path, tmp_path: Path, capsys
):
    arguments = [str(data / "di_synthetic.py"), "none", "--out", str(tmp_path), "--split", "val"]
    tool_main = tool.main
    assert tool_main([*arguments, "--num-workers", "0"]) == 0
    assert tool_main([*arguments, "--num-workers", "0", "--quality", "50"]) == 2
    assert "was begun with" in capsys.readouterr().err
    ifs = [str(data / "ifs_synthetic.py"), *arguments[1:]]
    assert tool_main(ifs) == 2
    assert "IFS has parameters: give its checkpoint" in capsys.readouterr().err


def test_a_dynamic_image_is_written_as_computed(tool: ModuleType, data: Path, tmp_path: Path):
    arguments = [str(data / "di_synthetic.py"), "none", "--out", str(tmp_path), "--split", "val"]
    assert tool.main([*arguments, "--num-workers", "0", "--quality", "100"]) == 0
    with CompressedVideo(data / "videos/val_00001.mp4") as video:
        frames = video.read(range(12, 24), modalities=("rgb",)).rgb.astype(np.float64)
    weights = [
        2 * (12 - t + 1) - 13 * sum(1 / i for i in range(t, 13)) for t in range(1, 13)
    ]  # H_T - H_{t-1}
    pooled = np.tensordot(weights, frames, axes=1)
    expected = 255 * (pooled - pooled.min()) / (pooled.max() - pooled.min())
    picture = cv2.imread(str(tmp_path / "frames/videos/val_00001/img_00002.jpg"))[..., ::-1]
    assert np.abs(picture - expected).mean() < 6


def test_a_stock_config_trains_on_the_result(whole: Path):
    """MMAction2's own data set, transforms, backbone and head, nothing of ours."""
    pipeline = [
        dict(type="SampleFrames", clip_len=1, frame_interval=1, num_clips=2),
        dict(type="RawFrameDecode"),
        dict(type="RandomResizedCrop"),
        dict(type="Resize", scale=(32, 32), keep_ratio=False),
        dict(type="FormatShape", input_format="NCHW"),
        dict(type="PackActionInputs"),
    ]
    dataset = DATASETS.build(
        dict(
            type="RawframeDataset",
            ann_file="train.txt",
            data_root=str(whole),
            data_prefix=dict(img="frames"),
            pipeline=pipeline,
        )
    )
    assert len(dataset) == NUM_VIDEOS
    model = MODELS.build(
        dict(
            type="Recognizer2D",
            backbone=dict(type="ResNet", depth=18),
            cls_head=dict(type="TSNHead", num_classes=8, in_channels=512),
            data_preprocessor=dict(
                type="ActionDataPreprocessor", mean=[127.5] * 3, std=[127.5] * 3
            ),
        )
    )
    wrapper = build_optim_wrapper(model, dict(optimizer=dict(type="SGD", lr=0.01)))
    logs = model.train_step(pseudo_collate([dataset[i] for i in range(4)]), wrapper)
    assert torch.isfinite(logs["loss"])


def test_splits_share_frames_and_have_lists_of_their_own(
    tool: ModuleType, data: Path, tmp_path: Path, monkeypatch
):
    """As with UCF101: SPLIT chooses the annotation file, and the list is named after it."""
    config = tmp_path / "splits.py"
    config.write_text(
        f"_base_ = '{data}/di_synthetic.py'\nsplit = '{{{{$SPLIT:1}}}}'\n"
        "val_dataloader = dict(dataset=dict(ann_file=f'val_{split}.txt'))\n"
    )
    lines = (data / "val.txt").read_text().splitlines()
    for split, line in zip("12", lines, strict=True):
        (data / f"val_{split}.txt").write_text(f"{line}\n")
        monkeypatch.setenv("SPLIT", split)
        arguments = [str(config), "none", "--out", str(tmp_path / "out"), "--split", "val"]
        assert tool.main([*arguments, "--num-workers", "0"]) == 0
    written = {path.name: path.read_text().split()[0] for path in (tmp_path / "out").glob("*.txt")}
    assert written == {
        "val_split_1.txt": "videos/val_00000",
        "val_split_2.txt": "videos/val_00001",
    }


def test_weights_of_any_tasks_and_classes_condense(data: Path, tmp_path: Path):
    """IFS-mot's weights from Kinetics-400 in UCF101's config: the generator is all that is used."""
    for classes, terms in ((400, "mot=1.0"), (101, "cat=1.0")):
        config = tmp_path / f"{classes}.py"
        config.write_text(
            f"_base_ = '{data}/ifs_synthetic.py'\nmodel = dict(condenser=dict("
            f"num_classes={classes}, loss_weights=dict(_delete_=True, {terms})))\n"
        )
    model = MODELS.build(Config.fromfile(tmp_path / "400.py").model)
    torch.save(dict(state_dict=model.state_dict()), tmp_path / "400.pth")
    used = condensing.build_model(Config.fromfile(tmp_path / "101.py"), str(tmp_path / "400.pth"))
    own, trained = used.condenser.state_dict(), model.condenser.generator.state_dict()
    assert own.keys() == {f"generator.{name}" for name in trained}
    for name, value in trained.items():
        assert torch.equal(own[f"generator.{name}"], value)


def test_the_subsampling_is_recorded_and_not_mixed(
    tool: ModuleType, data: Path, tmp_path: Path, capsys
):
    arguments = [str(data / "di_synthetic.py"), "none", "--out", str(tmp_path), "--split", "val"]
    arguments += ["--num-workers", "0"]
    assert tool.main(arguments) == 0
    record = json.loads((tmp_path / "condense.json").read_text())
    assert record["subsampling"] == "444"
    assert tool.main([*arguments, "--subsampling", "420"]) == 2
    assert "choose another" in capsys.readouterr().err
