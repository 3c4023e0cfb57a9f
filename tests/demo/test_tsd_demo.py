"""The example server, really listening, with the example client and with worse ones."""

from __future__ import annotations

import http.client
import importlib.util
import json
import logging
import socket
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from compressedvideo import encode_frames
from mmcondense.apis import TSDClient, TSDCloud
from mmcondense.apis.tsd_packet import pack
from tests.apis.conftest import CLIP_SHAPE, small_model

for package in ("onnx", "onnxruntime", "fastapi", "uvicorn"):
    pytest.importorskip(package, reason="needs the extras deploy and serve")

DEMO = Path(__file__).resolve().parents[2] / "demo"
CLASSES = ("run", "jump", "sit", "wave", "fall")


READ_SECONDS = 2.0


class Errors(logging.Handler):
    """What the server logs of tracebacks."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info:
            self.records.append(record)


@pytest.fixture(scope="module")
def errors() -> Errors:
    return Errors()


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, DEMO / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # FastAPI looks annotations up here
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def halves(tmp_path_factory) -> Path:
    from mmcondense.apis.export import export_halves

    folder = tmp_path_factory.mktemp("halves")
    export_halves(small_model(), folder, clip_shape=CLIP_SHAPE)
    return folder


@contextmanager
def serve(halves: Path, *, read_seconds: float, max_connections: int = 64) -> Iterator[int]:
    """The server in a thread; its port."""
    import uvicorn

    demo = load("tsd_server")
    cloud = TSDCloud(halves / "cloud.onnx", num_threads=1)
    app = demo.create_app(cloud, classes=CLASSES, top_k=3, read_seconds=read_seconds)
    limits = dict(max_connections=max_connections, read_seconds=read_seconds)
    # its own logging would close the files of all loggers in this process
    quiet = dict(
        log_config=None, log_level="warning", access_log=False, timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(demo.server_config(app, port=0, **quiet, **limits))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 60
    while not server.started:
        assert time.monotonic() < deadline, "the server does not start"
        time.sleep(0.02)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join(timeout=30)


@pytest.fixture(scope="module")
def port(halves: Path, errors: Errors) -> Iterator[int]:
    with serve(halves, read_seconds=READ_SECONDS) as port:
        logging.getLogger("uvicorn.error").addHandler(errors)
        yield port


def post(port: int, body: bytes, *, path: str = "/classify", headers: dict | None = None):
    """Status and answer, whatever they are."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("POST", path, body, headers or {})
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


def clips(number: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (number, *CLIP_SHAPE, 3), dtype=np.uint8)


def test_concurrent_clients_get_their_own_answers(halves, port):
    client = TSDClient(halves / "client.onnx", num_threads=1)
    cloud = TSDCloud(halves / "cloud.onnx", num_threads=1)
    packets = [client(clip) for clip in clips(24)]
    demo = load("tsd_client")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda p: demo.send(f"http://127.0.0.1:{port}", p), packets))
    assert len({answer["scores"][0] for answer in answers}) > 12  # they differ
    for packet, answer in zip(packets, answers, strict=True):
        scores = cloud([packet])
        assert answer["labels"] == scores.argsort()[::-1][:3].tolist()
        assert answer["scores"] == pytest.approx(np.sort(scores)[::-1][:3].tolist(), abs=2e-6)
        assert answer["classes"] == [CLASSES[label] for label in answer["labels"]]


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        (b"", 422, "0 bytes without its head"),
        (b"\xff\xd8\xff not a packet", 422, "without its head"),
        (pack(np.zeros((3, 32, 48, 3), np.uint8)), 422, "3 frames of 32x48, expected 2 of 32x48"),
        (pack(np.zeros((2, 32, 40, 3), np.uint8)), 422, "2 frames of 32x40, expected 2 of 32x48"),
        (pack(np.zeros((2, 32, 48, 3), np.uint8))[:-5], 422, "cut off in frame 1"),
        (b"TSD1\x02\x02\x00\x20\x00\x30\x00\x04\x00\x00\x00oops", 422, "no readable jpeg"),
        (b"TSD1" + bytes(100_000), 413, "more than 14464 bytes"),
    ],
)
def test_bad_requests_get_a_reason_and_the_server_lives_on(halves, port, body, status, reason):
    found, answer = post(port, body)
    assert found == status
    assert reason in answer["detail"]
    packet = TSDClient(halves / "client.onnx")(clips(1)[0])
    assert post(port, packet)[0] == 200


