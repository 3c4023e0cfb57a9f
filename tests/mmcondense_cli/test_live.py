"""Live prediction from the command line: lines, the log, the summary, and wrong input."""

from __future__ import annotations

import io
import json
from pathlib import Path
from types import SimpleNamespace

import av
import cv2
import numpy as np
import pytest
import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.registry import DefaultScope
from rich.console import Console

from compressedvideo import LiveCompressedVideo, encode_frames
from mmcondense_cli import live_show
from mmcondense_cli.live import main, sentence_of
from mmcondense_cli.live_display import Lines, display_for, line_of
from tests.compressedvideo.live.tcp_sender import tcp_sender

ROOT = Path(__file__).resolve().parents[2]
CONFIG = str(ROOT / "configs/ipts/ip_tsn_synthetic.py")


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> SimpleNamespace:
    folder = tmp_path_factory.mktemp("live")
    noise = np.random.default_rng(0).integers(0, 256, (14, 20, 3), np.uint8)
    picture = noise.repeat(8, axis=0).repeat(8, axis=1)
    encode_frames(
        folder / "a.ts", [picture[:, t : t + 112] for t in range(36)], codec="h264", gop_size=12
    )
    with av.open(str(folder / "sound.ts"), "w") as container:
        stream = container.add_stream("mp2", rate=32000)
        frame = av.AudioFrame.from_ndarray(
            np.zeros((1, 1152), np.int16), format="s16", layout="mono"
        )
        frame.sample_rate = 32000
        for _ in range(40):
            frame.pts = None
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with DefaultScope.overwrite_default_scope("mmaction"):
        model = MODELS.build(Config.fromfile(CONFIG).model)
    torch.save(dict(meta={}, state_dict=model.state_dict()), folder / "weights.pth")
    return SimpleNamespace(
        clip=(folder / "a.ts").read_bytes(),
        sound=(folder / "sound.ts").read_bytes(),
        weights=str(folder / "weights.pth"),
    )


def run(source: str, files: SimpleNamespace, *options: str) -> int:
    return main([source, CONFIG, files.weights, "--device", "cpu", "--max-waiting", "9", *options])


def test_lines_log_and_summary(files, tmp_path, capsys) -> None:
    log = tmp_path / "live.jsonl"
    with tcp_sender([files.clip]) as address:
        assert run(address, files, "--reconnects", "0", "--log", str(log), "--topk", "2") == 0
    said = capsys.readouterr().out.splitlines()
    lines = [line for line in said if line.endswith(" ms)")]
    *predictions, last = [json.loads(line) for line in log.read_text().splitlines()]
    assert len(lines) == len(predictions) == 3
    assert [one["gops"] for one in predictions] == [[0, 1], [1, 2], [2, 3]]
    assert all(len(one["top_k"]) == 2 and len(one["pred_scores"]) == 8 for one in predictions)
    found = last["summary"]
    assert (found["predictions"], found["packets"], found["dropped_gops"]) == (3, 36, 0)
    assert found["latency_median_seconds"] <= found["latency_95_seconds"]
    assert said[-1].startswith("3 windows in ")
    assert said[-1] == sentence_of(found)


