"""A recipe in, a small clip of a panning texture out: any codec and container, and odd ones made of
it by copying packets, joining files and patching bytes."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import av
import numpy as np
from av.codec.context import Flags
from av.stream import Disposition
from av.video.stream import VideoStream

os.environ.setdefault("SVT_LOG", "0")  # the AV1 encoder's chatter

PAN = (2, 1)
"""Pixels to the right and down, from frame to frame."""

FORMATS = {
    ".mkv": "matroska",
    ".ts": "mpegts",
    ".mpg": "mpeg",
    ".wmv": "asf",
    ".h265": "hevc",
    ".mpv": "mpeg1video",
    ".m2v": "mpeg2video",
    ".mjpeg": "mjpeg",
}
"""Muxers whose name the suffix is not."""

MPEG = {"sc_threshold": "1000000000"}
ENCODERS: dict[str, tuple[str, dict[str, str]]] = {
    "mpeg4": ("mpeg4", MPEG),
    "mpeg1": ("mpeg1video", MPEG),
    "mpeg2": ("mpeg2video", MPEG),
    "h263": ("h263", MPEG),
    "h263p": ("h263p", MPEG),
    "flv1": ("flv", MPEG),
    "msmpeg4v2": ("msmpeg4v2", MPEG),
    "msmpeg4v3": ("msmpeg4", MPEG),
    "wmv1": ("wmv1", MPEG),
    "wmv2": ("wmv2", MPEG),
    "h264": ("libx264", {"preset": "fast", "crf": "24", "sc_threshold": "0", "b_strategy": "0"}),
    "hevc": ("libx265", {"preset": "ultrafast"}),
    "vp8": ("libvpx", {"deadline": "realtime", "cpu-used": "8"}),
    "vp9": ("libvpx-vp9", {"deadline": "realtime", "cpu-used": "8"}),
    "av1": ("libsvtav1", {"preset": "12"}),
    "mjpeg": ("mjpeg", MPEG),
}
X265 = "pools=none:frame-threads=1:log-level=none:scenecut=0:b-adapt=0"


@dataclass(frozen=True)
class Recipe:
    """What to encode."""

    codec: str
    suffix: str
    b_frames: int = 0
    gop: int = 8
    num_frames: int = 20
    width: int = 64
    height: int = 48
    rate: int = 25
    open_gop: bool = False
    options: dict[str, str] = field(default_factory=dict)
    """The encoder's."""

    muxing: dict[str, str] = field(default_factory=dict)
    """The container's options."""

    x265: str = ""
    pixels: str = "yuv420p"
    matrix: tuple[int, ...] | None = None
    """Display matrix."""

    ticks: tuple[int, ...] | None = None
    """Presentation times in 1/90000 s; None: constant frame rate."""

    seed: int = 0
    cut_at: int | None = None
    """The texture is another one from this frame on."""


def frames_of(
    *, width: int, height: int, count: int, seed: int, cut_at: int | None
) -> list[np.ndarray]:
    """[H, W, 3] uint8, RGB: smooth noise that pans, and a square that does not."""
    frames = []
    for t in range(count):
        changed = cut_at is not None and t >= cut_at
        texture = _texture(width + 4 * PAN[0] * 16, height + 4 * PAN[1] * 16, seed + changed)
        y, x = PAN[1] * (40 - t % 40), PAN[0] * (40 - t % 40)
        frame = texture[y : y + height, x : x + width].copy()
        frame[8:16, 24:32] = (30 + 10 * (t % 16), 200, 60)
        frames.append(frame)
    return frames


