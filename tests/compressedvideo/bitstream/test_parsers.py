"""Which parser reads which codec's headers, its types against the decoder's, and none at all."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

import compressedvideo
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


READ = """
import json, sys, zlib
import numpy as np
from compressedvideo import CodecError, CompressedVideo

for path in sys.argv[1:]:
    with CompressedVideo(path) as video:
        said = dict(keyframes=video.keyframes.tolist())
        try:
            clip = video.read([3, 4, 5], modalities=("motion",), per_frame=True)
            said["motion"] = np.median(clip.motion, axis=(1, 2)).tolist()
            said["distances"] = clip.reference_distance.tolist()
            said["provenance"] = clip.provenance
        except CodecError as error:
            said["error"] = error.message
        rgb = video.read(range(video.num_frames), modalities=("rgb",)).rgb
        said["pixels"] = [zlib.crc32(picture) for picture in rgb]
        said["types"] = "".join(video.frame_types)
    print(json.dumps(said))
"""


@pytest.fixture(scope="module")
def read_without_extensions(tmp_path_factory):
    """Reads videos with a copy of the package from which the compiled parts are missing."""
    tree = tmp_path_factory.mktemp("without") / "compressedvideo"
    source = Path(compressedvideo.__file__).parent
    shutil.copytree(source, tree, ignore=shutil.ignore_patterns("*.so", "*.pyd", "csrc"))

    def read(*paths: Path) -> tuple[list[dict], list[str]]:
        """What it found in each video, and the warnings."""
        env = {**os.environ, "PYTHONPATH": str(tree.parent), "MMCONDENSE_BACKEND": "numpy"}
        command = [sys.executable, "-c", READ, *map(str, paths)]
        result = subprocess.run(command, env=env, capture_output=True, text=True, cwd=tree.parent)
        assert result.returncode == 0, result.stderr
        return list(map(json.loads, result.stdout.splitlines())), result.stderr.splitlines()

    return read


def test_without_the_compiled_parsers_the_container_is_believed(tmp_path, read_without_extensions):
    frames = translating_frames(9, step=(1, 0), height=64, width=96)
    codecs = {"h264": "mp4", "mpeg1": "mpg", "mpeg2": "mkv", "mpeg4": "mp4", "hevc": "mkv"}
    paths = [tmp_path / f"{codec}.{suffix}" for codec, suffix in codecs.items()]
    for codec, path in zip(codecs, paths, strict=True):
        encode_frames(path, frames, codec=codec, gop_size=7, b_frames=2)
    found, warnings = read_without_extensions(*paths)

    (warning,) = warnings
    assert warning.startswith("The compiled parsers were not built")
    assert "reinstall with a C compiler present: pip install" in warning
    for path, said in zip(paths, found, strict=True):
        plain = plain_decode(path)
        assert said["types"] == "".join(frame.kind for frame in plain)
        assert said["keyframes"] == [0, 7]
        assert said["pixels"] == [zlib.crc32(frame.rgb) for frame in plain]
    for said in found[:3]:
        assert said["types"] == "IBBPBBPIP"
        assert said["motion"] == [[1, 0], [1, 0], [1, 0]]
        assert said["distances"] == [3, 1, 2]
        assert said["provenance"] == ["assumed-nearest-reference"] * 3
    assert found[3]["error"].startswith("FFmpeg exports no motion vectors for B-frames of MPEG-4")
    assert found[4]["error"].startswith(
        "FFmpeg exports no motion vectors for hevc: the compiled parser that reads them is missing"
    )
