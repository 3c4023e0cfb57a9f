"""Clips that VideoWriter writes, decoded again with PyAV alone."""

from __future__ import annotations

import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from compressedvideo import CodecError, VideoWriter, encode_frames
from compressedvideo.bitstream.parsed import NO_SLOT

HEIGHT, WIDTH = 96, 128


def panning_frames(num_frames: int = 30, *, dx: int = 2, dy: int = -1) -> np.ndarray:
    """[T, H, W, 3] uint8: a smooth texture whose content moves by (dx, dy) pixels per frame."""
    rng = np.random.default_rng(0)
    reach = num_frames * max(abs(dx), abs(dy))
    grey = cv2.GaussianBlur(rng.standard_normal((HEIGHT + 2 * reach, WIDTH + 2 * reach)), None, 3)
    texture = [150, 128, 100] + grey[..., None] * 30 / grey.std()  # little colour: 4:2:0 loses it
    texture = texture.clip(0, 255).astype(np.uint8)
    return np.stack(
        [texture[reach - t * dy :, reach - t * dx :][:HEIGHT, :WIDTH] for t in range(num_frames)]
    )


def decode(path: Path) -> list[av.VideoFrame]:
    with av.open(str(path)) as container:
        return list(container.decode(video=0))


def picture_types(path: Path) -> str:
    return "".join(" IPBS"[frame.pict_type] for frame in decode(path))


def keyframes(path: Path) -> list[int]:
    return [index for index, frame in enumerate(decode(path)) if frame.key_frame]


def rgb(path: Path) -> np.ndarray:
    return np.stack([frame.to_ndarray(format="rgb24") for frame in decode(path)])


def coded_vectors(path: Path, *, frame: int) -> np.ndarray:
    """[N, 2] destination minus source in pixels of a frame's past-referring blocks."""
    with av.open(str(path)) as container:
        context = container.streams.video[0].codec_context
        context.options = {"flags2": "+export_mvs"}
        context.thread_count = 1
        for index, picture in enumerate(container.decode(video=0)):
            if index == frame:
                blocks = picture.side_data.get("MOTION_VECTORS").to_ndarray()
                blocks = blocks[blocks["source"] < 0]
                scale = blocks["motion_scale"][:, None]
                return -np.stack([blocks["motion_x"], blocks["motion_y"]], axis=-1) / scale
    raise AssertionError(f"no frame {frame}")


@pytest.mark.parametrize("codec", ["mpeg4", "h264", "mpeg1", "mpeg2", "hevc"])
@pytest.mark.parametrize(
    ("b_frames", "gop"), [(0, "IPPPPPPPPPPP"), (2, "IBBPBBPBBPBP"), (3, "IBBBPBBBPBBP")]
)
def test_gop_is_exact(tmp_path: Path, codec: str, b_frames: int, gop: str) -> None:
    path = tmp_path / "clip.mp4"
    frames = panning_frames()
    if codec != "hevc":  # x265 places B-frames around scene cuts as it likes
        frames[17:] = 255 - frames[17:]  # makes no key frame, though it is a scene cut
    assert encode_frames(path, frames, codec=codec, b_frames=b_frames) == 30
    last = {0: "IPPPPP", 2: "IBBPBP", 3: "IBBBPP"}[b_frames]
    assert picture_types(path) == gop * 2 + last
    assert keyframes(path) == [0, 12, 24]
    assert decode(path)[0].width == WIDTH


@pytest.mark.parametrize("codec", ["h263", "h263p", "flv1"])
def test_codecs_without_b_frames_write_avi(tmp_path: Path, codec: str) -> None:
    frames = np.stack([cv2.resize(frame, (176, 144)) for frame in panning_frames(14)])
    path = tmp_path / "clip.avi"
    encode_frames(path, frames, codec=codec)
    assert picture_types(path) == "IPPPPPPPPPPPIP"
    with pytest.raises(ValueError, match=r"b_frames=1, allowed are 0 to 0"):
        encode_frames(path, frames, codec=codec, b_frames=1)


