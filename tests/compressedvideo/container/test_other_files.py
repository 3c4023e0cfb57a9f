"""A video opens no other file and no address, wherever it comes from and whatever it is called."""

from __future__ import annotations

import contextlib
import ctypes
import io
import os
import socket
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import pytest

from compressedvideo import CodecError, CompressedVideo, VideoOpenError, encode_frames, reencode
from compressedvideo.container.opening import CONTAINERS
from tests.compressedvideo.slow_reference import translating_frames

IN_OPEN = 0x20
ENDINGS = ("m3u8", "mp4", "sdp", "ts", "")

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="watches files with inotify")


class Watch:
    """A clip that hostile files name, and an address: who opened them."""

    def __init__(self, folder: Path) -> None:
        self.clip = folder / "other.ts"
        frames = translating_frames(4, step=(1, 0), height=48, width=64)
        encode_frames(folder / "other.mp4", frames, codec="mpeg4")
        with (
            av.open(str(folder / "other.mp4")) as reading,
            av.open(str(self.clip), "w", format="mpegts") as writing,
        ):
            stream = writing.add_stream_from_template(reading.streams.video[0])
            for packet in reading.demux(video=0):
                if packet.size:
                    packet.stream = stream
                    writing.mux(packet)
        libc = ctypes.CDLL(None, use_errno=True)
        self._inotify = libc.inotify_init1(os.O_NONBLOCK)
        assert libc.inotify_add_watch(self._inotify, os.fsencode(self.clip), IN_OPEN) >= 0
        self._server = socket.create_server(("127.0.0.1", 0))
        self._server.settimeout(0.05)
        self.port = self._server.getsockname()[1]

    def opened(self) -> bool:
        try:
            return bool(os.read(self._inotify, 4096))
        except BlockingIOError:
            return False

    def connected(self) -> bool:
        try:
            self._server.accept()[0].close()
        except TimeoutError:
            return False
        return True

    def close(self) -> None:
        os.close(self._inotify)
        self._server.close()


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Watch]:
    watch = Watch(tmp_path)
    yield watch
    watch.close()


def hls(target: str) -> bytes:
    head = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-VERSION:3\n#EXTINF:1,\n"
    return f"{head}{target}\n#EXT-X-ENDLIST\n".encode()


def dash(target: str) -> bytes:
    return (
        '<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
        'profiles="urn:mpeg:dash:profile:isoff-on-demand:2011" mediaPresentationDuration="PT1S">'
        '<Period><AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1">'
        f"<BaseURL>{target}</BaseURL><SegmentBase/></Representation></AdaptationSet></Period></MPD>"
    ).encode()


def sdp(watch: Watch) -> bytes:
    return (
        b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
        b"m=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n"
    )


HOSTILE: dict[str, tuple[Callable[[Watch], bytes], str]] = {
    "hls to a file": (lambda watch: hls(str(watch.clip)), "HLS"),
    "hls to a sibling": (lambda watch: hls(watch.clip.name), "HLS"),
    "hls to an address": (lambda watch: hls(f"http://127.0.0.1:{watch.port}/a.ts"), "HLS"),
    "hls behind a mark": (lambda watch: b"\xef\xbb\xbf" + hls(str(watch.clip)), "HLS"),
    "dash": (lambda watch: dash(f"http://127.0.0.1:{watch.port}/a.mp4"), "DASH"),
    "ffconcat": (
        lambda watch: f"ffconcat version 1.0\nfile {watch.clip.name}\n".encode(),
        "ffconcat",
    ),
    "sdp": (sdp, "SDP"),
    "smil": (lambda watch: b'<smil><video src="http://127.0.0.1/a.mp4"/></smil>', "a playlist"),
    "png": (lambda watch: b"\x89PNG\r\n\x1a\n" + bytes(64), "an image"),
}


class Named(io.BytesIO):
    name = ""


@pytest.mark.parametrize("name", HOSTILE)
def test_refused_by_name_and_nothing_else_is_opened(
    name: str, watch: Watch, tmp_path: Path
) -> None:
    make, named = HOSTILE[name]
    data = make(watch)
    sources: list = [data, io.BytesIO(data)]
    for ending in ENDINGS:
        path = tmp_path / f"video.{ending}"
        path.write_bytes(data)
        sources.append(path)
        fetched = Named(data)
        fetched.name = str(path)
        sources.append(fetched)
    begin = time.perf_counter()
    for source in sources:
        with pytest.raises(VideoOpenError, match=f"{named}.*no video may open other files"):
            CompressedVideo(source)
        with pytest.raises(VideoOpenError, match=named):
            reencode(path, tmp_path / "out.mp4")
    assert time.perf_counter() - begin < 5  # nobody waits for an answer
    assert not watch.opened()
    assert not watch.connected()