@lru_cache(maxsize=32)
def _texture(width: int, height: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(0, 255, (height // 4 + 2, width // 4 + 2, 3))
    fine = coarse.repeat(4, 0).repeat(4, 1)
    for _ in range(2):  # box filters
        fine = (fine + np.roll(fine, 1, 0) + np.roll(fine, 2, 0)) / 3
        fine = (fine + np.roll(fine, 1, 1) + np.roll(fine, 2, 1)) / 3
    return fine[:height, :width].round().astype(np.uint8)


def encode(path: Path, recipe: Recipe) -> None:
    """Write a clip."""
    with open_to_write(path, recipe.muxing) as container:
        stream = add_stream(container, recipe)
        for frame in [*video_frames(recipe), None]:
            container.mux([retimed(packet, recipe) for packet in stream.encode(frame)])


def retimed(packet: av.Packet, recipe: Recipe) -> av.Packet:
    """At the time that the recipe says; encoders know constant frame rates only."""
    if recipe.ticks is not None and packet.size:
        ticks, step = recipe.ticks, 90000 // recipe.rate
        for name in ("pts", "dts"):
            number = round(getattr(packet, name) * packet.time_base * recipe.rate)
            before = min(number, 0)  # decoding times of reordered streams
            setattr(packet, name, ticks[max(number, 0)] + before * step)
        packet.time_base = Fraction(1, 90000)
    return packet


def open_to_write(path: Path, muxing: dict[str, str] | None = None) -> av.container.OutputContainer:
    suffix = path.suffix
    options = {"fflags": "+bitexact", **(muxing or {})}
    return av.open(str(path), "w", format=FORMATS.get(suffix, suffix[1:]), options=options)


def add_stream(container: av.container.OutputContainer, recipe: Recipe) -> VideoStream:
    name, defaults = ENCODERS[recipe.codec]
    options = {**defaults, **recipe.options}
    if recipe.codec == "hevc":
        gops = f"open-gop={int(recipe.open_gop)}:keyint={recipe.gop}:min-keyint={recipe.gop}"
        options["x265-params"] = f"{X265}:{gops}:bframes={recipe.b_frames}:{recipe.x265}".strip(":")
    if recipe.codec == "av1":
        options["svtav1-params"] = f"lp=1:keyint={recipe.gop}"
    if recipe.codec == "h264" and recipe.open_gop:
        options["x264-params"] = ":".join(filter(None, [options.get("x264-params"), "open-gop=1"]))
    stream = container.add_stream(name, rate=recipe.rate, options=options)
    assert isinstance(stream, VideoStream)
    stream.width, stream.height, stream.pix_fmt = recipe.width, recipe.height, recipe.pixels
    context = stream.codec_context
    context.time_base = Fraction(1, recipe.rate)
    context.gop_size = recipe.gop
    if recipe.codec not in ("av1", "vp8", "vp9", "hevc"):
        context.max_b_frames = recipe.b_frames
    context.thread_count = 1
    context.flags |= Flags.bitexact
    if not recipe.open_gop and recipe.codec != "mjpeg":
        context.flags |= Flags.closed_gop
    if recipe.matrix is not None:
        stream.set_display_matrix(recipe.matrix)
    return stream


def video_frames(recipe: Recipe) -> Iterable[av.VideoFrame]:
    arrays = frames_of(
        width=recipe.width,
        height=recipe.height,
        count=recipe.num_frames,
        seed=recipe.seed,
        cut_at=recipe.cut_at,
    )
    for number, array in enumerate(arrays):
        frame = av.VideoFrame.from_ndarray(array, format="rgb24").reformat(format=recipe.pixels)
        frame.pts, frame.time_base = number, Fraction(1, recipe.rate)
        yield frame


Edit = Callable[[list[av.Packet]], Sequence[av.Packet]]


def copy(
    source: Path, target: Path, *, edit: Edit = lambda packets: packets, muxing=None, head=None
) -> None:
    """Copy a video's packets, edited, into another container.

    Args:
        edit: From packets to packets.
        head: The target's extradata; None: the source's.
    """
    with av.open(str(source), options={"ignore_editlist": "1"}) as reading:
        stream = reading.streams.video[0]
        packets = [packet for packet in reading.demux(stream) if packet.size]
        with open_to_write(target, muxing) as container:
            other = container.add_stream_from_template(stream)
            if head is not None:
                other.codec_context.extradata = head
            for packet in edit(packets):
                packet.stream = other
                container.mux(packet)


def join(target: Path, *parts: Path) -> None:
    """One after the other, byte for byte."""
    target.write_bytes(b"".join(part.read_bytes() for part in parts))


def patch(path: Path, old: bytes, new: bytes) -> None:
    """Replace bytes by as many others."""
    data = path.read_bytes()
    if old not in data or len(old) != len(new):
        raise ValueError(f"{path}: has no {old!r}, or {new!r} is of another length")
    path.write_bytes(data.replace(old, new))


def patch_sync_samples(path: Path, samples: Sequence[int]) -> None:
    """Let an MP4's table of key frames (box stss) name other samples, counted from 1."""
    data = bytearray(path.read_bytes())
    at = data.index(b"stss") + 8  # behind version and flags
    count = int.from_bytes(data[at : at + 4], "big")
    if len(samples) != count:
        raise ValueError(f"{path}: its table names {count} samples, not {len(samples)}")
    for i, sample in enumerate(samples):
        data[at + 4 + 4 * i : at + 8 + 4 * i] = sample.to_bytes(4, "big")
    path.write_bytes(data)


def write_with_cover(path: Path, recipe: Recipe) -> None:
    """An MP4 with a picture of another size, attached, which is its first stream."""
    with open_to_write(path, recipe.muxing) as container:
        stream = add_stream(container, recipe)
        small = replace(recipe, codec="mjpeg", num_frames=1, width=32, height=32, pixels="yuvj420p")
        cover = add_stream(container, replace(small, matrix=None, b_frames=0, options={}))
        cover.disposition = Disposition.attached_pic
        for frame in [*video_frames(small), None]:
            container.mux(cover.encode(frame))
        for frame in [*video_frames(recipe), None]:
            container.mux(stream.encode(frame))
    # Streams are counted in the order of their boxes: put the one with the cover first.
    data = path.read_bytes()
    moov = data.index(b"moov") - 4
    moov_end = moov + int.from_bytes(data[moov : moov + 4], "big")
    udta = data.index(b"udta", moov) - 4
    udta_end = udta + int.from_bytes(data[udta : udta + 4], "big")
    trak = data.index(b"trak", moov) - 4
    if not moov < trak < udta < udta_end <= moov_end or moov_end != len(data):
        raise ValueError(f"{path}: its boxes are in another order")
    path.write_bytes(data[:trak] + data[udta:udta_end] + data[trak:udta] + data[udta_end:])


def write_two_streams(path: Path, recipe: Recipe, other: Recipe) -> None:
    """Two videos side by side in one file."""
    with open_to_write(path, recipe.muxing) as container:
        streams = [add_stream(container, recipe), add_stream(container, other)]
        for frames in zip(video_frames(recipe), video_frames(other), strict=True):
            for stream, frame in zip(streams, frames, strict=True):
                container.mux(stream.encode(frame))
        for stream in streams:
            container.mux(stream.encode(None))


def write_with_audio(path: Path, recipe: Recipe, codec: str) -> None:
    """Sound before the video and between its packets."""
    with open_to_write(path, recipe.muxing) as container:
        audio = container.add_stream(codec, rate=48000)
        stream = add_stream(container, recipe)
        assert isinstance(audio, av.AudioStream)
        samples = 1152 if codec == "mp2" else 1024
        written = 0
        for number, frame in enumerate(video_frames(recipe)):
            while written * recipe.rate <= number * 48000:
                silence = av.AudioFrame.from_ndarray(
                    np.zeros((1, 2 * samples), np.int16), format="s16", layout="stereo"
                )
                silence.sample_rate, silence.pts = 48000, written
                silence.time_base = Fraction(1, 48000)
                resampled = av.AudioResampler(format=audio.format.name, layout="stereo", rate=48000)
                for part in resampled.resample(silence):
                    container.mux(audio.encode(part))
                written += samples
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        container.mux(audio.encode(None))


def pack_b_frames(packets: Sequence[av.Packet], *, rate: int) -> list[av.Packet]:
    """MPEG-4 as DivX and Xvid write it to AVI: a B-frame in the packet of its future anchor.

    After the last B-frame between two anchors stands a placeholder, a picture that is not coded.
    """
    chunks: list[bytes] = []
    waiting: list[bytes] = []  # an anchor, then its B-frames

    def write() -> None:
        if len(waiting) > 1:
            between = [*waiting[2:], _placeholder(len(chunks), rate=rate)]
            chunks.extend([waiting[0] + waiting[1], *between])
        else:
            chunks.extend(waiting)

    for packet in packets:
        data = bytes(packet)
        at = data.index(b"\0\0\1\xb6") + 4
        if data[at] >> 6 != 2:
            write()
            waiting = []
        waiting.append(data)
    write()
    packed = []
    for number, data in enumerate(chunks):
        packet = av.Packet(data)
        packet.pts = packet.dts = number
        packet.time_base, packet.duration = Fraction(1, rate), 1
        packet.is_keyframe = b"\0\0\1\xb6" in data and data[data.index(b"\0\0\1\xb6") + 4] < 64
        packed.append(packet)
    return packed


def _placeholder(time: int, *, rate: int) -> bytes:
    """A P-VOP with vop_coded 0, clause 6.2.5."""
    width = (rate - 1).bit_length()
    bits = f"01 0 1 {time % rate:0{width}b} 1 0".replace(" ", "")
    bits += "0" + "1" * (-(len(bits) + 1) % 8)
    return b"\0\0\1\xb6" + int(bits, 2).to_bytes(len(bits) // 8, "big")


def hide_vp8(packets: Sequence[av.Packet], numbers: Collection[int]) -> list[av.Packet]:
    """Clear show_frame (RFC 6386, clause 9.1) of packets."""
    return [
        _other(packet, bytes([bytes(packet)[0] & ~0x10]) + bytes(packet)[1:])
        if number in numbers
        else packet
        for number, packet in enumerate(packets)
    ]


def hide_vp9_keys(packets: Sequence[av.Packet], *, in_one: bool) -> list[av.Packet]:
    """Clear show_frame of key frames but the first, and show them by show_existing_frame.

    VP9's clauses 6.2 and Annex B. Of other pictures, clearing it would shift what follows.

    Args:
        in_one: Both in one packet, a superframe; else in packets of their own.
    """
    edited: list[av.Packet] = []
    for number, packet in enumerate(packets):
        data = bytes(packet)
        if number == 0 or data[0] & 0b1110 != 0b0010:  # not a key frame that is shown
            edited.append(packet)
            continue
        hidden, shows = bytes([data[0] & ~0b10]) + data[1:], b"\x88"
        if in_one:
            marker = bytes([0b11001001])  # two frames, their sizes of two bytes
            sizes = len(hidden).to_bytes(2, "little") + (1).to_bytes(2, "little")
            edited.append(_other(packet, hidden + shows + marker + sizes + marker))
        else:
            first = _other(packet, hidden)
            second = _other(packet, shows)
            assert packet.duration
            assert packet.pts is not None
            second.pts = second.dts = packet.pts + packet.duration // 2
            second.is_keyframe = False
            edited += [first, second]
    return edited


def write_ivf(path: Path, packets: Sequence[av.Packet], *, recipe: Recipe) -> None:
    """By hand, so that packets stay as they are: https://wiki.multimedia.cx/index.php/IVF"""
    header = b"DKIF" + struct.pack(
        "<HH4sHHIIII", 0, 32, b"VP90", recipe.width, recipe.height, recipe.rate, 1, len(packets), 0
    )
    frames = [
        struct.pack("<IQ", packet.size, i) + bytes(packet) for i, packet in enumerate(packets)
    ]
    path.write_bytes(header + b"".join(frames))


def _other(packet: av.Packet, data: bytes) -> av.Packet:
    """A packet with other bytes."""
    other = av.Packet(data)
    other.pts, other.dts, other.duration = packet.pts, packet.dts, packet.duration
    other.time_base, other.is_keyframe = packet.time_base, packet.is_keyframe
    return other


DIVX = b"\0\0\1\xb2DivX503b1393p"
"""User data by which decoders know packed B-frames."""