@pytest.mark.parametrize("suffix", ["webm", "mp4", "mkv", "ivf"])
def test_gop_of_vp9_is_exact(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"clip.{suffix}"
    frames = panning_frames()
    frames[17:] = 255 - frames[17:]  # makes no key frame, though it is a scene cut
    assert encode_frames(path, frames, codec="vp9") == 30
    assert picture_types(path) == "IPPPPPPPPPPP" * 2 + "IPPPPP"
    assert keyframes(path) == [0, 12, 24]
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
        assert container.streams.video[0].codec_context.name == "vp9"
    assert len(packets) == 30  # nothing hidden
    assert [index for index, packet in enumerate(packets) if packet.is_keyframe] == [0, 12, 24]


@pytest.mark.parametrize(("gop_size", "keys"), [(1, range(5)), (2, [0, 2, 4]), (250, [0])])
def test_any_gop_of_vp9_is_exact(tmp_path: Path, gop_size: int, keys) -> None:
    path = tmp_path / "clip.webm"
    encode_frames(path, panning_frames(5), codec="vp9", gop_size=gop_size)
    assert keyframes(path) == list(keys)


@pytest.mark.parametrize("codec", ["mpeg4", "h264", "mpeg2"])
def test_vectors_are_the_motion(tmp_path: Path, codec: str) -> None:
    path = tmp_path / "clip.mp4"
    encode_frames(path, panning_frames(6, dx=3, dy=-2), codec=codec)
    vectors = coded_vectors(path, frame=3)
    assert np.median(vectors, axis=0).tolist() == [3, -2]
    assert (vectors == [3, -2]).all(axis=-1).mean() > 0.7


def test_hevc_vectors_are_the_motion(tmp_path: Path) -> None:
    hevc = pytest.importorskip("compressedvideo.bitstream.hevc")
    if not hevc.is_available():
        pytest.skip("no compiled HEVC parser")
    path = tmp_path / "clip.mp4"
    encode_frames(path, panning_frames(12, dx=3, dy=-2), codec="hevc", b_frames=2)
    with av.open(str(path)) as container:
        extradata = container.streams.video[0].codec_context.extradata
        packets = [bytes(packet) for packet in container.demux(video=0) if packet.size]
    parser = hevc.HevcParser(extradata)
    records, _ = parser.headers(packets)
    parser.reset()
    ones = b"\1" * len(packets)
    for picture in parser.parse(packets, needed=ones, wanted=ones)[1:]:
        order = records["order"]
        distances = np.array([order[picture.picture] - order[n] for n in picture.pictures])
        used = picture.slots != NO_SLOT
        vectors = picture.vectors[used] / 4 / distances[picture.slots[used], None]
        assert np.median(vectors, axis=0).tolist() == [3, -2]
        assert (abs(vectors - [3, -2]) <= 0.25).all(axis=-1).mean() > 0.7


def test_narrow_hevc_leaves_memory_whole(tmp_path: Path) -> None:
    """What x265 writes beyond its memory is seen when that is freed."""
    code = (
        "import sys, numpy as np; from compressedvideo import encode_frames; "
        "noise = np.random.default_rng(0).integers(0, 256, (26, 48, 48, 3), 'u1'); "
        "[encode_frames(sys.argv[1], noise, codec='hevc', gop_size=12) for _ in range(8)]"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "clip.mp4")]
    env = {**os.environ, "MALLOC_CHECK_": "3"}
    result = subprocess.run(command, env=env, capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, "")


