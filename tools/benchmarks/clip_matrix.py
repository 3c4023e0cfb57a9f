"""A matrix of small clips, each another combination of what files in the wild do.

    python tools/benchmarks/clip_matrix.py FOLDER --only 'h264*'
    python tools/benchmarks/compare_with_plain.py FOLDER

Codec x container x B-frames x open GOPs, then what containers do (edit lists, orientation, lying
tables, restarting and equal timestamps, cuts, several streams) and what encoders do (interlacing,
pyramids, intra refresh, hidden frames, sizes, formats). 20 frames of 64x48 each.
"""

from __future__ import annotations

import argparse
import fnmatch
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import av
from clip_recipes import (
    DIVX,
    Edit,
    Recipe,
    copy,
    encode,
    hide_vp8,
    hide_vp9_keys,
    join,
    pack_b_frames,
    patch,
    patch_sync_samples,
    write_ivf,
    write_two_streams,
    write_with_audio,
    write_with_cover,
)

CONTAINERS = {
    "mpeg4": "mp4 mov mkv avi ts asf 3gp m4v nut",
    "h264": "mp4 mov mkv avi ts mpg flv asf 3gp h264 nut",
    "mpeg1": "mpg mkv avi ts mp4 mpv",
    "mpeg2": "mpg vob mkv avi ts mp4 mov m2v",
    "hevc": "mp4 mov mkv ts hevc",
    "h263": "3gp avi mov",
    "h263p": "avi",
    "flv1": "flv avi",
    "msmpeg4v2": "avi asf",
    "msmpeg4v3": "avi asf mkv",
    "wmv1": "asf avi",
    "wmv2": "wmv avi",
    "vp8": "webm mkv ivf avi",
    "vp9": "webm mp4 mkv ivf",
    "av1": "mp4 webm mkv ivf",
    "mjpeg": "avi mov mkv mp4",
}
WITH_B = ("mpeg4", "h264", "mpeg1", "mpeg2", "hevc")
SIZES = {"h263": (128, 96), "av1": (96, 64)}
PIXELS = {"mjpeg": "yuvj420p"}
MATRICES = {
    "90": (0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30),
    "180": (-65536, 0, 0, 0, -65536, 0, 0, 0, 1 << 30),
    "270": (0, -65536, 0, 65536, 0, 0, 0, 0, 1 << 30),
    "hflip": (-65536, 0, 0, 0, 65536, 0, 0, 0, 1 << 30),
    "vflip": (65536, 0, 0, 0, -65536, 0, 0, 0, 1 << 30),
    "transpose": (0, 65536, 0, 65536, 0, 0, 0, 0, 1 << 30),
    "antitranspose": (0, -65536, 0, -65536, 0, 0, 0, 0, 1 << 30),
    "zero": (0,) * 9,
}
X264 = {
    "pyramid": {"b-pyramid": "normal", "refs": "4"},
    "strict": {"b-pyramid": "strict", "refs": "3"},
    "weighted": {"weightp": "2", "refs": "4"},
    "cavlc": {"coder": "vlc"},
    "slices": {"slices": "3"},
    "partitions": {"partitions": "all", "8x8dct": "1", "refs": "3", "subq": "8"},
    "spatial": {"direct-pred": "spatial"},
    "temporal": {"direct-pred": "temporal"},
    "aud": {"aud": "1"},
    "baseline": {"profile": "baseline"},
    "scenecut": {"sc_threshold": "40", "x264-params": "min-keyint=18:keyint=40:scenecut=60"},
    "lossless": {"qp": "0"},
    "mbaff": {"flags": "+ildct+ilme"},
    "bff": {"flags": "+ildct+ilme", "x264-params": "bff=1"},
    "fake": {"x264-params": "fake-interlaced=1"},
    "long": {"g": "200"},
}


@dataclass(frozen=True)
class Case:
    """A clip of the matrix."""

    name: str
    """Its file's name."""

    write: Callable[[Path], None]
    may_refuse: str = ""
    """``'vectors'`` or ``'pixels'`` (and vectors): what a reader may refuse, with a CodecError."""


def recipe(codec: str, suffix: str, b_frames: int = 0, **others) -> Recipe:
    width, height = SIZES.get(codec, (64, 48))
    usual = {"width": width, "height": height, "pixels": PIXELS.get(codec, "yuv420p")}
    return Recipe(codec, f".{suffix}", b_frames, **{**usual, **others})


def encoded(name: str, made: Recipe, *, may_refuse: str = "") -> Case:
    return Case(f"{name}{made.suffix}", lambda path: encode(path, made), may_refuse)


