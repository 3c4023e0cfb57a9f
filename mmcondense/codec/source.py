"""Where vectors come from: a decoded picture in, its vectors on a grid of cells out.

One motion source is what FFmpeg exports while it decodes. Another, such as a parser of the
bitstream, offers the same two methods.
"""

from __future__ import annotations

from typing import Protocol

from av.sidedata.sidedata import SideDataContainer, Type
from av.video.frame import VideoFrame

from .errors import NoMotionVectorsError
from .kernels import kernels
from .motion import MotionCells

EXPORTING_CODECS = ("mpeg4", "h264", "mpeg1video", "mpeg2video", "h263", "h263p", "flv1", "flv")
"""FFmpeg's decoders that export motion vectors."""

ADVICE = (
    "Re-encode it to a codec with vectors: "
    "python tools/data/reencode.py SOURCE TARGET --codec mpeg4 --gop 12"
)


class MotionSource(Protocol):
    """Gives the vectors of one picture."""

    provenance: str
    """What :attr:`CompressedClip.provenance` says of them."""

    def check(self, kind: str, *, path: str, frame: int) -> None:
        """Raise :class:`NoMotionVectorsError` if pictures of this type have no vectors here."""

    def cells(self, frame: VideoFrame, *, height: int, width: int) -> MotionCells:
        """Vectors of a decoded picture."""


class ExportedMotion:
    """FFmpeg's ``AV_FRAME_DATA_MOTION_VECTORS``."""

    def __init__(self, codec: str) -> None:
        self._codec = codec
        # H.264's reference index is lost on export, only the direction is kept.
        self.provenance = "assumed-nearest-reference" if codec == "h264" else "read"

    def check(self, kind: str, *, path: str, frame: int) -> None:
        problem = None
        if self._codec not in EXPORTING_CODECS:
            problem = f"FFmpeg exports no motion vectors for {self._codec}. {ADVICE}"
        elif self._codec == "mpeg4" and kind == "B":
            problem = (
                "FFmpeg exports no motion vectors for B-frames of MPEG-4 part 2. Sample I- and "
                f"P-frames only, or get rid of the B-frames. {ADVICE}"
            )
        if problem:
            raise NoMotionVectorsError(problem, path=path, codec=self._codec, frame=frame)

    def cells(self, frame: VideoFrame, *, height: int, width: int) -> MotionCells:
        # frame.side_data would make a reference cycle: frames then live until the collector runs.
        vectors = SideDataContainer(frame).get(Type.MOTION_VECTORS)
        blocks = b"" if vectors is None else vectors
        return kernels().cells(blocks, height=height, width=width)
