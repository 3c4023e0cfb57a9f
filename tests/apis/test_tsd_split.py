from __future__ import annotations

import builtins
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from mmaction.structures import ActionDataSample

from mmcondense.apis import TSDClient, TSDCloud
from mmcondense.apis.tsd_packet import PacketError, dequantise, pack
from mmcondense.apis.tsd_split import open_session

T, H, W = 6, 32, 48


def make_clips(num_clips: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (num_clips, T, H, W, 3), dtype=np.uint8)


def whole_model(model, clips: np.ndarray) -> np.ndarray:
    """``pred_score`` of each clip, by PyTorch in one piece."""
    samples = [ActionDataSample() for _ in clips]
    inputs = torch.from_numpy(dequantise(clips)).unsqueeze(1)
    with torch.no_grad():
        predictions = model(inputs, samples, mode="predict")
    return np.stack([prediction.pred_score.numpy() for prediction in predictions])


def test_joined_halves_are_the_whole_model_on_100_clips(model, halves):
    clips = make_clips(100)
    client, cloud = (open_session(halves / f"{name}.onnx") for name in ("client", "cloud"))
    (distilled,) = client.run(None, {"frames": dequantise(clips)})
    (logits,) = cloud.run(None, {"frames": distilled})
    scores = torch.from_numpy(logits).softmax(dim=1).numpy()
    expected = whole_model(model, clips)
    assert np.abs(scores - expected).max() < 1e-4
    assert expected.std(axis=0).max() > 0.01  # the clips differ


def test_packets_change_scores_by_their_quantisation_alone(model, halves):
    clips = make_clips(8)
    client, cloud = TSDClient(halves / "client.onnx", codec="raw"), TSDCloud(halves / "cloud.onnx")
    assert cloud.shape == (2, H, W)
    scores = np.stack([cloud([client(clip)]) for clip in clips])
    expected = whole_model(model, clips)
    assert np.abs(scores - expected).max() < 0.02
    assert (scores.argmax(axis=1) == expected.argmax(axis=1)).all()
    # Q clips of a video: the mean of their probabilities
    averaged = cloud([client(clip) for clip in clips])
    np.testing.assert_allclose(averaged, scores.mean(axis=0), atol=1e-6)


def test_a_third_of_the_frames_is_a_third_of_the_bytes(halves):
    clip = make_clips(1)[0]
    client = TSDClient(halves / "client.onnx", codec="raw")
    assert len(client(clip)) / len(pack(clip, codec="raw")) == pytest.approx(2 / 6, rel=0.01)


def test_threads_get_their_own_answers(halves):
    clips = make_clips(12)
    client, cloud = TSDClient(halves / "client.onnx"), TSDCloud(halves / "cloud.onnx")
    packets = [client(clip) for clip in clips]
    expected = [cloud([packet]) for packet in packets]
    with ThreadPoolExecutor(6) as pool:
        scores = list(pool.map(lambda packet: cloud([packet]), packets))
    np.testing.assert_allclose(scores, expected, atol=1e-6)


def test_other_clips_are_refused(halves):
    client, cloud = TSDClient(halves / "client.onnx"), TSDCloud(halves / "cloud.onnx")
    with pytest.raises(ValueError, match=r"uint8 \(5, 32, 48, 3\).*\(6, 32, 48, 3\)"):
        client(make_clips(1)[0, :5])
    with pytest.raises(ValueError, match="float64"):
        client(make_clips(1)[0] / 255)
    with pytest.raises(PacketError, match="3 frames of 32x48, expected 2 of 32x48"):
        cloud([pack(make_clips(1)[0, :3])])
    with pytest.raises(ValueError, match="no packet"):
        cloud([])


def test_messages_say_what_is_missing(tmp_path, monkeypatch):
    pytest.importorskip("onnxruntime")
    with pytest.raises(FileNotFoundError, match="mmcondense export"):
        TSDCloud(tmp_path / "cloud.onnx")
    real_import = builtins.__import__

    def without_onnxruntime(name, *args, **kwargs):
        if name == "onnxruntime":
            raise ImportError(name)
        return real_import(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_onnxruntime)
    with pytest.raises(ImportError, match=r"mmcondense\[deploy\]"):
        TSDCloud(tmp_path / "cloud.onnx")


def test_a_file_that_differs_is_not_put_in_place(model, tmp_path):
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    from mmcondense.apis.export import export_halves

    with pytest.raises(ValueError, match=r"client.onnx differs from PyTorch by .*-1"):
        export_halves(model, tmp_path, clip_shape=(T, H, W), tolerance=-1.0)
    assert list(tmp_path.iterdir()) == []
