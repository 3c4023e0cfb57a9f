"""The inferencer, on configs of ours and on a stock one; long video; what is broken."""

from __future__ import annotations

import itertools
import json
import shutil
import weakref
from pathlib import Path
from types import SimpleNamespace

import av
import numpy as np
import pytest
import torch
from mmaction.apis import ActionRecogInferencer
from mmaction.registry import DATASETS, MODELS
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import DefaultScope

from compressedvideo import CompressedVideo, VideoWriter
from mmcondense.apis import CompressedActionInferencer
from mmcondense.apis.inference_inputs import UsageError

ROOT = Path(__file__).resolve().parents[2]
IP_TSN = ROOT / "configs/ipts/ip_tsn_synthetic.py"
NAMES = [f"motion {label}" for label in range(8)]


def write_clip(path: Path, num_frames: int, *, seed: int = 0, fps: int = 25, size: int = 112):
    texture = np.random.default_rng(seed).integers(0, 256, (14, 14, 3), np.uint8)
    texture = texture.repeat(16, axis=0).repeat(16, axis=1)
    with VideoWriter(path, width=size, height=size, fps=fps) as writer:
        for t in range(num_frames):
            writer.write(texture[t % 48 : t % 48 + size, :size])
    return str(path)


def checkpoint_of(config: Path, path: Path, **meta) -> str:
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope("mmaction"):
        model = MODELS.build(Config.fromfile(config).model)
    torch.save(dict(meta=meta, state_dict=model.state_dict()), path)
    return str(path)


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> SimpleNamespace:
    folder = tmp_path_factory.mktemp("inferencer")
    (folder / "labels.txt").write_text("\n".join(NAMES))
    (folder / "broken.mp4").write_bytes(b"no video" * 99)
    return SimpleNamespace(
        folder=folder,
        clip=write_clip(folder / "clip.mp4", 48),
        other=write_clip(folder / "other.mp4", 30, seed=1),
        broken=str(folder / "broken.mp4"),
        labels=str(folder / "labels.txt"),
        weights=checkpoint_of(IP_TSN, folder / "ip_tsn.pth"),
    )


@pytest.fixture(scope="module")
def inferencer(files) -> CompressedActionInferencer:
    return CompressedActionInferencer(
        str(IP_TSN), files.weights, device="cpu", label_file=files.labels
    )


def test_predictions_have_the_names_of_mmactions_inferencer(files, inferencer):
    results = inferencer([files.clip, files.other], batch_size=2)
    theirs = ActionRecogInferencer(str(IP_TSN), weights=files.weights, device="cpu")
    for ours, expected in zip(
        results["predictions"], theirs([files.clip, files.other])["predictions"], strict=True
    ):
        assert ours["pred_labels"] == expected["pred_labels"]
        assert ours["pred_scores"] == pytest.approx(expected["pred_scores"], abs=1e-5)
    assert results["visualization"] is None
    first = results["predictions"][0]
    assert first["input"] == files.clip
    assert (first["window"], first["num_windows"]) == (0, 1)
    assert (first["start_seconds"], first["end_seconds"]) == (0, 1.92)
    best = np.argsort(first["pred_scores"])[::-1][:5].tolist()
    assert [entry["label"] for entry in first["top_k"]] == best
    assert [entry["name"] for entry in first["top_k"]] == [NAMES[label] for label in best]
    assert [e["score"] for e in first["top_k"]] == [first["pred_scores"][label] for label in best]


@pytest.mark.parametrize(
    "config",
    [
        "ipts/ip_tsn_synthetic.py",
        "coviar/coviar_synthetic.py",
        "attp/attp_synthetic.py",
        "baselines/di_synthetic.py",
        "tsd/tsd_gop_synthetic.py",
        "avd/classifiers/end_to_end_synthetic.py",
        "strokes/p_stream_bits.py",
        "strokes/p_stream_cells.py",
        "strokes/ip_tsn_cells.py",
    ],
)
def test_scores_are_those_of_the_test_data_set(files, config):
    cfg = Config.fromfile(ROOT / "configs" / config)
    inferencer = CompressedActionInferencer(cfg, device="cpu")
    (prediction,) = inferencer(files.clip)["predictions"]
    dataset_cfg = dict(cfg.test_dataloader.dataset)
    ann_file = files.folder / "list.txt"
    ann_file.write_text(f"{files.clip} 0\n")
    dataset = DATASETS.build({**dataset_cfg, "data_root": "", "ann_file": str(ann_file)})
    with torch.no_grad():
        expected = inferencer.model.test_step(pseudo_collate([dataset[0]]))[0].pred_score
    assert prediction["pred_scores"] == pytest.approx(expected.tolist(), abs=1e-5)