def all_cases() -> list[Case]:
    """The matrix, in a fixed order. Names are unique."""
    makers = (
        plain_cases,
        orientation_cases,
        edit_list_cases,
        table_cases,
        time_cases,
        cut_cases,
        joined_cases,
        stream_cases,
        encoder_cases,
        packed_cases,
        hidden_cases,
        size_cases,
    )
    cases = [case for maker in makers for case in maker()]
    assert len({case.name for case in cases}) == len(cases)
    return cases


def plain_cases() -> Iterator[Case]:
    """Codec x container x B-frames x open GOPs."""
    for codec, suffixes in CONTAINERS.items():
        for suffix in suffixes.split():
            yield encoded(codec, recipe(codec, suffix))
            if codec in WITH_B and suffix != "flv1":
                yield encoded(f"{codec}-b2", recipe(codec, suffix, 2))
                yield encoded(f"{codec}-b2-open", recipe(codec, suffix, 2, open_gop=True))
    for codec in ("mpeg4", "h264", "mpeg2", "hevc"):
        yield encoded(f"{codec}-b1", recipe(codec, "mkv", 1))
        yield encoded(f"{codec}-one-frame", recipe(codec, "mp4", num_frames=1))
        yield encoded(f"{codec}-two-frames", recipe(codec, "mkv", 1, num_frames=2))
        yield encoded(f"{codec}-all-intra", recipe(codec, "mp4", gop=1, num_frames=6))


def orientation_cases() -> Iterator[Case]:
    for codec, suffix, b_frames in (("h264", "mp4", 2), ("mpeg4", "mov", 0), ("hevc", "mp4", 0)):
        for name, matrix in MATRICES.items():
            made = recipe(codec, suffix, b_frames, matrix=matrix)
            yield encoded(f"{codec}-turned-{name}", made)
    for name in ("90", "hflip", "transpose"):
        made = recipe("h264", "mkv", matrix=MATRICES[name])
        yield encoded(f"h264-turned-{name}", made)
    skew = (46341, 46341, 0, -46341, 46341, 0, 0, 0, 1 << 30)
    yield encoded("h264-turned-45", recipe("h264", "mp4", matrix=skew), may_refuse="pixels")


def edit_list_cases() -> Iterator[Case]:
    for codec, b_frames in (("mpeg4", 2), ("h264", 2), ("hevc", 2), ("mpeg2", 2), ("h264", 0)):
        made = recipe(codec, "mp4", b_frames)
        name = f"{codec}-b{b_frames}"
        late = tuple(90000 + 3600 * i for i in range(20))
        for kind, muxing in (
            ("no-edit-list", {"use_editlist": "0"}),
            ("negative-offsets", {"movflags": "+negative_cts_offsets"}),
            ("fragments", {"movflags": "+frag_keyframe+empty_moov"}),
            ("fast-start", {"movflags": "+faststart"}),
        ):
            yield encoded(f"{name}-{kind}", replace(made, muxing=muxing))
        yield encoded(f"{name}-late-start", replace(made, ticks=late))
        yield Case(f"{name}-trimmed.mp4", _trimmed(made))


def _trimmed(made: Recipe) -> Callable[[Path], None]:
    """An edit list that shows the file from its fourth frame on, as a cut without re-encoding."""

    def write(path: Path) -> None:
        with tempfile.TemporaryDirectory() as folder:
            whole = Path(folder) / "whole.mkv"
            encode(whole, made)

            def earlier(packets: list[av.Packet]) -> list[av.Packet]:
                for packet in packets:
                    assert packet.time_base is not None
                    shift = round(4 / made.rate / packet.time_base)
                    packet.pts = None if packet.pts is None else packet.pts - shift
                    packet.dts = None if packet.dts is None else packet.dts - shift
                return packets

            copy(whole, path, edit=earlier, muxing={"avoid_negative_ts": "disabled"})

    return write


def table_cases() -> Iterator[Case]:
    """MP4's table of key frames: missing, or naming others."""
    for codec, b_frames in (("mpeg4", 0), ("mpeg4", 2), ("h264", 0), ("h264", 2), ("hevc", 0)):
        for suffix in ("mp4", "mov"):
            made = recipe(codec, suffix, b_frames)

            def missing(path: Path, made: Recipe = made) -> None:
                encode(path, made)
                patch(path, b"stss", b"free")

            def lying(path: Path, made: Recipe = made) -> None:
                encode(path, made)
                patch_sync_samples(path, [1, 6, 13])

            def fewer(path: Path, made: Recipe = made) -> None:
                encode(path, made)
                patch_sync_samples(path, [1, 1, 1])

            name = f"{codec}-b{b_frames}-table"
            yield Case(f"{name}-missing.{suffix}", missing)
            yield Case(f"{name}-lying.{suffix}", lying)
            if suffix == "mp4":
                yield Case(f"{name}-first-only.{suffix}", fewer)


