"""Senders on this machine: what comes by TCP, UDP and RTSP is what they send."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from compressedvideo import CompressedVideo, VideoNotFoundError, VideoOpenError
from compressedvideo.live import LiveCompressedVideo, connection

from .clips import NUM_FRAMES, assert_same_as_file, clip
from .tcp_sender import PATIENCE, tcp_sender


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> str:
    return clip(tmp_path_factory.mktemp("clips") / "h264.ts", codec="h264", b_frames=2)


def free_port(kind: int) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_tcp(made) -> None:
    before = threading.active_count()
    with (
        CompressedVideo(made) as video,
        tcp_sender([Path(made).read_bytes()]) as address,
        LiveCompressedVideo(address, waits_if_full=True, reconnects=0) as live,
    ):
        seen = [assert_same_as_file(window, video) for window in live]
    assert np.concatenate(seen).tolist() == list(range(NUM_FRAMES))
    assert threading.active_count() == before


def test_a_sender_that_starts_over_and_then_is_gone(made, caplog, monkeypatch) -> None:
    monkeypatch.setattr(connection, "_FIRST_PAUSE", 0.05)
    data = Path(made).read_bytes()
    with (
        CompressedVideo(made) as video,
        tcp_sender([data[: len(data) * 2 // 3], data]) as address,
        LiveCompressedVideo(address, window_gops=2, waits_if_full=True, reconnects=2) as live,
    ):
        windows = []
        with pytest.raises(
            VideoOpenError,
            match=r"\(the sender ended it\) and not to be .* in 2 tries: cannot be opened",
        ):
            windows.extend(iter(live.get, None))
        counts = live.counts
        expected = video.read(range(24), modalities=("rgb",)).rgb
    # The cut-off one has what came, and the second stream begins anew with its first GOP.
    starts = [number for number, window in enumerate(windows) if window.is_first]
    assert len(starts) == 2
    assert sum(w.stop - w.start for w in windows[starts[1] :]) == NUM_FRAMES
    anew = windows[starts[1]].read(range(24), modalities=("rgb",)).rgb
    np.testing.assert_array_equal(anew, expected)
    assert (counts.reconnections, counts.interruptions) == (1, 2)
    assert "the sender ended it" in caplog.text
    assert "try 1 of 2" in caplog.text


def test_udp(made) -> None:
    """Datagrams that nobody waits for are gone: they are sent slowly, over and over."""
    data = Path(made).read_bytes()
    stop = threading.Event()
    port = free_port(socket.SOCK_DGRAM)

    def send() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            while not stop.is_set():
                for at in range(0, len(data), 1316):
                    sender.sendto(data[at : at + 1316], ("127.0.0.1", port))
                    time.sleep(0.002)

    thread = threading.Thread(target=send)
    thread.start()
    try:
        with (
            CompressedVideo(made) as video,
            LiveCompressedVideo(
                f"udp://127.0.0.1:{port}", max_waiting=50, timeout_seconds=PATIENCE
            ) as live,
        ):
            window = live.get(PATIENCE)
            while window.num_frames != 12:
                window = live.get(PATIENCE)
            ours = window.read(range(12), modalities=("rgb", "motion"))
            theirs = [
                video.read(range(begin, begin + 12), modalities=("rgb", "motion"))
                for begin in video.keyframes[:4]
            ]
    finally:
        stop.set()
        thread.join(PATIENCE)
    same = [
        (ours.rgb == other.rgb).all() and (ours.motion == other.motion).all() for other in theirs
    ]
    assert sum(same) == 1


def test_rtsp(made) -> None:
    """FFmpeg as a server that takes what a client announces."""
    address = f"rtsp://127.0.0.1:{free_port(socket.SOCK_STREAM)}/live"

    sender = subprocess.Popen(
        [sys.executable, Path(__file__).with_name("rtsp_sender.py"), made, address]
    )
    try:
        with (
            CompressedVideo(made) as video,
            LiveCompressedVideo(
                address,
                waits_if_full=True,
                reconnects=0,
                timeout_seconds=PATIENCE,
                options={"rtsp_flags": "listen", "listen_timeout": str(PATIENCE)},
            ) as live,
        ):
            seen = [assert_same_as_file(window, video) for window in live]
        assert sender.wait(PATIENCE) == 0
    finally:
        sender.kill()
        sender.wait()
    assert np.concatenate(seen).tolist() == list(range(NUM_FRAMES))


def test_nobody_sends() -> None:
    port = free_port(socket.SOCK_DGRAM)
    with pytest.raises(VideoOpenError, match=r"no video came within 0\.3 s"):
        LiveCompressedVideo(f"udp://127.0.0.1:{port}", timeout_seconds=0.3)
    port = free_port(socket.SOCK_STREAM)
    with pytest.raises(VideoOpenError, match=r"cannot be opened \([Cc]onnection refused"):
        LiveCompressedVideo(f"tcp://127.0.0.1:{port}")


def test_no_such_camera() -> None:
    with pytest.raises(VideoNotFoundError, match="no such camera"):
        LiveCompressedVideo("/dev/video987")


@pytest.mark.parametrize(
    "address", ["file:///etc/passwd", "concat:a.ts|b.ts", "video.mp4", "sdp://"]
)
def test_other_addresses_are_refused(address) -> None:
    with pytest.raises(VideoOpenError, match="is no address of live video"):
        LiveCompressedVideo(address)


def test_what_a_sender_names_is_not_opened() -> None:
    """A playlist by HTTP or TCP would have FFmpeg open what it names."""
    playlist = b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n"
    with tcp_sender([playlist]) as address, pytest.raises(VideoOpenError, match="cannot be opened"):
        LiveCompressedVideo(address, timeout_seconds=PATIENCE)