@pytest.fixture(scope="module")
def stock_config(files) -> Config:
    """TSN on RGB as MMAction2 writes it, small; nothing of ours."""
    pipeline = [
        dict(type="DecordInit"),
        dict(type="SampleFrames", clip_len=1, frame_interval=1, num_clips=3, test_mode=True),
        dict(type="DecordDecode"),
        dict(type="Resize", scale=(-1, 64)),
        dict(type="CenterCrop", crop_size=64),
        dict(type="FormatShape", input_format="NCHW"),
        dict(type="PackActionInputs"),
    ]
    model = dict(
        type="Recognizer2D",
        backbone=dict(type="ResNet", depth=18, pretrained=None),
        cls_head=dict(
            type="TSNHead",
            num_classes=6,
            in_channels=512,
            average_clips="prob",
            init_std=0.5,
            consensus=dict(type="AvgConsensus", dim=1),
        ),
        data_preprocessor=dict(
            type="ActionDataPreprocessor",
            mean=[123.675, 116.28, 103.53],
            std=[58.395, 57.12, 57.375],
            format_shape="NCHW",
        ),
    )
    text = f"model = {model!r}\ntest_dataloader = dict(dataset=dict(pipeline={pipeline!r}))\n"
    (files.folder / "stock.py").write_text(text)
    return Config.fromfile(files.folder / "stock.py")


def test_a_stock_config_gets_the_scores_that_mmactions_inferencer_gives(files, stock_config):
    weights = checkpoint_of(files.folder / "stock.py", files.folder / "stock.pth")
    ours = CompressedActionInferencer(stock_config, weights, device="cpu")
    theirs = ActionRecogInferencer(str(files.folder / "stock.py"), weights=weights, device="cpu")
    (prediction,) = ours(files.clip)["predictions"]
    (expected,) = theirs(files.clip)["predictions"]
    # decord converts colours its own way
    assert prediction["pred_scores"] == pytest.approx(expected["pred_scores"], abs=0.02)
    windows = ours([files.clip], window_seconds=0.8)["predictions"]
    assert [window["start_seconds"] for window in windows] == [0, 0.8, 1.12]