@pytest.mark.parametrize("name", ["hls to a file", "hls to a sibling", "ffconcat"])
def test_ffmpeg_alone_would_open_them(name: str, watch: Watch, tmp_path: Path) -> None:
    """The test before this one can fail."""
    path = tmp_path / ("list.m3u8" if "hls" in name else "list.mp4")
    path.write_bytes(HOSTILE[name][0](watch))
    with contextlib.suppress(av.FFmpegError), av.open(str(path)):
        pass
    assert watch.opened()


def test_ffmpeg_alone_would_connect(watch: Watch) -> None:
    fetched = Named(hls(f"http://127.0.0.1:{watch.port}/a.ts"))
    fetched.name = "list.m3u8"
    with contextlib.suppress(av.FFmpegError, OSError), av.open(fetched, timeout=0.3):
        pass
    assert watch.connected()


def test_a_track_in_another_file_is_not_opened(watch: Watch, tmp_path: Path) -> None:
    """MOV's data references, of which FFmpeg follows 'alis'."""
    data = (tmp_path / "other.mp4").read_bytes()
    at = data.index(b"dref")
    size = int.from_bytes(data[at - 4 : at], "big")
    entry = data[at + 12 : at - 4 + size]
    folder, target = b"", watch.clip.name.encode()
    alias = bytes(4 + 10)  # flags: not in this file; version, kind
    alias += bytes([len(b"v")]) + b"v".ljust(27, b"\0") + bytes(12)
    alias += bytes([len(target)]) + target.ljust(63, b"\0") + bytes(16) + b"\0\1\0\1" + bytes(16)
    path_type = target + b"\0" * (len(target) % 2)
    alias += b"\0\x02" + len(target).to_bytes(2, "big") + path_type + b"\xff\xff\0\0" + folder
    made = (8 + len(alias)).to_bytes(4, "big") + b"alis" + alias
    changed = bytearray(data[: at + 12] + made + data[at + 12 + len(entry) :])
    grown = len(made) - len(entry)
    for kind in (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"):
        place = changed.index(kind) - 4
        old = int.from_bytes(changed[place : place + 4], "big")
        changed[place : place + 4] = (old + grown).to_bytes(4, "big")
    path = tmp_path / "outside.mov"
    path.write_bytes(changed)
    with contextlib.suppress(av.FFmpegError), av.open(str(path), options={"enable_drefs": "1"}):
        pass
    assert watch.opened()
    with contextlib.suppress(CodecError), CompressedVideo(path):
        pass
    assert not watch.opened()


def test_a_pattern_of_images_is_a_missing_file(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(64))
    for name in ("%d.png", "*.png", "concat:0.png|1.png", "subfile,,start,0,end,9,,:0.png"):
        with pytest.raises(VideoOpenError, match="no such file"):
            CompressedVideo(tmp_path / name)
    with pytest.raises(VideoOpenError, match="no such file"):
        CompressedVideo("http://127.0.0.1/video.mp4")


def test_formats_are_ffmpegs_and_none_opens_another_file() -> None:
    known = set(av.formats_available)
    assert not set(CONTAINERS) - known
    refused = "hls dash concat sdp rtsp rtp image2 image2pipe lavfi imf webm_dash_manifest vobsub"
    assert not set(CONTAINERS) & set(refused.split())


def test_the_shard_in_which_this_was_found(shared_data: Path, watch: Watch) -> None:
    path = shared_data / "hostile" / "evil.tar"
    if not path.is_file():
        pytest.skip("no hostile inputs here")
    with tarfile.open(path) as shard:
        for member in shard:
            file = shard.extractfile(member)
            assert file is not None
            fetched = Named(file.read())
            fetched.name = member.name
            begin = time.perf_counter()
            with pytest.raises(VideoOpenError):
                CompressedVideo(fetched)
            assert time.perf_counter() - begin < 1


def test_names_of_sources_in_memory_do_not_reach_ffmpeg(watch: Watch, tmp_path: Path) -> None:
    """A sound video under the name of a playlist, and beside a file that the name stands for."""
    fetched = Named((tmp_path / "other.mp4").read_bytes())
    fetched.name = "other.m3u8"
    with CompressedVideo(fetched) as video:
        assert video.path == "other.m3u8"
        assert video.read([3], modalities=("rgb",)).rgb.any()
        assert "other" not in video._stream.packets._container.name
