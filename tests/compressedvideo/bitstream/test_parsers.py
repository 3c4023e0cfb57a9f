"""Which parser reads which codec's headers, its types against the decoder's, and none at all."""

from __future__ import annotations

import pytest

from compressedvideo import CompressedVideo, encode_frames
from compressedvideo.bitstream.parsers import header_parser
from compressedvideo.bitstream.record import as_arrays
from tests.compressedvideo.slow_reference import plain_decode, translating_frames


def test_unknown_codecs_have_no_parser():
    assert header_parser("vc1", b"") is None


def pack(*fields: tuple[int, int]) -> bytes:
    """(value, number of bits) pairs to bytes, padded with zeros."""
    bits = "".join(f"{value:0{count}b}" for value, count in fields)
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


START = b"\x00\x00\x01"
H263 = (0x20, 22), (3, 8), (0b10, 2), (0, 3)  # up to the format
FLV1 = (1, 17), (0, 5), (9, 8), (0, 3), (32, 8), (32, 8)  # up to the type


def mpeg12_picture(kind: int) -> bytes:
    """A picture header and the start of a slice."""
    return START + b"\x00" + pack((5, 10), (kind, 3), (0, 19)) + START + b"\x01" + bytes(8)


@pytest.mark.parametrize(
    ("codec", "packets", "kinds"),
    [
        *(
            (codec, [mpeg12_picture(kind) for kind in (1, 2, 3)], "IPB")
            for codec in ("mpeg1video", "mpeg2video")
        ),
        *(
            (codec, [pack(*H263, (2, 3), (kind, 1), (0, 64)) for kind in (0, 1)], "IP")
            for codec in ("h263", "h263p")
        ),
        *(
            (codec, [pack(*FLV1, (k, 2), (0, 64)) for k in (0, 1)], "IP")
            for codec in ("flv", "flv1")
        ),
    ],
)
def test_the_codecs_name_selects_the_syntax(codec, packets, kinds):
    records, _ = as_arrays(*header_parser(codec, None).headers(packets))
    assert b"".join(records["kind"]).decode() == kinds
    assert records["packet"].tolist() == list(range(len(packets)))


def test_only_wmv2_is_told_the_size_of_its_frames():
    parser = header_parser("wmv2", bytes(4), width=64, height=48)
    assert parser.headers([]) == (b"", b"")
    assert header_parser("msmpeg4", None, width=64, height=48).headers([]) == (b"", b"")


@pytest.mark.parametrize(
    ("codec", "b_frames", "suffix"),
    [
        ("mpeg4", 0, "mp4"),
        ("mpeg4", 2, "avi"),
        ("h264", 0, "mp4"),
        ("h264", 3, "mkv"),
        ("mpeg1", 2, "mpg"),
        ("mpeg2", 2, "mkv"),
        ("h263", 0, "3gp"),
        ("h263p", 0, "avi"),
        ("flv1", 0, "flv"),
        ("hevc", 2, "mp4"),
    ],
)
def test_types_equal_the_decoders(tmp_path, codec, b_frames, suffix):
    path = tmp_path / f"clip.{suffix}"
    frames = translating_frames(30, step=(1, 0), height=96, width=128)
    encode_frames(path, frames, codec=codec, gop_size=12, b_frames=b_frames)
    kinds = [frame.kind for frame in plain_decode(path)]
    assert len(kinds) == 30
    with CompressedVideo(path) as video:
        assert video.num_frames == 30
        assert video.frame_types == kinds
        assert video.has_b_frames == ("B" in kinds) == (b_frames > 0)
        assert video.keyframes.tolist() == [0, 12, 24]
        assert [t for gop in range(3) for t in video.gop_frame_types(gop)] == kinds