def test_open_gops_by_option(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    encode_frames(path, panning_frames(), b_frames=2, options={"flags": "-cgop"})
    assert picture_types(path)[12:18] == "BBIBBP"  # leading B-frames before the key frame


@pytest.mark.parametrize("codec", ["mpeg4", "h264", "hevc"])
def test_same_frames_same_bytes(tmp_path: Path, codec: str) -> None:
    for name in ("a.mp4", "b.mp4"):
        encode_frames(tmp_path / name, panning_frames(), codec=codec, b_frames=2)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_same_frames_same_bytes_of_vp9(tmp_path: Path) -> None:
    for name in ("a.webm", "b.webm"):
        encode_frames(tmp_path / name, panning_frames(), codec="vp9")
    assert (tmp_path / "a.webm").read_bytes() == (tmp_path / "b.webm").read_bytes()


@pytest.mark.parametrize(
    ("codec", "qualities"),
    [
        ("mpeg4", (1, 4, 31)),
        ("mpeg2", (1, 4, 31)),
        ("h264", (5, 20, 51)),
        ("vp9", (5, 30, 63)),
    ],
)
def test_quality_orders_size_and_error(
    tmp_path: Path, codec: str, qualities: tuple[int, ...]
) -> None:
    frames = panning_frames(13).astype(int)
    sizes, errors = [], []
    for quality in qualities:
        path = tmp_path / f"{quality}.mp4"
        encode_frames(path, frames.astype(np.uint8), codec=codec, quality=quality)
        sizes.append(path.stat().st_size)
        errors.append(np.abs(rgb(path) - frames).mean())
    assert sizes == sorted(sizes, reverse=True)
    assert errors == sorted(errors)
    assert errors[0] < 4


@pytest.mark.parametrize(("b_frames", "quality"), [(0, 2), (2, 2), (2, 7)])
def test_quantiser_scale_is_the_one_asked_for(tmp_path: Path, b_frames: int, quality: int) -> None:
    path = tmp_path / "clip.mp4"
    encode_frames(path, panning_frames(), b_frames=b_frames, quality=quality)
    with av.open(str(path)) as container:
        for packet in container.demux(video=0):
            payload = bytes(packet)
            start = payload.find(b"\x00\x00\x01\xb6")  # VOP start code
            if start >= 0:
                assert vop_quantiser(payload[start + 4 :]) == quality


def vop_quantiser(payload: bytes) -> int:
    """vop_quant of ISO/IEC 14496-2, 6.2.5, for 25 ticks per second (5 bits of time increment)."""
    bits = "".join(f"{byte:08b}" for byte in payload[:8])
    position = 2  # vop_coding_type
    while bits[position] == "1":  # modulo_time_base
        position += 1
    position += 1 + 1 + 5 + 1 + 1  # end of it, marker, vop_time_increment, marker, vop_coded
    if bits[:2] in ("01", "11"):
        position += bits[:2] == "01"  # vop_rounding_type
    position += 3  # intra_dc_vlc_thr
    return int(bits[position : position + 5], 2)


def test_no_key_frame_but_the_first(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    encode_frames(path, panning_frames(), codec="h264", gop_size=250)
    assert keyframes(path) == [0]


def test_frame_rate_and_times(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    encode_frames(path, panning_frames(10), fps=29.97, b_frames=1)
    with av.open(str(path)) as container:
        rate = container.streams.video[0].average_rate
    assert rate == Fraction(30000, 1001) or abs(rate - Fraction(2997, 100)) < 1e-3
    times = [frame.time for frame in decode(path)]
    np.testing.assert_allclose(times, np.arange(10) / 29.97, atol=1e-3)


def test_file_appears_only_when_complete(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"old")
    frames = panning_frames(5)
    clip = writer(path).__enter__()
    clip.write(frames[0])
    assert (tmp_path / "clip.part.mp4").exists()
    clip.__exit__(RuntimeError, RuntimeError("stop"), None)
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["clip.mp4"]
    with writer(path) as clip:
        for frame in frames:
            clip.write(frame)
        assert path.read_bytes() == b"old"
    assert picture_types(path) == "IPPPP"
    assert clip.num_frames == 5
    assert [entry.name for entry in tmp_path.iterdir()] == ["clip.mp4"]


def writer(path: Path, **settings) -> VideoWriter:
    return VideoWriter(path, width=WIDTH, height=HEIGHT, **settings)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"codec": "vp8"}, r"codec='vp8', allowed are \['flv1', .*'vp9'\]"),
        ({"gop_size": 0}, "gop_size=0, allowed are 1 to 600"),
        ({"b_frames": 12}, "b_frames=12, allowed are 0 to 11"),
        ({"quality": 0}, "quality=0, allowed are 1 to 31"),
        ({"codec": "h264", "quality": 52}, "quality=52, allowed are 0 to 51"),
        ({"codec": "vp9", "quality": 64}, "quality=64, allowed are 0 to 63"),
        ({"codec": "vp9", "b_frames": 1}, "b_frames=1, allowed are 0 to 0"),
        ({"fps": 0.5}, "fps=0.5, allowed are 1 to 240"),
        ({"codec": "mpeg1", "fps": 12}, "fps=12, allowed for codec='mpeg1'"),
        ({"codec": "h263"}, r"size 128x96|allowed"),
    ],
)
def test_wrong_arguments(tmp_path: Path, settings: dict, message: str) -> None:
    frames = np.zeros((2, 100, WIDTH, 3), dtype=np.uint8)
    with pytest.raises(ValueError, match=message):
        encode_frames(tmp_path / "clip.mp4", frames, **settings)
    assert list(tmp_path.iterdir()) == []


def test_wrong_frames(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    with pytest.raises(ValueError, match=r"size 127x96, allowed .* multiples of 2"):
        encode_frames(path, panning_frames(2)[:, :, :-1])
    with pytest.raises(ValueError, match=r"frame 1 is uint8 \[95, 128, 3\], expected uint8 \[96"):
        encode_frames(path, [panning_frames(2)[0], panning_frames(2)[1, 1:]])
    with pytest.raises(ValueError, match="frame 0 is float64"):
        encode_frames(path, panning_frames(2).astype(float))
    with pytest.raises(ValueError, match="got None"):
        encode_frames(path, [])
    with pytest.raises(CodecError, match="no frame was written"), writer(path):
        pass
    with pytest.raises(RuntimeError, match="with"):
        writer(path).write(panning_frames(1)[0])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("clip.xyz", {}, "Could not determine output format"),
        ("clip.mp4", {"options": {"nonsense": "1"}}, r"no such option: \['nonsense'\]"),
        ("clip.avi", {"codec": "hevc"}, "does not support"),
    ],
)
def test_refused_settings_name_file_and_codec(
    tmp_path: Path, name: str, settings: dict, message: str
) -> None:
    with pytest.raises(CodecError, match=message) as caught:
        encode_frames(tmp_path / name, panning_frames(2), **settings)
    assert caught.value.path == str(tmp_path / name)
    assert caught.value.codec == settings.get("codec", "mpeg4")
    assert list(tmp_path.iterdir()) == []


def test_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no such folder"):
        encode_frames(tmp_path / "missing" / "clip.mp4", panning_frames(2))


@pytest.mark.parametrize("codec", ["mpeg4", "h264"])
def test_b_frames_come_out_the_same_each_time(tmp_path, codec):
    rng = np.random.default_rng(0)  # x264 looks ahead in several threads unless it is told
    frames = rng.integers(0, 255, (24, 64, 96, 3), dtype=np.uint8)
    contents = set()
    for number in range(3):
        path = tmp_path / f"{number}.mp4"
        encode_frames(path, frames, codec=codec, gop_size=12, b_frames=3)
        contents.add(path.read_bytes())
    assert len(contents) == 1
