"""Streams for the parsers' fuzz targets, cut out of the clips of clip_matrix.py.

    python tools/benchmarks/fuzz_corpus.py FOLDER

Writes FOLDER/TARGET/NAME, the first packets of each clip, in the form that target.h in
tests/compressedvideo/bitstream/fuzz describes. The targets: h264, hevc, mpeg4, vp9, and headers and
tracker, which read several codecs.
"""

from __future__ import annotations

import argparse
import io
import struct
from pathlib import Path

import av
from fuzz_reader import make_clips

MOST_PACKETS, MOST_BYTES = 10, 1 << 14
PARSERS = ("h264", "hevc", "mpeg4", "vp9")
TRACKERS = ("vp8", "vp9", "av1")
HEADERS = {
    **dict(mpeg4=0, mpeg1video=1, mpeg2video=1, h263=2, h263p=2, h263i=3, flv=4, flv1=4),
    **dict(msmpeg4v1=5, msmpeg4v2=6, msmpeg4=6, msmpeg4v3=6, wmv1=6, wmv2=7, ffv1=8, mjpeg=9),
}
"""Numbers of the codecs in headers_target.c."""


def cut(data: bytes) -> tuple[str, list[bytes]]:
    """Codec, and extradata and first packets, of a video."""
    with av.open(io.BytesIO(data), "r") as container:
        context = container.streams.video[0].codec_context
        parts, left = [context.extradata or b""], MOST_BYTES
        for packet in container.demux(video=0):
            left -= packet.size
            if len(parts) > MOST_PACKETS or (left < 0 and len(parts) > 1):
                break
            parts.append(bytes(packet))
        return context.name, parts


def targets_of(codec: str) -> dict[str, int]:
    """Names of the targets that read it, and what it is called there."""
    targets = {codec: 0} if codec in PARSERS else {}
    if codec in TRACKERS:
        targets["tracker"] = TRACKERS.index(codec)
    if codec in HEADERS:
        targets["headers"] = HEADERS[codec]
    return targets


def main() -> None:
    assert __doc__ is not None
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    for name in (*PARSERS, "headers", "tracker"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for clip in make_clips():
        codec, parts = cut(clip.data)
        for target, number in targets_of(codec).items():
            heads = [number, *(0 for _ in parts[1:])]
            stream = (
                struct.pack("<I", len(x) | n << 24) + x for n, x in zip(heads, parts, strict=True)
            )
            (folder / target / clip.name).write_bytes(b"".join(stream))


if __name__ == "__main__":
    main()
