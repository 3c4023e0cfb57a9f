"""Number, order and types of pictures from headers alone, against plain decodes."""

from __future__ import annotations

import random

import numpy as np
import pytest

from compressedvideo.bitstream.parsers import header_parser
from compressedvideo.bitstream.record import Flags
from tests.compressedvideo.bitstream.header_streams import (
    encode,
    plain_kinds,
    read_stream,
    shown,
    shown_kinds,
)

STRICT = {"sc_threshold": "1000000000"}
CLOSED = {"flags": "+cgop", **STRICT}
INTERLACED = {"flags": "+ildct+ilme"}

ENCODES = [
    *(("mpeg4", b, s, {}) for b in (0, 1, 2, 3) for s in ("mp4", "mkv", "avi", "ts", "asf")),
    *(("mpeg4", b, "avi", o) for b in (0, 2) for o in (CLOSED, INTERLACED, {"flags": "+qpel"})),
    *(("mpeg4", 2, s, INTERLACED) for s in ("mov", "ts")),
    *(("mpeg1video", b, s, {}) for b in (0, 2) for s in ("mpg", "mkv", "avi", "ts")),
    *(("mpeg2video", b, s, {}) for b in (0, 1, 3) for s in ("mpg", "vob", "mkv", "mp4", "ts")),
    *(("mpeg2video", 2, s, o) for s in ("mpg", "mov") for o in (CLOSED, INTERLACED)),
    ("mpeg1video", 2, "mpg", CLOSED),
    ("mpeg2video", 0, "ts", {"flags": "+low_delay"}),
    *(("h263", 0, s, {}) for s in ("3gp", "mov", "avi")),
    ("h263p", 0, "avi", {}),
    ("h263p", 0, "avi", {"umv": "1", "aiv": "1", "obmc": "1"}),
    *(("flv", 0, s, {}) for s in ("flv", "avi")),
    *(("msmpeg4v2", 0, s, {}) for s in ("avi", "asf")),
    *(("msmpeg4", 0, s, {}) for s in ("avi", "asf", "mkv")),
    *(("wmv1", 0, s, {}) for s in ("avi", "wmv")),
    *(("wmv2", 0, s, {}) for s in ("avi", "wmv")),
    *(("mjpeg", 0, s, {}) for s in ("avi", "mov", "mkv")),
    *((c, 0, "mov", {}) for c in ("prores", "png", "jpeg2000", "v210")),
    *((c, 0, "avi", {}) for c in ("rawvideo", "huffyuv", "ffvhuff", "utvideo", "magicyuv")),
    ("dnxhd", 0, "mov", {"b": "90M"}),
    ("ffv1", 0, "mkv", {"level": "3"}),
    ("ffv1", 0, "avi", {"level": "1"}),
    ("dvvideo", 0, "avi", {}),
]

SIZES = {"h263": (176, 144), "dvvideo": (720, 576), "dnxhd": (1280, 720)}
PIXELS = {
    "mjpeg": "yuvj420p",
    "prores": "yuv422p10le",
    "v210": "yuv422p10le",
    "huffyuv": "yuv422p",
    "dnxhd": "yuv422p",
    "png": "rgb24",
}


@pytest.mark.parametrize(("codec", "b_frames", "suffix", "options"), ENCODES)
def test_pictures_are_those_of_a_plain_decode(tmp_path, codec, b_frames, suffix, options):
    path = encode(
        tmp_path / f"clip.{suffix}",
        codec,
        b_frames=b_frames,
        options=options,
        size=SIZES.get(codec, (128, 96)),
        num_frames=6 if codec in ("dvvideo", "dnxhd") else 30,
        pixel_format=PIXELS.get(codec, "yuv420p"),
    )
    stream = read_stream(path)
    records, references = stream.records()
    kinds = plain_kinds(path)
    assert shown_kinds(records) == kinds
    assert ("B" in kinds) == (b_frames > 0)
    assert records["picture"].tolist() == list(range(len(records)))
    assert records["num_references"].sum() == len(references)
    assert not (records["flags"] & Flags.DAMAGED).any()
    in_runs, references_in_runs = stream.records(run=7)
    assert (in_runs == records).all()
    assert (references_in_runs == references).all()


def test_references_are_the_anchors_around(tmp_path):
    stream = read_stream(encode(tmp_path / "clip.mpg", "mpeg2video", b_frames=2, num_frames=9))
    records, references = stream.records()
    assert b"".join(records["kind"]).decode() == "IPBBPBBPB"[: len(records)]
    of_picture = np.split(references, np.cumsum(records["num_references"])[:-1])
    assert [r.tolist() for r in of_picture[:7]] == [[], [0], [0, 1], [0, 1], [1], [1, 4], [1, 4]]
    assert np.argsort(records["order"])[:7].tolist() == [0, 2, 3, 1, 5, 6, 4]
    assert (records["flags"][:4] == [Flags.REFERENCED | Flags.KEY, Flags.REFERENCED, 0, 0]).all()


def test_reset_numbers_from_zero_and_starts_anew(tmp_path):
    stream = read_stream(encode(tmp_path / "clip.mkv", "mpeg4", b_frames=2, gop=6))
    parser = header_parser(stream.codec, stream.extradata)
    first = parser.headers(stream.packets)
    assert parser.headers([]) == (b"", b"")
    parser.reset()
    assert parser.headers(stream.packets) == first


def test_unknown_codecs_have_no_parser():
    assert header_parser("theora", b"") is None


def test_ffv1_pictures_that_go_on_with_the_coder_need_the_one_before(tmp_path):
    stream = read_stream(encode(tmp_path / "clip.mkv", "ffv1", gop=10))
    records, references = stream.records()
    is_key = records["flags"] & Flags.KEY != 0
    assert np.flatnonzero(is_key).tolist() == [0, 10, 20]
    assert references.tolist() == [i - 1 for i in range(30) if i % 10]
    assert (records["kind"] == b"I").all()