def time_cases() -> Iterator[Case]:
    """Times that vary, that are equal, that wrap around."""
    varying = tuple(3600 * i + (i % 3) * 1100 for i in range(20))
    gap = tuple(3600 * i + (900000 if i > 9 else 0) for i in range(20))
    wrap = tuple(2**33 - 126000 - 3600 * 9 + 3600 * i for i in range(20))
    for codec, b_frames in (("h264", 0), ("h264", 2), ("mpeg4", 2), ("hevc", 2), ("vp9", 0)):
        name = f"{codec}-b{b_frames}"
        for suffix in ("mp4", "mkv"):
            made = recipe(codec, suffix, b_frames, ticks=varying)
            yield encoded(f"{name}-varying", made)
        yield encoded(f"{name}-gap", recipe(codec, "mkv", b_frames, ticks=gap))
        if codec != "vp9":
            yield encoded(f"{name}-wrap", recipe(codec, "ts", b_frames, ticks=wrap))
        yield encoded(f"{name}-equal-times", recipe(codec, "mkv", b_frames, rate=1900))


def cut_cases() -> Iterator[Case]:
    """Files that begin or end anywhere."""
    for codec, b_frames in (("mpeg4", 0), ("h264", 0), ("h264", 2), ("mpeg2", 2), ("hevc", 2)):
        for suffix in ("ts", "mkv", "avi"):
            if suffix == "avi" and codec == "hevc":
                continue
            made = recipe(codec, suffix, b_frames, open_gop=b_frames > 0)
            name = f"{codec}-b{b_frames}"
            yield Case(f"{name}-cut-between.{suffix}", _cut(made, slice(3, None)))
            yield Case(f"{name}-cut-at-key.{suffix}", _cut(made, "key"))
            yield Case(f"{name}-truncated.{suffix}", _truncated(made), may_refuse="pixels")
    for codec in ("mpeg4", "h264"):
        made = recipe(codec, "mp4", 2, open_gop=True)
        yield Case(f"{codec}-b2-cut-between.mp4", _cut(made, slice(3, None)))
        yield Case(f"{codec}-b2-cut-at-key.mp4", _cut(made, "key"))


def _cut(made: Recipe, part: slice | str) -> Callable[[Path], None]:
    """Packets from some on, or from the second key frame on."""

    def write(path: Path) -> None:
        with tempfile.TemporaryDirectory() as folder:
            whole = Path(folder) / f"whole{'.ts' if made.suffix == '.avi' else made.suffix}"
            encode(whole, replace(made, num_frames=28))

            def edit(packets: list[av.Packet]) -> list[av.Packet]:
                if isinstance(part, slice):
                    return packets[part]
                return packets[[i for i, p in enumerate(packets) if p.is_keyframe][1] :]

            copy(whole, path, edit=edit)

    return write


