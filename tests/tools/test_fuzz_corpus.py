"""Streams for the parsers' fuzz targets: their form, and the numbers of the codecs in it."""

from __future__ import annotations

import importlib
import re
import struct
import sys
from pathlib import Path

import av
import pytest

from compressedvideo import encode_frames
from tests.compressedvideo.bitstream.sanitized import DRIVERS
from tests.compressedvideo.slow_reference import translating_frames

TOOLS = str(Path(__file__).resolve().parents[2] / "tools" / "benchmarks")
sys.path.insert(0, TOOLS)
fuzz_corpus = importlib.import_module("fuzz_corpus")
fuzz_mutations = importlib.import_module("fuzz_mutations")
sys.path.remove(TOOLS)


def parts_of(stream: bytes) -> list[tuple[int, bytes]]:
    """Options and bytes of each packet."""
    parts, at = [], 0
    while at < len(stream):
        (head,) = struct.unpack_from("<I", stream, at)
        size = head & 0xFFFFFF
        parts.append((head >> 24, stream[at + 4 : at + 4 + size]))
        at += 4 + size
    return parts


@pytest.mark.parametrize(
    ("codec", "targets"),
    [("mpeg4", {"mpeg4": 0, "headers": 0}), ("h264", {"h264": 0}), ("mpeg2", {"headers": 1})],
)
def test_the_first_packets_of_a_clip(codec, targets, tmp_path, monkeypatch) -> None:
    path = tmp_path / "clip.mkv"
    frames = translating_frames(14, step=(2, 1), height=48, width=64)
    if codec == "mpeg2":
        with av.open(str(path), "w") as container:
            stream = container.add_stream("mpeg2video", rate=25)
            stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
            for frame in frames:
                container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
            container.mux(stream.encode())
    else:
        encode_frames(path, frames, codec=codec)
    with av.open(str(path)) as container:
        extradata = container.streams.video[0].codec_context.extradata or b""
        packets = [bytes(packet) for packet in container.demux(video=0)]
    clip = fuzz_mutations.examine("clip.mkv", path.read_bytes())
    monkeypatch.setattr(fuzz_corpus, "make_clips", lambda: [clip])
    monkeypatch.setattr(sys, "argv", ["fuzz_corpus.py", str(tmp_path / "corpus")])
    fuzz_corpus.main()
    written = sorted((tmp_path / "corpus").glob("*/clip.mkv"))
    assert {file.parent.name for file in written} == set(targets)
    assert len(list((tmp_path / "corpus").iterdir())) == 6
    for file in written:
        (options, first), *others = parts_of(file.read_bytes())
        assert (options, first) == (targets[file.parent.name], extradata)
        assert others == [(0, packet) for packet in packets[: len(others)]]
        assert 1 < len(others) <= fuzz_corpus.MOST_PACKETS


def test_codecs_have_the_numbers_of_the_targets() -> None:
    text = (DRIVERS / "headers_target.c").read_text()
    names = re.findall(r"&(\w+)_codec", text[text.index("codecs[] =") : text.index("};")])
    same = dict(mpeg12="mpeg2video", intra="mjpeg")
    assert [fuzz_corpus.HEADERS[same.get(name, name)] for name in names] == list(range(10))
    calls = re.findall(r"(\w+)_packet_records\(", (DRIVERS / "tracker_target.c").read_text())
    assert tuple(calls) == fuzz_corpus.TRACKERS