def test_windows_are_what_the_same_frames_as_a_video_are(files, inferencer, tmp_path):
    """The second window of a clip of GOPs of 12, cut out without re-encoding."""
    (_, second, *_) = inferencer(files.clip, window_seconds=24 / 25, stride_seconds=12 / 25)[
        "predictions"
    ]
    with av.open(files.clip) as source, av.open(str(tmp_path / "cut.mp4"), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in list(source.demux(video=0))[12:36]:
            packet.stream = stream
            target.mux(packet)
    (cut,) = inferencer(str(tmp_path / "cut.mp4"))["predictions"]
    assert cut["end_seconds"] == pytest.approx(24 / 25)
    assert second["pred_scores"] == pytest.approx(cut["pred_scores"], abs=1e-5)


def test_windows_of_several_videos_share_batches(files, inferencer, monkeypatch):
    sizes = []
    forward = inferencer.forward
    monkeypatch.setattr(
        inferencer,
        "forward",
        lambda batch: sizes.append(len(batch["data_samples"])) or forward(batch),
    )
    inputs = [files.clip, files.other]
    together = inferencer(inputs, window_seconds=0.5, batch_size=4)["predictions"]
    assert sizes == [4, 3]
    alone = inferencer(inputs, window_seconds=0.5)["predictions"]
    assert [one["input"] for one in together] == [files.clip] * 4 + [files.other] * 3
    for ours, expected in zip(together, alone, strict=True):
        assert ours["pred_scores"] == pytest.approx(expected["pred_scores"], abs=1e-4)


def test_videos_of_another_size_are_a_batch_of_their_own(files, inferencer):
    small = write_clip(files.folder / "small.mp4", 30, size=96)
    inputs = [files.clip, small, files.other]
    predictions = inferencer(inputs, batch_size=4)["predictions"]
    assert [one["input"] for one in predictions] == inputs
    assert all("pred_scores" in one for one in predictions)


def test_what_is_broken_is_named_and_stops_nothing(files, inferencer, tmp_path):
    half = tmp_path / "half.avi"
    write_clip(half, 60)
    data = bytearray(half.read_bytes())
    data[len(data) * 6 // 10 : len(data) * 9 // 10] = bytes(
        len(data) * 9 // 10 - len(data) * 6 // 10
    )
    half.write_bytes(data)
    inputs = [files.broken, files.clip, "missing.mp4", "rtsp://camera", str(half), files.other]
    predictions = inferencer(inputs, window_seconds=0.4, batch_size=3)["predictions"]
    by_video = {
        video: list(group)
        for video, group in itertools.groupby(predictions, key=lambda one: one["input"])
    }
    assert list(by_video) == inputs
    assert by_video[files.broken][0]["error"].startswith(f"{files.broken}: ")
    assert by_video["missing.mp4"] == [dict(input="missing.mp4", error="missing.mp4: no such file")]
    assert "rtsp:// is no prefix of a file backend" in by_video["rtsp://camera"][0]["error"]
    damaged = by_video[str(half)]
    assert "pred_scores" in damaged[0]
    assert any(str(half) in window.get("error", "") for window in damaged)
    assert all("pred_scores" in one for one in by_video[files.clip] + by_video[files.other])


def test_sound_alone_is_no_video(inferencer, tmp_path):
    path = str(tmp_path / "sound.mp4")
    with av.open(path, "w") as container:
        stream = container.add_stream("aac", rate=16000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        frame.sample_rate = 16000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    (prediction,) = inferencer(path)["predictions"]
    assert "no video" in prediction["error"]
    assert prediction["error"].startswith(path)


def test_a_log_is_written_as_predictions_come_and_resumed(files, inferencer, tmp_path, monkeypatch):
    log = tmp_path / "predictions.jsonl"
    clip, late = files.clip, str(tmp_path / "late.mp4")
    options = dict(window_seconds=0.5, log=log)
    stream = inferencer.stream([clip, late, files.other], **options)
    first = next(stream)
    assert json.loads(log.read_text())["pred_scores"] == first["pred_scores"]
    next(stream)
    stream.close()  # as a crash does
    shutil.copy(files.other, late)

    computed = []
    forward = inferencer.forward
    monkeypatch.setattr(
        inferencer,
        "forward",
        lambda batch: computed.append(len(batch["data_samples"])) or forward(batch),
    )
    predictions = list(inferencer.stream([clip, late, files.other], **options))
    assert sum(computed) == 2 + 3 + 3
    assert [one.get("resumed", False) for one in predictions] == [True] * 2 + [False] * 8
    assert predictions[0] == dict(first, resumed=True)
    again = list(inferencer.stream([clip, late, files.other], **options))
    assert sum(computed) == 8
    assert [one["pred_scores"] for one in again] == [one["pred_scores"] for one in predictions]
    assert len(log.read_text().splitlines()) == 10
    with pytest.raises(UsageError, match="holds predictions made with"):
        list(inferencer.stream(clip, log=log))


def test_what_was_broken_is_tried_again(files, inferencer, tmp_path):
    log, video = tmp_path / "predictions.jsonl", tmp_path / "video.mp4"
    video.write_bytes(b"nothing yet")
    assert "error" in next(inferencer.stream(video, log=log))
    shutil.copy(files.clip, video)
    assert "error" not in next(inferencer.stream(video, log=log))


def test_hours_of_video_take_the_memory_of_one_window(inferencer, tmp_path, monkeypatch):
    """Three minutes, of which the pictures of two windows are held at most.

    Those are the one that is read, and the one before, whose packed sample may share them.
    """
    path = write_clip(tmp_path / "long.mp4", 1800, fps=10)
    read = CompressedVideo.read
    held: dict[int, weakref.ref] = {}
    counts = []

    def counted(self, frames, **options):
        clip = read(self, frames, **options)
        for pictures in (clip.iframes, clip.motion, clip.residual):
            owner = pictures if pictures.base is None else pictures.base
            held[id(owner)] = weakref.ref(owner)
        counts.append(sum(owner.nbytes for ref in held.values() if (owner := ref()) is not None))
        return clip

    monkeypatch.setattr(CompressedVideo, "read", counted)
    predictions = list(inferencer.stream(path, window_seconds=6))
    assert len(predictions) == len(counts) == 30
    a_window = 4 * 112 * 112 * (3 + 2 * 4 + 3 * 2)  # segments, pixels, bytes of each modality
    assert a_window <= counts[0] <= 1.1 * a_window
    assert max(counts) <= 2 * counts[0]
    assert predictions[-1]["end_seconds"] == 180


def test_packed_samples_do_not_pile_up(files, inferencer, monkeypatch):
    """However many windows there are, ``batch_size`` of them wait for the model."""
    waiting = most = 0
    pipeline, forward = inferencer.pipeline, inferencer.forward

    def packed(results):
        nonlocal waiting, most
        waiting += 1
        most = max(most, waiting)
        return pipeline(results)

    def forwarded(batch):
        nonlocal waiting
        waiting -= len(batch["data_samples"])
        return forward(batch)

    monkeypatch.setattr(inferencer, "pipeline", packed)
    monkeypatch.setattr(inferencer, "forward", forwarded)
    inputs = [files.clip, files.broken, "missing.mp4"] * 3
    assert len(list(inferencer.stream(inputs, window_seconds=0.2, batch_size=3))) == 36
    assert most <= 4  # the batch, and the one that finds it full


def test_files_at_the_end_and_data_samples(files, inferencer, tmp_path, capsys):
    out = tmp_path / "all.json"
    results = inferencer(files.clip, pred_out_file=str(out), print_result=True)
    assert json.loads(out.read_text()) == dict(predictions=results["predictions"])
    assert "pred_scores" in capsys.readouterr().out
    samples = inferencer([files.clip, files.broken], return_datasamples=True)["predictions"]
    assert samples[0].pred_score.shape == (8,)
    assert samples[1] is None


def test_annotated_videos_are_written(files, inferencer, tmp_path):
    inputs = [files.clip, files.broken]
    (path,) = inferencer(inputs, window_seconds=0.5, vid_out_dir=str(tmp_path))["visualization"]
    with CompressedVideo(path) as video:
        assert (video.num_frames, video.width) == (48, 360)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (dict(batch_size=0), "batch_size=0 must be above 0"),
        (dict(window_seconds=-1), "window_seconds=-1 must be above 0"),
        (dict(stride_seconds=1), "says nothing without window_seconds"),
    ],
)
def test_numbers_are_checked(files, inferencer, options, message):
    with pytest.raises(UsageError, match=message):
        inferencer(files.clip, **options)