def _truncated(made: Recipe) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        encode(path, made)
        data = path.read_bytes()
        path.write_bytes(data[: len(data) * 4 // 5])

    return write


def joined_cases() -> Iterator[Case]:
    """Two recordings in one file: times start anew, or the size changes."""
    for codec, b_frames, suffixes in (
        ("h264", 0, "ts h264"),
        ("h264", 2, "ts h264 mpg"),
        ("mpeg2", 2, "ts mpg m2v"),
        ("mpeg1", 0, "mpg mpv"),
        ("mpeg4", 0, "ts m4v"),
        ("hevc", 2, "ts hevc"),
    ):
        for suffix in suffixes.split():
            made = recipe(codec, suffix, b_frames, num_frames=12)
            wider = replace(made, width=80, seed=5)
            name = f"{codec}-b{b_frames}"
            yield Case(f"{name}-joined.{suffix}", _joined(made, replace(made, seed=5)))
            # MPEG-2's decoder loses the picture that it holds back when the size changes.
            if codec in ("h264", "hevc") and suffix != "mpg":
                write = _joined(made, wider)
                yield Case(f"{name}-size-change.{suffix}", write, may_refuse="pixels")


def _joined(*parts: Recipe) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        with tempfile.TemporaryDirectory() as folder:
            paths = [Path(folder) / f"{i}{made.suffix}" for i, made in enumerate(parts)]
            for part, made in zip(paths, parts, strict=True):
                encode(part, made)
            join(path, *paths)

    return write


def stream_cases() -> Iterator[Case]:
    """Beside the video: a cover, another video, sound."""
    for codec, suffix, b_frames in (("mpeg4", "mp4", 0), ("h264", "mp4", 2), ("h264", "mkv", 2)):
        made = recipe(codec, suffix, b_frames)
        name = f"{codec}-b{b_frames}"
        if suffix == "mp4":
            yield Case(f"{name}-cover.{suffix}", partial(write_with_cover, recipe=made))
        other = replace(recipe("mpeg4", suffix), width=80, seed=3)
        write = partial(write_two_streams, recipe=made, other=other)
        yield Case(f"{name}-two-videos.{suffix}", write)
    for codec, suffix, sound in (
        ("h264", "ts", "mp2"),
        ("h264", "mp4", "aac"),
        ("mpeg4", "avi", "pcm_s16le"),
        ("mpeg2", "mpg", "mp2"),
        ("mpeg1", "mpg", "mp2"),
        ("h264", "mkv", "aac"),
    ):
        made = recipe(codec, suffix, 0 if codec == "mpeg4" else 2)
        write = partial(write_with_audio, recipe=made, codec=sound)
        yield Case(f"{codec}-sound-{sound}.{suffix}", write)


def encoder_cases() -> Iterator[Case]:
    """What encoders can be told."""
    for name, options in X264.items():
        interlaced = name in ("mbaff", "bff", "fake")
        changes = {"gop": 200} if name == "long" else {}
        if name == "scenecut":
            changes = {"gop": 40, "cut_at": 11}
        if name == "baseline":
            suffixes, b_frames = ("mp4", "ts"), 0
        else:
            suffixes, b_frames = ("mp4", "ts"), 3
        for suffix in suffixes:
            made = recipe("h264", suffix, b_frames, options=dict(options), **changes)
            yield encoded(f"h264-{name}", made, may_refuse="vectors" if interlaced else "")
    for suffix in ("mp4", "ts", "mkv"):
        refresh = {"x264-params": "intra-refresh=1"}
        yield encoded("h264-intra-refresh", recipe("h264", suffix, options=refresh))
    for pixels in ("yuv422p", "yuv444p", "yuv420p10le", "yuvj420p", "gray"):
        yield encoded(f"h264-{pixels}", recipe("h264", "mp4", 2, pixels=pixels))
    for pixels in ("yuv422p", "yuv420p10le"):
        yield encoded(f"hevc-{pixels}", recipe("hevc", "mp4", 2, pixels=pixels))
    hevc = {"weighted": "weightb=1", "no-pyramid": "b-pyramid=0", "one-ref": "ref=1"}
    for name, x265 in {**hevc, "refresh": "intra-refresh=1", "slices": "slices=2"}.items():
        # One unit high, x265 cannot slice it: the slices it writes all the same end too early.
        may_refuse = "vectors" if name == "slices" else ""
        made = recipe("hevc", "mkv", 3, x265=x265)
        yield encoded(f"hevc-{name}", made, may_refuse=may_refuse)
    for codec, suffix, b_frames in (
        ("mpeg2", "mpg", 0),
        ("mpeg2", "mkv", 2),
        ("mpeg2", "ts", 2),
        ("mpeg2", "mp4", 2),
        ("mpeg4", "avi", 0),
        ("mpeg4", "avi", 2),
        ("mpeg4", "mp4", 2),
    ):
        made = recipe(codec, suffix, b_frames, options={"flags": "+ildct+ilme"})
        yield encoded(f"{codec}-b{b_frames}-interlaced", made, may_refuse="vectors")
    for name, flags in {
        "qpel": "+qpel",
        "mv4": "+mv4",
        "qpel-mv4": "+qpel+mv4",
        "aic": "+aic",
    }.items():
        for b_frames in (0, 2):
            made = recipe("mpeg4", "avi", b_frames, options={"flags": flags})
            yield encoded(f"mpeg4-b{b_frames}-{name}", made)
    yield encoded("mpeg4-packets", recipe("mpeg4", "mp4", options={"ps": "200"}))
    parted = {"ps": "200", "data_partitioning": "1"}
    yield encoded("mpeg4-partitioned", recipe("mpeg4", "mp4", options=parted))
    yield encoded("mpeg2-422", recipe("mpeg2", "mkv", 2, pixels="yuv422p"))
    yield encoded("h263p-mv4", recipe("h263p", "avi", options={"flags": "+mv4+aic"}))
    yield encoded("flv1-mv4", recipe("flv1", "flv", options={"flags": "+mv4"}))


def packed_cases() -> Iterator[Case]:
    """B-frames of MPEG-4 in the packets of their anchors, as in UCF101."""
    for b_frames in (1, 2):
        for name, open_end in (("packed", False), ("packed-open-end", True)):
            made = recipe("mpeg4", "mkv", b_frames)
            yield Case(f"mpeg4-b{b_frames}-{name}.avi", _packed(made, open_end=open_end))


def _packed(made: Recipe, *, open_end: bool) -> Callable[[Path], None]:
    """With an open end a packet of two is the last: its second picture is never shown."""

    def pack(packets: list[av.Packet]) -> list[av.Packet]:
        packed = pack_b_frames(packets, rate=made.rate)
        pairs = [i for i, packet in enumerate(packed) if bytes(packet).count(b"\0\0\1\xb6") > 1]
        return packed[: pairs[-1] + 1] if open_end else packed

    def write(path: Path) -> None:
        with tempfile.TemporaryDirectory() as folder:
            whole = Path(folder) / "whole.mkv"
            encode(whole, made)
            with av.open(str(whole)) as container:
                head = container.streams.video[0].codec_context.extradata or b""
            copy(whole, path, edit=pack, head=head + DIVX)

    return write


def hidden_cases() -> Iterator[Case]:
    """VP8's, VP9's and AV1's pictures that are never shown, and others that are shown again."""
    resilient = {"error-resilient": "default"}
    edits: dict[str, tuple[str, Edit]] = {
        "vp8-hidden": ("webm mkv ivf avi", partial(hide_vp8, numbers=(3, 9, 10))),
        "vp8-hidden-last": ("webm ivf", partial(hide_vp8, numbers=(19,))),
        "vp9-hidden": ("webm mp4 ivf", partial(hide_vp9_keys, in_one=True)),
    }
    for name, (suffixes, edit) in edits.items():
        for suffix in suffixes.split():
            made = recipe(name[:3], "ivf", options=resilient)
            yield Case(f"{name}.{suffix}", _edited(made, edit))
    # Muxers join what is hidden to what shows it.
    made = recipe("vp9", "ivf", options=resilient)
    yield Case("vp9-hidden-apart.ivf", partial(_write_vp9_apart, made=made))
    yield encoded("av1-long", recipe("av1", "mp4", gop=40, num_frames=34))
    yield encoded("av1-long", recipe("av1", "webm", gop=40, num_frames=34))


def _write_vp9_apart(path: Path, made: Recipe) -> None:
    encode(path, made)
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
        write_ivf(path, hide_vp9_keys(packets, in_one=False), recipe=made)


def _edited(made: Recipe, edit: Edit) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        with tempfile.TemporaryDirectory() as folder:
            whole = Path(folder) / f"whole{made.suffix}"
            encode(whole, made)
            copy(whole, path, edit=edit)

    return write


def size_cases() -> Iterator[Case]:
    """Sizes that are no multiple of 16, or odd."""
    for codec, suffix, b_frames, sizes in (
        ("mpeg4", "avi", 2, ((66, 50), (65, 49), (16, 16))),
        ("mpeg4", "mp4", 0, ((66, 50), (65, 49))),
        ("h264", "mp4", 2, ((66, 50), (34, 18))),
        ("h264", "ts", 0, ((66, 50),)),
        ("mpeg2", "mkv", 2, ((66, 50), (65, 49))),
        ("mpeg1", "mpg", 2, ((66, 50),)),
        ("hevc", "mp4", 2, ((66, 50),)),
        ("vp8", "webm", 0, ((66, 50), (65, 49))),
        ("vp9", "webm", 0, ((66, 50), (65, 49))),
        ("flv1", "flv", 0, ((66, 50), (65, 49))),
        ("wmv2", "wmv", 0, ((66, 50),)),
        ("mjpeg", "avi", 0, ((65, 49),)),
    ):
        for width, height in sizes:
            made = recipe(codec, suffix, b_frames, width=width, height=height)
            yield encoded(f"{codec}-b{b_frames}-{width}x{height}", made)


def main() -> int:
    assert __doc__ is not None
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="where the clips are written")
    parser.add_argument("--only", default="*", metavar="PATTERN", help="names, as a shell's")
    args = parser.parse_args()
    cases = [case for case in all_cases() if fnmatch.fnmatchcase(case.name, args.only)]
    if not cases:
        parser.error(f"--only {args.only!r}: no clip has such a name")
    args.folder.mkdir(parents=True, exist_ok=True)
    for case in cases:
        case.write(args.folder / case.name)
    print(f"{len(cases)} clips in {args.folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
