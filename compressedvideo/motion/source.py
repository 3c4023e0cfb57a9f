"""Where vectors come from: pictures in, their vectors on a grid of cells out.

Two sources: a parser of the bitstream, which needs no decoder, and what FFmpeg exports while it
decodes, where no parser knows the codec or what the stream uses.
"""

from __future__ import annotations

from collections.abc import Collection

from av.sidedata.motionvectors import MotionVectors
from av.sidedata.sidedata import SideDataContainer
from av.video.frame import VideoFrame

from ..bitstream import mpeg4
from ..errors import NoMotionVectorsError, UnsupportedVideoError
from ..index import Picture, VideoIndex
from .mpeg4 import Mpeg4Motion
from .parsed import MotionParser

EXPORTING_CODECS = (
    *("h264", "mpeg4", "mpeg1video", "mpeg2video", "h263", "h263p", "flv1", "flv"),
    # With WMV2's finer interpolation, content may have moved a quarter pixel more than they say.
    *("msmpeg4v1", "msmpeg4v2", "msmpeg4", "msmpeg4v3", "wmv1", "wmv2"),
)
"""FFmpeg's decoders that export motion vectors, under all their names."""

ADVICE = (
    "Re-encode it to a codec with vectors: "
    "python tools/data/reencode.py SOURCE TARGET --codec mpeg4 --gop-size 12"
)
PARSER_ADVICE = (
    "the compiled parser that reads them is missing; reinstall with a C compiler present: "
    "pip install --force-reinstall --no-deps --no-cache-dir mmcondense "
    "(in a clone: pip install -e .)"
)


class ExportedMotion:
    """FFmpeg's ``AV_FRAME_DATA_MOTION_VECTORS``, of decoded pictures."""

    def __init__(self, codec: str) -> None:
        # H.264's reference index is lost on export, only the direction is kept.
        self.provenance = "assumed-nearest-reference" if codec == "h264" else "read"

    def blocks(self, frame: VideoFrame) -> bytes:
        """``AVMotionVector`` records. A copy: the original would keep the frame's memory alive."""
        # frame.side_data would make a reference cycle: frames then live until the collector runs.
        for data in SideDataContainer(frame):  # type: ignore[call-arg]  # PyAV's stub forgets it
            if type(data) is MotionVectors:
                return bytes(data)
        return b""


class MotionSources:
    """The sources of one video, and the choice among them.

    Args:
        codec: FFmpeg's name.
        extradata: The codec's global headers.
        index: Its pictures: some are of a kind that the parser refuses.
        path: The video, for errors.
    """

    def __init__(
        self, codec: str, extradata: bytes | None, *, index: VideoIndex, path: str
    ) -> None:
        self._codec = codec
        self._extradata = extradata
        self._path = path
        self._exported = ExportedMotion(codec)
        self._parsed: dict[bool, MotionParser] = {}
        self._no_parser: str | None = None
        if codec == "mpeg4" and not mpeg4.is_available():
            self._no_parser = PARSER_ADVICE
        elif codec == "mpeg4" and "S" in index.frame_types:
            self.refuse("global motion compensation (GMC) is not read")

    def refuse(self, reason: str) -> None:
        """Do without the parser from now on: it does not know what the stream uses."""
        self._no_parser = f"{reason} in the parser that reads them. {ADVICE}"

    def choose(
        self, pictures: Collection[Picture], *, needs_frames: bool, with_costs: bool
    ) -> ExportedMotion | MotionParser:
        """The source of some pictures' vectors.

        The parser, if FFmpeg's vectors are not exact or the pictures need not be decoded.

        Args:
            pictures: Those whose vectors are wanted.
            needs_frames: Whether the pictures must be decoded anyway.
            with_costs: Whether bits and coefficients are wanted.

        Raises:
            NoMotionVectorsError: If there is no source of these.
        """
        predicted = [picture for picture in pictures if picture.kind != "I"]
        bipredicted = [picture for picture in predicted if picture.kind == "B"]
        if self._codec == "mpeg4" and (with_costs or bipredicted or not needs_frames):
            if self._no_parser is None:
                try:
                    return self._parser(with_costs=with_costs)
                except UnsupportedVideoError as error:
                    self.refuse(error.message)
            if with_costs:
                self._fail(f"bits of macroblocks cannot be read: {self._no_parser}", pictures)
            if bipredicted:
                self._fail(
                    "FFmpeg exports no motion vectors for B-frames of MPEG-4 part 2: "
                    f"{self._no_parser}. Or sample I- and P-frames only",
                    bipredicted,
                )
        elif with_costs:
            self._fail("bits of macroblocks are read from MPEG-4 part 2 only", pictures)
        elif predicted and self._codec not in EXPORTING_CODECS:
            self._fail(f"FFmpeg exports no motion vectors for {self._codec}. {ADVICE}", predicted)
        return self._exported

    def _parser(self, *, with_costs: bool) -> MotionParser:
        if with_costs not in self._parsed:
            self._parsed[with_costs] = Mpeg4Motion(
                self._extradata, with_costs=with_costs, path=self._path
            )
        return self._parsed[with_costs]

    def _fail(self, problem: str, pictures: Collection[Picture]) -> None:
        frame = next((picture.display for picture in pictures), None)
        raise NoMotionVectorsError(problem, path=self._path, codec=self._codec, frame=frame)