def test_windows_are_refused_where_a_pipeline_needs_the_whole_video(files):
    config = str(ROOT / "configs/baselines/flow_synthetic.py")
    inferencer = CompressedActionInferencer(config, device="cpu")
    assert "pred_scores" in inferencer(files.clip)["predictions"][0]
    with pytest.raises(
        UsageError, match=r"flow_synthetic\.py does not go with window_seconds: opt"
    ):
        inferencer(files.clip, window_seconds=1)


def test_a_log_of_the_same_names_and_another_checkpoint_is_refused(files, inferencer, tmp_path):
    weights = tmp_path / "weights.pth"
    shutil.copy(files.weights, weights)
    log = tmp_path / "predictions.jsonl"
    first = CompressedActionInferencer(str(IP_TSN), str(weights), device="cpu")
    (made,) = first.stream(files.clip, log=log)
    state_dict = {name: -value for name, value in torch.load(weights)["state_dict"].items()}
    torch.save(dict(meta={}, state_dict=state_dict), weights)
    second = CompressedActionInferencer(str(IP_TSN), str(weights), device="cpu")
    with pytest.raises(UsageError, match=r"predictions made with weights_sha256='\w{16}', and"):
        list(second.stream(files.clip, log=log))
    assert made["pred_scores"] == json.loads(log.read_text())["pred_scores"]


def test_what_does_not_go_together_is_refused(files, tmp_path):
    coviar = str(ROOT / "configs/coviar/coviar_synthetic.py")
    with pytest.raises(UsageError, match=r"ip_tsn\.pth is no checkpoint of this model"):
        CompressedActionInferencer(coviar, files.weights, device="cpu")
    for config, message in [
        ("avd/avd_synthetic.py", "trains a condenser, which gives no class scores"),
        ("ifs/classifiers/tsn_synthetic.py", "use an end_to_end config"),
    ]:
        with pytest.raises(UsageError, match=message):
            CompressedActionInferencer(str(ROOT / "configs" / config), device="cpu")
    short = tmp_path / "short.txt"
    short.write_text("only one\n")
    inferencer = CompressedActionInferencer(
        str(IP_TSN), files.weights, device="cpu", label_file=str(short)
    )
    with pytest.raises(UsageError, match="has 1 names, and the model 8 classes"):
        inferencer(files.clip)


def test_the_config_in_the_checkpoint_will_do(files, inferencer, tmp_path):
    """MMEngine's Runner puts it there."""
    checkpoint = torch.load(files.weights)
    text = Config.fromfile(IP_TSN).pretty_text
    torch.save({**checkpoint, "message_hub": dict(runtime_info=dict(cfg=text))}, tmp_path / "a.pth")
    alone = CompressedActionInferencer(None, str(tmp_path / "a.pth"), device="cpu")
    assert alone(files.clip)["predictions"][0]["pred_scores"] == pytest.approx(
        inferencer(files.clip)["predictions"][0]["pred_scores"], abs=1e-5
    )


def test_names_in_the_checkpoint_are_used(files):
    names = [f"kept {label}" for label in range(8)]
    weights = checkpoint_of(IP_TSN, files.folder / "named.pth", dataset_meta=dict(classes=names))
    inferencer = CompressedActionInferencer(str(IP_TSN), weights, device="cpu")
    assert inferencer.classes == names
