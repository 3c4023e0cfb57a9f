"""Broken files: skipped and logged once in training, raised in testing, also from workers."""

from __future__ import annotations

import logging
import multiprocessing
import shutil
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from mmengine.dataset import pseudo_collate
from mmengine.logging import MMLogger
from mmengine.runner import set_random_seed
from torch.utils.data import DataLoader

from compressedvideo import (
    CodecError,
    CompressedVideo,
    CorruptVideoError,
    LimitError,
    NoMotionVectorsError,
    encode_frames,
    reencode,
)
from mmcondense.datasets import CompressedVideoDataset
from tests.compressedvideo.recipes import clip_recipes

BROKEN = ("missing.mp4", "empty.mp4", "text.mp4", "cut.mp4", "single.mp4")
PIPELINE = [
    dict(type="SampleCompressedFrames", num_segments=2),
    dict(type="LoadCompressedVideo"),
    dict(type="Resize", scale=(64, 48), keep_ratio=False),
    dict(type="FormatCompressedShape"),
    dict(type="PackActionInputs", collect_keys=("iframe", "motion", "residual")),
]


@pytest.fixture
def folder(tmp_path, make_clip) -> Path:
    """Four readable videos, labels 0 to 3, and five broken ones, label 9."""
    for number in range(4):
        shutil.copy(make_clip(20 + number), tmp_path / f"good{number}.mp4")
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("this is not a video\n" * 100)
    data = make_clip(40).read_bytes()
    (tmp_path / "cut.mp4").write_bytes(data[: len(data) // 2])
    shutil.copy(make_clip(1), tmp_path / "single.mp4")
    return tmp_path


def build(folder: Path, names: list[str], **arguments) -> CompressedVideoDataset:
    lines = [f"{name} {name[4] if name.startswith('good') else 9}" for name in names]
    (folder / "train.txt").write_text("\n".join(lines) + "\n")
    return CompressedVideoDataset(
        str(folder / "train.txt"), PIPELINE, data_prefix=dict(video=str(folder)), **arguments
    )


@pytest.fixture
def log(tmp_path) -> Path:
    """The file that the current logger writes to, as in a run."""
    path = tmp_path / "run.log"
    MMLogger.get_instance("skipping", log_file=str(path), log_level="INFO")
    yield path
    logging.getLogger().handlers.clear()
    MMLogger._instance_dict.pop("skipping")


def test_samples_have_shapes_and_labels(folder):
    dataset = build(folder, ["good2.mp4", "good3.mp4"])
    for i, label in enumerate((2, 3)):
        sample = dataset[i]
        assert sample["inputs"]["iframe"].shape == (2, 3, 48, 64)
        assert sample["inputs"]["motion"].shape == (1, 2, 2, 48, 64)
        assert sample["inputs"]["residual"].shape == (1, 3, 2, 48, 64)
        assert sample["data_samples"].gt_label.item() == label
    assert dataset.num_skipped == 0


@pytest.mark.parametrize("name", BROKEN)
def test_training_skips_a_broken_file_and_testing_raises_with_its_path(folder, name):
    train = build(folder, ["good0.mp4", name])
    assert train[1]["data_samples"].gt_label.item() == 0
    assert train.num_skipped == 1
    assert train.skipped_files() == [str(folder / name)]

    test = build(folder, ["good0.mp4", name], test_mode=True)
    assert test[0]["data_samples"].gt_label.item() == 0
    with pytest.raises(CodecError, match=name) as caught:
        test[1]
    assert caught.value.path == str(folder / name)


@pytest.mark.parametrize("num_workers", [0, 2])
def test_each_broken_file_is_logged_once_over_epochs_and_workers(folder, log, num_workers):
    names = [f"good{number}.mp4" for number in range(4)] + list(BROKEN)
    dataset = build(folder, names)
    loader = DataLoader(dataset, batch_size=3, num_workers=num_workers, collate_fn=pseudo_collate)
    for _ in range(3):  # workers start anew each epoch
        labels = [s.gt_label.item() for batch in loader for s in batch["data_samples"]]
        assert len(labels) == len(names)
        assert set(labels) <= {0, 1, 2, 3}
    assert dataset.num_skipped == len(BROKEN)
    assert dataset.skipped_files() == [str(folder / name) for name in BROKEN]
    lines = log.read_text().splitlines()
    for name in BROKEN:
        assert sum(f"Skipping a video: {folder / name}" in line for line in lines) == 1


def test_two_that_meet_a_broken_file_at_once_log_it_once(folder, log):
    dataset = build(folder, ["good0.mp4", "empty.mp4"])
    dataset.full_init()

    class Slow:
        def __init__(self, skipped):
            self.skipped = skipped

        def __getitem__(self, index):
            value = bool(self.skipped[index])
            time.sleep(0.3)
            return value

        def __setitem__(self, index, value):
            self.skipped[index] = value

    dataset._skipped = Slow(dataset._skipped)
    # Not threads: MMEngine's logger leaves out what it has said in its process.
    fork = multiprocessing.get_context("fork")
    workers = [fork.Process(target=dataset.prepare_data, args=(1,)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    assert log.read_text().count("Skipping a video") == 1


def test_a_skipped_file_is_not_opened_again(folder, monkeypatch):
    dataset = build(folder, ["good0.mp4", "empty.mp4"])
    dataset[1]
    opened = []
    original = CompressedVideo.__init__

    def spy(self, source, **arguments):
        opened.append(Path(source).name)
        original(self, source, **arguments)

    monkeypatch.setattr(CompressedVideo, "__init__", spy)
    dataset[1]
    assert opened == ["good0.mp4"]


@pytest.mark.parametrize("num_workers", [0, 1])
def test_all_broken_ends_with_a_clear_error(folder, num_workers):
    dataset = build(folder, list(BROKEN))
    loader = DataLoader(dataset, num_workers=num_workers, collate_fn=pseudo_collate)
    with pytest.raises(CodecError, match=r"train\.txt: none of its 5 videos can be read"):
        next(iter(loader))


def test_giving_up_after_many_in_a_row(folder):
    names = [f"missing{number}.mp4" for number in range(30)]
    dataset = build(folder, names, max_refetch=4)
    with pytest.raises(CodecError, match="5 videos in a row") as caught:
        dataset[0]
    assert "data_prefix" in str(caught.value)
    assert "missing" in str(caught.value.__cause__)
    assert dataset.num_skipped == 5


def test_a_success_starts_the_count_anew(folder):
    dataset = build(folder, ["empty.mp4", "text.mp4", "good1.mp4"], max_refetch=2)
    set_random_seed(0)
    for _ in range(5):
        assert [dataset[i]["data_samples"].gt_label.item() for i in (0, 1)] == [1, 1]


@pytest.mark.parametrize("num_workers", [0, 2])
def test_errors_of_our_own_are_logged_with_the_video(folder, monkeypatch, log, num_workers):
    def fail(self, results):
        raise ValueError("a bug")

    monkeypatch.setattr("mmcondense.datasets.transforms.FormatCompressedShape.transform", fail)
    for test_mode in (False, True):
        dataset = build(folder, ["good0.mp4"], test_mode=test_mode)
        loader = DataLoader(dataset, num_workers=num_workers, collate_fn=pseudo_collate)
        with pytest.raises(ValueError, match="a bug"):
            next(iter(loader))
    failed = f"Failed at the video {folder / 'good0.mp4'}: ValueError: a bug"
    assert log.read_text().count(failed) == 2


def test_errors_of_our_own_are_not_skipped(folder, monkeypatch):
    dataset = build(folder, ["good0.mp4", "good1.mp4"])

    def fail(self, results):
        raise ValueError("a bug")

    monkeypatch.setattr("mmcondense.datasets.transforms.FormatCompressedShape.transform", fail)
    with pytest.raises(ValueError, match="a bug"):
        dataset[0]
    assert dataset.num_skipped == 0


def test_worker_seeds_give_the_same_sample(folder):
    dataset = build(folder, ["good3.mp4"])
    draws = []
    for seed in (1, 1, 2, 3):
        set_random_seed(seed)
        draws.append(dataset[0]["inputs"]["residual"].numpy())
    np.testing.assert_array_equal(draws[0], draws[1])
    assert any((draws[0] != other).any() for other in draws[2:])


def test_who_stands_in_does_not_depend_on_what_was_skipped_before(folder):
    names = [f"good{number}.mp4" for number in range(4)] + list(BROKEN)
    for seed in range(6):
        dataset = build(folder, names)
        samples = []
        for _ in range(2):  # nothing is known to be broken; all is
            set_random_seed(seed)
            samples.append(dataset[6])
            for i in range(len(names)):
                dataset[i]
        first, second = samples
        assert first["data_samples"].filename == second["data_samples"].filename
        assert torch.equal(first["inputs"]["residual"], second["inputs"]["residual"])


def test_samples_know_their_file(folder):
    dataset = build(folder, ["good2.mp4", "empty.mp4"])
    names = [dataset[i]["data_samples"].filename for i in (0, 1)]
    assert names == [str(folder / "good2.mp4")] * 2  # that of the video which stands in


def test_multi_class_labels(folder):
    (folder / "multi.txt").write_text("good0.mp4 1 3\n")
    dataset = CompressedVideoDataset(
        str(folder / "multi.txt"),
        PIPELINE,
        data_prefix=dict(video=str(folder)),
        multi_class=True,
        num_classes=4,
    )
    label = dataset[0]["data_samples"].gt_label
    assert torch.equal(label, torch.tensor([0.0, 1, 0, 1]))


def test_a_pipeline_that_would_corrupt_vectors_is_refused_at_once(folder):
    pipeline = [*PIPELINE[:2], dict(type="ColorJitter"), *PIPELINE[2:]]
    build(folder, ["good0.mp4"])
    with pytest.raises(ValueError, match=r"ColorJitter.*TransformIFrames"):
        CompressedVideoDataset(str(folder / "train.txt"), pipeline)


# -- damage and limits, from the data set's config to the sample


@pytest.fixture
def damaged(tmp_path, panning_frames) -> Callable[..., CompressedVideoDataset]:
    """Makes data sets of one video, I P P P ..., in which the middle of frame 5 is overwritten."""
    path = tmp_path / "damaged.mp4"
    encode_frames(path, panning_frames(12), codec="mpeg4", gop_size=12)
    with av.open(str(path)) as container:
        packet = [packet for packet in container.demux(video=0) if packet.size][5]
    data = bytearray(path.read_bytes())
    data[packet.pos + packet.size // 2 : packet.pos + packet.size] = bytes(-(-packet.size // 2))
    path.write_bytes(data)
    (tmp_path / "test.txt").write_text("damaged.mp4 3\n")

    def build(sampler: dict, **arguments) -> CompressedVideoDataset:
        pipeline = [sampler, *PIPELINE[1:-1]]
        pipeline.append(dict(PIPELINE[-1], meta_keys=("damaged", "iframe_damaged")))
        return CompressedVideoDataset(
            str(tmp_path / "test.txt"),
            pipeline,
            data_prefix=dict(video=str(tmp_path)),
            test_mode=True,
            **arguments,
        )

    return build


SAMPLERS = {
    "segments": dict(type="SampleCompressedFrames", num_segments=11, test_mode=True),
    "gops": dict(type="SampleGOPs", num_gops=11, test_mode=True),
    "clips": dict(type="SampleGOPClips", test_mode=True),
}


@pytest.mark.parametrize("sampler", SAMPLERS.values(), ids=SAMPLERS)
def test_damaged_pictures_raise_warn_or_are_flagged(damaged, sampler):
    with pytest.raises(CorruptVideoError, match="damaged") as caught:
        damaged(sampler)[0]
    assert caught.value.frame == 5

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sample = damaged(sampler, on_damage="keep")[0]["data_samples"]
    assert sample.damaged.tolist() == [False] * 4 + [True] * 7  # of frames 1 to 11
    assert not sample.iframe_damaged.any()

    with pytest.warns(UserWarning, match="damaged frames are returned: 5, 6, 7"):
        damaged(sampler, on_damage="warn")[0]


@pytest.mark.parametrize("sampler", SAMPLERS.values(), ids=SAMPLERS)
def test_limits_reach_the_reader(damaged, sampler):
    arguments = dict(on_damage="keep")
    assert damaged(sampler, limits=dict(pixels=96 * 128, frames=11), **arguments)[0]
    with pytest.raises(CorruptVideoError, match="pixels=12287"):
        damaged(sampler, limits=dict(pixels=96 * 128 - 1), **arguments)[0]
    with pytest.raises(LimitError, match="11 frames in one read, and at most 10"):
        damaged(sampler, limits=dict(frames=10), **arguments)[0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(on_damage="ignore"), "on_damage='ignore'.*'raise', 'warn', 'keep'"),
        (dict(limits=dict(pixel=3)), "pixel.*allowed.*'pixels', 'packets', 'frames', 'bytes'"),
        (dict(limits=dict(frames=0)), "frames=0 must be"),
    ],
)
def test_wrong_limits_and_damage_are_refused_at_start(damaged, arguments, message):
    with pytest.raises(ValueError, match=message):
        damaged(SAMPLERS["segments"], **arguments)


# -- videos without vectors


@pytest.mark.filterwarnings("ignore:.*re-encoded in memory")
def test_videos_without_vectors_are_used_as_if_reencoded_where_asked_for(tmp_path):
    clip_recipes.encode(tmp_path / "good0.webm", clip_recipes.Recipe("vp8", ".webm"))
    reencode(tmp_path / "good0.webm", tmp_path / "good0.mp4")
    with pytest.raises(NoMotionVectorsError, match="on_missing_motion='transcode'"):
        build(tmp_path, ["good0.webm"], test_mode=True)[0]
    samples = []
    for name in ("good0.webm", "good0.mp4"):
        dataset = build(tmp_path, [name], on_missing_motion="transcode")
        (sample,) = DataLoader(dataset, num_workers=1, collate_fn=pseudo_collate)
        np.random.seed(0)  # noqa: NPY002
        samples.append(dataset[0])
        assert sample["inputs"]["motion"][0].shape == (1, 2, 2, 48, 64)
    for modality in ("iframe", "motion", "residual"):
        torch.testing.assert_close(*(sample["inputs"][modality] for sample in samples))
    with pytest.raises(ValueError, match="on_missing_motion='keep', allowed is one of"):
        build(tmp_path, ["good0.webm"], on_missing_motion="keep")
