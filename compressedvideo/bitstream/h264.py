"""Packets of H.264 in, what they say of their pictures out: headers, no pixel decoded.

The compiled parser behind this module is ``csrc/h264*.c`` (ITU-T H.264).
"""

from __future__ import annotations

import numpy as np

from .record import as_arrays

try:
    from ._parsers import h264 as _h264
except ImportError:  # built where a compiler was at hand
    _h264 = None  # type: ignore[assignment]


def is_available() -> bool:
    """Whether the compiled parser is there."""
    return _h264 is not None


class H264Parser:
    """Reads the packets of one H.264 stream, in decoding order.

    Args:
        extradata: The codec's global headers as the container stores them: an ``avcC`` box, NAL
            units behind start codes, or nothing. They also say how the packets are made up.
    """

    def __init__(self, extradata: bytes | None) -> None:
        if _h264 is None:
            raise RuntimeError("the compiled H.264 parser was not built")
        self._parser = _h264.Parser(extradata or b"")

    def headers(self, packets: list) -> tuple[np.ndarray, np.ndarray]:
        """Read the headers of packets, continuing where the last call ended. Never raises for them.

        A packet gives a record for each coded picture: a frame, or one field of a frame.

        Args:
            packets: Bytes, or whatever offers a buffer of them.

        Returns:
            Records, [N] of :data:`.record.RECORD`, and the pictures they refer to, int32.

            - ``order`` is the picture order count; a frame's is the lower one of its fields'.
            - ``kind`` is the type of the frame's first slice, also for its second field.
            - ``colocated`` is the picture that direct prediction takes vectors from: the first of
              list 1, unless it is all intra and has none.
            - References are those of all slices; a field's own frame is left out. A frame that was
              lost, or left out by the encoder (a gap of ``frame_num``), is -1.
            - ``KEY`` pictures are IDR pictures and I-pictures with a recovery point of 0 frames. An
              I-picture without one is no ``KEY``: only references say what can be decoded from it.
            - ``LEADING``: displayed before the last ``KEY``, but coded after it and referring to
              pictures before it.
        """
        return as_arrays(*self._parser.headers(packets))

    def reset(self) -> None:
        """Forget the pictures, for a seek; numbers count from 0 again. Parameter sets stay."""
        self._parser.reset()