def test_a_body_without_end_is_not_kept(port):
    """No length given: the limit holds while chunks arrive."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    chunks = (b"x" * 5000 for _ in range(10))
    connection.request("POST", "/classify", chunks, encode_chunked=True)
    assert connection.getresponse().status == 413
    connection.close()


def closed_after(port: int, sent: bytes) -> bytes:
    """What comes until the server closes a connection on which no more is sent."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(sent)
        answer = b""
        while received := connection.recv(4096):
            answer += received
        return answer


HEAD = b"POST /classify HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n"


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        (b"", b""),
        (b"POST /classify HTTP/1.1\r\nHost", b""),
        (b"GET /model HTTP/1.1\r\nHost: a\r\n\r\nGET /mod", b"HTTP/1.1 200"),
        (HEAD + b"TSD1", b"HTTP/1.1 408"),
    ],
    ids=["nothing", "half a head", "half a second head", "half a body"],
)
def test_who_sends_nothing_more_is_let_go(port, sent, answer):
    assert closed_after(port, sent).startswith(answer)


def test_a_client_that_goes_away_leaves_no_traceback(halves, port, errors):
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
            connection.sendall(HEAD + b"TSD1")
    assert post(port, TSDClient(halves / "client.onnx")(clips(1)[0]))[0] == 200
    assert [record.getMessage() for record in errors.records] == []


def test_too_many_at_once_are_refused_until_others_leave(halves):
    packet = TSDClient(halves / "client.onnx")(clips(1)[0])

    def answer(port: int) -> str:
        try:
            return str(post(port, packet)[0])
        except json.JSONDecodeError:
            return "refused"  # 503, in plain text

    with serve(halves, read_seconds=600, max_connections=5) as port:
        idle = [socket.create_connection(("127.0.0.1", port), timeout=60) for _ in range(5)]
        while answer(port) != "refused":  # until the server has seen them all
            time.sleep(0.01)
        for connection in idle:
            connection.close()
        while answer(port) != "200":
            time.sleep(0.01)


def test_there_is_no_schema_unless_it_is_asked_for(halves, port):
    for path in ("/openapi.json", "/docs", "/redoc"):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("GET", path)
        assert connection.getresponse().status == 404
        connection.close()
    app = load("tsd_server").create_app(TSDCloud(halves / "cloud.onnx"), show_schema=True)
    assert "/openapi.json" in {route.path for route in app.routes}


def test_bad_and_good_clients_at_once(halves, port):
    good = TSDClient(halves / "client.onnx")(clips(1)[0])
    bodies = [good, b"nonsense", good[:50], good + b"x"] * 6
    with ThreadPoolExecutor(8) as pool:
        found = [status for status, _ in pool.map(lambda body: post(port, body), bodies)]
    assert found == [200, 422, 422, 422] * 6
    assert post(port, good, path="/nowhere")[0] == 404


def test_the_model_says_what_it_takes(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/model", timeout=60) as answer:
        assert json.load(answer) == dict(num_frames=2, height=32, width=48, max_bytes=14464)


def test_the_client_takes_the_middle_of_a_video(tmp_path, halves, port, monkeypatch, capsys):
    demo = load("tsd_client")
    frames = (
        np.zeros((20, 64, 128, 3), np.uint8)
        + np.arange(20, dtype=np.uint8)[:, None, None, None] * 10
    )
    frames[:, :, :16] = 255  # cropped away
    encode_frames(tmp_path / "clip.mp4", frames, quality=2)
    clip = demo.middle_clip(tmp_path / "clip.mp4", num_frames=6, height=32, width=48)
    assert clip.shape == (6, 32, 48, 3)
    means = clip.mean(axis=(1, 2, 3))
    assert means == pytest.approx(np.arange(7, 13) * 10, abs=5)
    encode_frames(tmp_path / "short.mp4", frames[:4])
    short = demo.middle_clip(tmp_path / "short.mp4", num_frames=6, height=32, width=48)
    assert np.array_equal(short[4:], short[:2])

    arguments = [str(halves / "client.onnx"), str(tmp_path / "clip.mp4")]
    server = ["--server", f"http://127.0.0.1:{port}"]
    monkeypatch.setattr(sys, "argv", ["tsd_client.py", *arguments, *server])
    demo.main()
    assert "6 frames became" in capsys.readouterr().out
    with pytest.raises(RuntimeError, match=r"answered 422.*without its head"):
        demo.send(server[1], b"nonsense")
