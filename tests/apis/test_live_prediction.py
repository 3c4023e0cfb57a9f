"""Predictions of live windows are those of the same frames in a file."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from mmengine.config import Config

from compressedvideo import encode_frames
from mmcondense.apis import CompressedActionInferencer
from mmcondense.apis.inference_inputs import UsageError
from mmcondense.apis.live_prediction import open_live, predict_live
from tests.compressedvideo.live.clips import packets_of

CONFIG = Path(__file__).resolve().parents[2] / "configs/ipts/ip_tsn_synthetic.py"
GOP = 15


@pytest.fixture(scope="module")
def inferencer() -> CompressedActionInferencer:
    return CompressedActionInferencer(str(CONFIG), device="cpu")


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> str:
    """Three GOPs, and each of them as a file."""
    folder = tmp_path_factory.mktemp("live")
    noise = np.random.default_rng(0).integers(0, 256, (14, 26, 3), np.uint8)
    picture = noise.repeat(8, axis=0).repeat(8, axis=1)
    frames = [picture[:, 2 * t : 2 * t + 112] for t in range(3 * GOP)]
    encode_frames(folder / "all.ts", frames, codec="h264", gop_size=GOP)
    for gop in range(3):
        with (
            packets_of(str(folder / "all.ts")) as packets,
            av.open(str(folder / f"{gop}.ts"), "w") as container,
        ):
            copy = container.add_stream_from_template(packets[0].stream)
            for packet in packets[gop * GOP : (gop + 1) * GOP]:
                packet.stream = copy
                container.mux(packet)
    return str(folder / "all.ts")


def predict(inferencer, path, *, without=(), **options) -> list[dict]:
    with open_live(inferencer, **options) as live, packets_of(path) as packets:
        for number, packet in enumerate(packets):
            if number not in without:
                live.push(packet, arrived=1e9 + number / 25)
        live.end()
        return list(predict_live(inferencer, live))


def test_scores_are_those_of_files(inferencer, clip) -> None:
    predictions = predict(inferencer, clip)
    files = [str(Path(clip).with_name(f"{gop}.ts")) for gop in range(3)]
    expected = inferencer(files)["predictions"]
    for ours, theirs in zip(predictions, expected, strict=True):
        np.testing.assert_allclose(ours["pred_scores"], theirs["pred_scores"], rtol=1e-4)
        assert ours["top_k"][0]["label"] == theirs["pred_labels"][0]
    assert [one["gops"] for one in predictions] == [[0, 1], [1, 2], [2, 3]]
    assert [one["end_time"] - 1e9 for one in predictions] == pytest.approx([0.56, 1.16, 1.76])
    assert all(one["latency_seconds"] > 0 and not one["damaged"] for one in predictions)


def test_windows_of_seconds_that_begin_inside_a_gop(inferencer, clip) -> None:
    """25 frames a second: those of the second window are 10 to 24 of the file."""
    predictions = predict(inferencer, clip, window_seconds=0.6, stride=0.4)
    expected = inferencer(clip, window_seconds=0.6, stride_seconds=0.4)["predictions"]
    assert [one["start_seconds"] for one in expected[:3]] == [0, 0.4, 0.8]
    for ours, theirs in zip(predictions[:3], expected, strict=False):
        np.testing.assert_allclose(ours["pred_scores"], theirs["pred_scores"], rtol=1e-4)


def test_damage_and_drops_are_told(inferencer, clip) -> None:
    damaged = predict(inferencer, clip, without=[GOP + 1])
    assert [one["damaged"] for one in damaged] == [False, True, False]
    dropped = predict(inferencer, clip, max_waiting=1)
    assert [(one["gops"], one["dropped_gops"]) for one in dropped] == [([2, 3], 2)]


def test_a_window_without_a_p_frame_is_an_error_and_others_go_on(inferencer, clip) -> None:
    first, *others = predict(inferencer, clip, without=range(1, GOP))
    assert "none of its 1 frames is of type P" in first["error"]
    assert [one["top_k"][0]["score"] > 0 for one in others] == [True, True]


def test_configs_that_need_whole_videos_are_refused() -> None:
    cfg = Config.fromfile(CONFIG)
    loader = cfg.test_dataloader.dataset.pipeline[1]
    loader.modalities = ["iframe", "motion", "residual", "previous_rgb"]
    with pytest.raises(UsageError, match="does not go with a live stream: optical flow"):
        open_live(CompressedActionInferencer(cfg, device="cpu"))


def test_numbers_that_cannot_be(inferencer) -> None:
    with pytest.raises(UsageError, match="window_gops=0"):
        open_live(inferencer, window_gops=0)
