"""A codec's name in, the parser of its packets' headers out."""

from __future__ import annotations

import logging
from functools import lru_cache
from importlib import import_module
from typing import Any, Protocol

_PARSERS = "compressedvideo.bitstream._parsers"

BUILD_ADVICE = (
    "reinstall with a C compiler present: "
    "pip install --force-reinstall --no-deps --no-cache-dir mmcondense "
    "(in a clone: pip install -e .)"
)
"""How to get the compiled parsers."""

_TYPES = {
    "mpeg1video": "mpeg12.Parser",
    "mpeg2video": "mpeg12.Parser",
    "mpeg4": "mpeg4.HeaderParser",
    "h263": "h263.Parser",
    "h263p": "h263.Parser",
    "h263i": "h263i.Parser",
    "flv": "flv1.Parser",
    "flv1": "flv1.Parser",
    "msmpeg4v1": "msmpeg4v1.Parser",
    "msmpeg4v2": "msmpeg4.Parser",
    "msmpeg4": "msmpeg4.Parser",
    "msmpeg4v3": "msmpeg4.Parser",
    "wmv1": "msmpeg4.Parser",
    "wmv2": "wmv2.Parser",
    **dict.fromkeys(
        (
            *("dnxhd", "dvvideo", "ffvhuff", "huffyuv", "jpeg2000", "magicyuv", "mjpeg", "png"),
            *("prores", "rawvideo", "utvideo", "v210"),
        ),
        "intra.Parser",
    ),
    "ffv1": "ffv1.Parser",
    "h264": "h264.Parser",
    "hevc": "hevc.Parser",
    "vp8": "vp8.Parser",
    "vp9": "vp9.Parser",
    "av1": "av1.Parser",
    "libdav1d": "av1.Parser",
}
"""FFmpeg's name of a codec or of its decoder, and the compiled type that reads it."""

_NEEDS_SIZE = ("wmv2",)


class HeaderParser(Protocol):
    """Reads the headers of a stream's packets; bad data is said in a record, never raised."""

    def headers(self, packets: list, /) -> tuple[bytes, bytes]:
        """Records and references of the pictures that a decoder shows, in decoding order.

        :func:`~compressedvideo.bitstream.record.as_arrays` views them.

        Args:
            packets: Objects with the buffer protocol, in decoding order, continuing where the last
                call ended. A picture that is packed behind another one is reported with the packet
                after its own, as FFmpeg decodes it; its record names its own.
        """
        ...

    def reset(self) -> None:
        """Forget the pictures and number packets from 0 again; parameter sets stay."""
        ...


def header_parser(
    codec: str, extradata: bytes | None, *, width: int = 0, height: int = 0
) -> HeaderParser | None:
    """The parser of a codec's headers, or None where only a decoder knows them.

    None, too, where the compiled parsers are missing; a warning says so, once.

    Args:
        codec: FFmpeg's name of the codec.
        extradata: The codec's global headers, as the container stores them.
        width, height: Frame size in pixels, as the container says it. Only WMV2 needs it, to know
            which pictures repeat the one before; FFmpeg does not show them.
    """
    if codec not in _TYPES:
        return None
    module, name = _TYPES[codec].split(".")
    parsers = import_module(_PARSERS)
    if getattr(parsers, "__file__", None) is None:  # the stubs' folder is all there is
        _warn_of_missing_parsers()
        return None
    make: Any = getattr(getattr(parsers, module), name)
    if codec in _NEEDS_SIZE:
        return make(extradata or b"", width, height)
    return make(extradata or b"")


@lru_cache(1)
def _warn_of_missing_parsers() -> None:
    logging.getLogger(__name__).warning(
        "The compiled parsers were not built (no C compiler at installation?): what containers say "
        "of key frames and order is believed, which is wrong in some files, and types of pictures "
        "are found by decoding the whole video; %s",
        BUILD_ADVICE,
    )