CLIPS = {
    "v_BenchPress_g01_c01.avi": 151,
    "v_ApplyEyeMakeup_g01_c01.avi": 164,
    "cartwheel.avi": 84,
    "Golf_Tips_-_Hit_The_Driver_300+_Yards!!!_golf_f_nm_np1_fr_med_0.avi": 89,
    "person01_boxing_d1_uncomp.avi": 360,
    "v_biking_01_01.mpg": 151,
    "vid_mpeg4_part2.mp4": 337,
    "../wild/04_mpeg4_in_asf.asf": 100,
    "../wild/04_wmv2.wmv": 100,
    "../wild/10_interlaced_mpeg4_b.avi": 50,
    "../wild/14_cover_is_stream_0.mp4": 60,
}


@pytest.mark.parametrize(("name", "num_frames"), CLIPS.items())
def test_real_clips(shared_data, name, num_frames):
    path = shared_data / "clips" / name
    kinds = plain_kinds(path)
    records, _ = read_stream(path).records()
    assert len(kinds) == num_frames
    assert shown_kinds(records) == kinds


# ---------------------------------------------------------------------------------- lost packets


@pytest.mark.parametrize(
    ("codec", "b_frames", "options"),
    [
        ("mpeg4", 3, {}),
        ("mpeg4", 2, INTERLACED),
        ("mpeg2video", 2, {}),
        ("mpeg2video", 2, CLOSED),
        ("mpeg1video", 3, {}),
    ],
)
def test_lost_and_swapped_packets(tmp_path, codec, b_frames, options):
    """FFmpeg drops B-pictures without anchors or between the wrong ones."""
    stream = read_stream(
        encode(tmp_path / "clip.avi", codec, b_frames=b_frames, options=options, num_frames=40)
    )
    packets = stream.packets
    rng = random.Random(0)
    num_shorter = 0
    for _ in range(60):
        stream.packets = packets[rng.choice([0, 0, rng.randrange(30)]) :]
        for _ in range(rng.randrange(6)):
            at = rng.randrange(1, len(stream.packets))
            if rng.random() < 0.5:
                stream.packets[at - 1 : at + 1] = stream.packets[at - 1 : at + 1][::-1]
            elif len(stream.packets) > 2:
                del stream.packets[at]
        kinds = stream.kinds()
        if kinds.startswith("?"):  # a P-picture was made up
            continue
        records, _ = stream.records(run=rng.randint(1, 9))
        assert shown_kinds(records) == kinds
        num_shorter += len(kinds) < len(stream.packets)
    assert num_shorter > 5


# ---------------------------------------------------------------------------------- left out


@pytest.mark.parametrize(
    ("codec", "suffix", "options"),
    [
        ("mpeg4", "avi", INTERLACED),
        ("mpeg4", "mp4", INTERLACED),
        ("mpeg4", "avi", {"flags": "+qpel"}),
        ("mpeg2video", "mpg", INTERLACED),
        ("mpeg2video", "mkv", {}),
        ("mpeg1video", "mpg", CLOSED),
    ],
)
def test_b_pictures_may_be_left_out_unless_they_say_no(tmp_path, codec, suffix, options):
    path = encode(
        tmp_path / f"clip.{suffix}", codec, b_frames=2, options=options, num_frames=40, gop=9
    )
    num_changed = check_left_out(path, honour=True)
    assert num_changed == 0


def test_without_those_b_pictures_others_come_out_wrong(tmp_path):
    path = encode(tmp_path / "clip.avi", "mpeg4", b_frames=2, options=INTERLACED, num_frames=40)
    assert check_left_out(path, honour=False) > 0


def test_an_interlaced_file_with_b_pictures_left_out(shared_data):
    path = shared_data / "wild" / "10_interlaced_mpeg4_b.avi"
    assert check_left_out(path, honour=True) == 0
    assert check_left_out(path, honour=False) > 0


def check_left_out(path, *, honour: bool) -> int:
    """How many pictures differ from a plain decode where random B-pictures are not decoded."""
    stream = read_stream(path)
    records, _ = stream.records()
    packets = stream.packets
    plain = dict(
        zip(
            shown(records)["picture"].tolist(),
            [frame.to_ndarray() for frame in stream.frames()],
            strict=True,
        )
    )
    rng = random.Random(0)
    flags = records["flags"]
    keys = np.flatnonzero(flags & Flags.KEY).tolist()
    num_changed = num_left_out = 0
    for _ in range(25):
        key = rng.choice(keys)
        stop = rng.randint(key + 1, len(records))
        anchors = key + np.flatnonzero(flags[key:] & Flags.REFERENCED)
        sent = []
        for i in range(key, stop):
            is_leading = flags[i] & Flags.LEADING and (len(anchors) < 2 or i < anchors[1])
            may_skip = records["kind"][i] == b"B" and not (honour and flags[i] & Flags.NO_SKIP)
            if is_leading or (may_skip and rng.random() < 0.6):
                num_left_out += 1
            else:
                sent.append(i)
        chosen = records[sent]
        stream.packets = [packets[r["packet"]][r["start"] : r["stop"]] for r in chosen]
        frames = stream.frames()
        in_order = chosen[np.argsort(chosen["order"])]["picture"].tolist()
        if len(frames) != len(in_order):
            num_changed += 1
            continue
        num_changed += sum(
            (frame.to_ndarray() != plain[picture]).any()
            for frame, picture in zip(frames, in_order, strict=True)
        )
    assert num_left_out > 20
    return num_changed