def test_a_stream_cut_in_the_middle_keeps_what_was_predicted(files, tmp_path, capsys) -> None:
    log = tmp_path / "live.jsonl"
    with tcp_sender([files.clip[: len(files.clip) // 2]]) as address:
        assert run(address, files, "--reconnects", "1", "--log", str(log)) == 1
    error = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error")]
    assert len(error) == 1
    assert "not to be opened again in 1 tries" in error[0]
    kept = [json.loads(line) for line in log.read_text().splitlines()]
    assert [one["gops"] for one in kept[:-1]] == [[0, 1], [1, 2]]
    assert kept[-1]["summary"]["interruptions"] == 1


def test_ctrl_c_ends_with_the_summary(files, monkeypatch, capsys) -> None:
    get = LiveCompressedVideo.get

    def interrupted(live, timeout_seconds=None):
        window = get(live, timeout_seconds)
        if window is not None and window.number == 1:
            raise KeyboardInterrupt
        return window

    monkeypatch.setattr(LiveCompressedVideo, "get", interrupted)
    with tcp_sender([files.clip]) as address:
        assert run(address, files, "--reconnects", "0") == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("1 windows in ")


def test_each_wrong_input_is_one_line(files, capsys) -> None:
    def error(*arguments: str) -> str:
        assert main([*arguments, "--device", "cpu"]) == 1
        (line,) = [one for one in capsys.readouterr().err.splitlines() if one.startswith("error")]
        return line

    given = CONFIG, files.weights
    assert "no such camera" in error("/dev/video987", *given)
    assert "no address of live video" in error("clip.mp4", *given)
    assert "no config at x.py" in error("tcp://127.0.0.1:1", "x.py", files.weights)
    assert "cannot be opened" in error("tcp://127.0.0.1:1", *given)
    assert "stride=0.5 must be a whole number" in error("udp://x:1", *given, "--stride", "0.5")
    assert "must be KEY=VALUE" in error("udp://x:1", *given, "--ffmpeg-options", "a")
    with tcp_sender([files.sound]) as address:
        assert "has no video stream, only audio" in error(address, *given)


def test_a_line() -> None:
    best = [dict(name="walk", score=0.9), dict(name="run", score=0.1)]
    one = dict(end_time=0.0, top_k=best, latency_seconds=0.0421, damaged=True, dropped_windows=3)
    assert line_of(one)[10:] == "walk 0.90  run 0.10  (42 ms, damaged, 3 windows dropped so far)"
    assert line_of(dict(end_time=0.0, error="none"))[10:] == "error: none"


# -- the table, and the window


def prediction(second: int, **changes) -> dict:
    best = [dict(name="walk", score=0.75), dict(name="run", score=0.25)]
    one = dict(end_time=float(second), top_k=best, latency_seconds=0.0421)
    return one | dict(damaged=False, dropped_windows=2) | changes


def test_a_terminal_has_a_table_of_the_last_windows() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=100)
    with display_for(console, source="udp://x:1", as_lines=False) as display:
        assert "waiting for the first window" in console.file.getvalue()
        for second in range(20):
            display.add(prediction(second, damaged=second == 19))
        display.add(dict(end_time=20.0, error="torn", dropped_windows=2))
    last = console.file.getvalue().rsplit("udp://x:1", 1)[1]
    rows = [line for line in last.splitlines() if "walk" in line or "torn" in line]
    assert len(rows) == 12
    assert "error: torn" in rows[0]
    assert "0.75" in rows[1]
    assert "█" * 15 in rows[1]
    assert "█" * 16 not in rows[1]
    assert "run 0.25  damaged" in rows[1]
    assert "42 ms" in rows[1]
    assert "damaged" not in rows[2]
    assert "21 windows, 2 dropped" in last
    assert isinstance(display_for(console, source="", as_lines=True), Lines)
    assert isinstance(display_for(Console(file=io.StringIO()), source="", as_lines=False), Lines)


def test_each_window_is_shown_until_somebody_quits(files, monkeypatch, capsys) -> None:
    shown = []
    monkeypatch.setattr(live_show, "check_display", lambda: None)
    monkeypatch.setattr(cv2, "imshow", lambda title, picture: shown.append(picture))
    monkeypatch.setattr(cv2, "waitKey", lambda _: ord("q") if len(shown) == 2 else -1)
    with tcp_sender([files.clip]) as address:
        assert run(address, files, "--reconnects", "0", "--show") == 0
    assert len(shown) == 2
    assert {picture.shape for picture in shown} == {(360, 360, 3)}
    assert (shown[0] != shown[1]).any()
    assert ((shown[0] == (77, 216, 255)).all(axis=-1)).any()  # arrows, in BGR
    assert capsys.readouterr().out.splitlines()[-1].startswith("1 windows in ")


def test_without_a_display_it_is_one_line(files, monkeypatch, capsys) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    assert run("tcp://127.0.0.1:1", files, "--show") == 1
    (line,) = [one for one in capsys.readouterr().err.splitlines() if one.startswith("error")]
    assert "--show needs a display" in line
    assert "there is none here" in line
