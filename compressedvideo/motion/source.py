"""Where vectors come from: pictures in, their vectors on a grid of cells out.

Two sources: a parser of the bitstream, which needs no decoder, and what FFmpeg exports while it
decodes, where no parser knows the codec or what the stream uses.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from av.sidedata.motionvectors import MotionVectors
from av.sidedata.sidedata import SideDataContainer
from av.video.frame import VideoFrame

from ..bitstream import h264, hevc, mpeg4, vp9
from ..bitstream.parsers import BUILD_ADVICE
from ..errors import NoMotionVectorsError, UnsupportedVideoError
from ..index import Picture, VideoIndex
from .mpeg4 import Mpeg4Motion
from .parsed import MotionParser, ParsedMotion
from .vp9 import Vp9Motion

EXPORTING_CODECS = (
    *("h264", "mpeg4", "mpeg1video", "mpeg2video", "h263", "h263p", "flv1", "flv"),
    # With WMV2's finer interpolation, content may have moved a quarter pixel more than they say.
    *("msmpeg4v1", "msmpeg4v2", "msmpeg4", "msmpeg4v3", "wmv1", "wmv2"),
)
"""FFmpeg's decoders that export motion vectors, under all their names."""

PARSED_CODECS = {"mpeg4": mpeg4, "h264": h264, "hevc": hevc, "vp9": vp9}
"""Codecs whose vectors our own parsers read."""

_SMALLEST_BLOCKS = {"h264": 4, "hevc": 4, "vp9": 4}
"""Pixels; 8 of the others."""

ADVICE = (
    "Re-encode it to a codec with vectors: compressedvideo.reencode(SOURCE, TARGET); a folder by "
    "python tools/data/reencode.py SOURCE TARGET --codec mpeg4 --gop-size 12; or in memory, each "
    "time it is opened, with on_missing_motion='transcode' (mmcondense predict "
    "--on-missing-motion transcode)"
)
PARSER_ADVICE = f"the compiled parser that reads them is missing; {BUILD_ADVICE}"


class ExportedMotion:
    """FFmpeg's ``AV_FRAME_DATA_MOTION_VECTORS``, of decoded pictures.

    Args:
        codec: FFmpeg's name.
        is_claimed: Which pictures are the references follows from what the container claims.
    """

    def __init__(self, codec: str, *, is_claimed: bool) -> None:
        # H.264's reference index is lost on export, only the direction is kept.
        is_assumed = is_claimed or codec == "h264"
        self.provenance = "assumed-nearest-reference" if is_assumed else "read"

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
        first_packet: Of the stream: headers may stand there only.
        index: Its pictures: some are of a kind that the parser refuses.
        path: The video, for errors.
    """

    def __init__(
        self,
        codec: str,
        extradata: bytes,
        *,
        first_packet: bytes,
        index: VideoIndex,
        path: str,
    ) -> None:
        self._codec = codec
        self._extradata = extradata
        self._first_packet = first_packet
        self._path = path
        self._exported = ExportedMotion(codec, is_claimed=index.is_claimed)
        self._warned: set[str] = set()
        self._no_parser: str | None = None
        if codec in PARSED_CODECS and not PARSED_CODECS[codec].is_available():
            self._no_parser = PARSER_ADVICE
        elif codec == "mpeg4" and "S" in index.frame_types:
            self.refuse("global motion compensation (GMC) is not read")

    @property
    def is_empty(self) -> bool:
        """Whether the codec has no source at all: every P- or B-frame's vectors are an error.

        False does not promise all of them: what a stream uses may be found out while it is parsed.
        """
        return self._codec not in EXPORTING_CODECS and (
            self._codec not in PARSED_CODECS or self._no_parser is not None
        )

    @property
    def cell(self) -> int:
        """Pixels of the codec's smallest block."""
        return _SMALLEST_BLOCKS.get(self._codec, 8)

    def refuse(self, reason: str) -> None:
        """Do without the parser from now on: it does not know what the stream uses."""
        self._no_parser = f"{reason} in the parser that reads them. {ADVICE}"

    @contextmanager
    def refused(self, reason: str) -> Iterator[None]:
        """Do without the parser for one read. What others return does not depend on it."""
        before = self._no_parser
        self.refuse(reason)
        try:
            yield
        finally:
            self._no_parser = before

    def choose(
        self,
        pictures: Collection[Picture],
        *,
        wanted: Collection[int],
        needs_frames: bool,
        with_costs: bool,
    ) -> ExportedMotion | MotionParser:
        """The source of some vectors of one GOP.

        The parser, but for what it refuses, and for P-frames of MPEG-4 that are decoded anyway:
        what FFmpeg exports of these is exact, and costs less.

        Args:
            pictures: The GOP's.
            wanted: Display indices of those whose vectors are wanted.
            needs_frames: Whether these must be decoded anyway.
            with_costs: Whether bits and coefficients are wanted.

        Raises:
            NoMotionVectorsError: If there is no source of these.
        """
        codec = self._codec
        predicted = [p for p in pictures if p.display in wanted and p.kind != "I"]
        bipredicted = [picture for picture in predicted if picture.kind == "B"]
        problem = self._no_parser
        if problem is None and codec == "h264" and any(p.is_interlaced for p in pictures):
            problem = f"interlaced video is not read by the parser. {ADVICE}"
        if codec in PARSED_CODECS and problem is None:
            is_exact = codec == "mpeg4" and needs_frames and not bipredicted and not with_costs
            if wanted and not is_exact:
                try:
                    return self._parser(with_costs=with_costs)
                except UnsupportedVideoError as error:
                    self.refuse(error.message)
                    problem = self._no_parser
        if with_costs and wanted:  # else the GOP is read for its I-frame
            problem = problem or f"only of {', '.join(PARSED_CODECS)}"
            self._fail(f"bits of blocks cannot be read: {problem}", predicted)
        if codec == "mpeg4" and bipredicted:
            self._fail(
                f"FFmpeg exports no motion vectors for B-frames of MPEG-4 part 2: {problem}. Or "
                "sample I- and P-frames only",
                bipredicted,
            )
        if predicted and codec not in EXPORTING_CODECS:
            detail = f". {ADVICE}" if problem is None else f": {problem}"
            self._fail(f"FFmpeg exports no motion vectors for {codec}{detail}", predicted)
        return self._exported

    def _parser(self, *, with_costs: bool) -> MotionParser:
        """A new one: headers that it met elsewhere in the stream must have no say."""
        options: dict = {"with_costs": with_costs, "warned": self._warned, "path": self._path}
        if self._codec == "mpeg4":
            return Mpeg4Motion(self._extradata, **options)
        if self._codec == "vp9":
            return Vp9Motion(self._extradata, **options)
        parser = PARSED_CODECS[self._codec].Parser(self._extradata)
        parser.headers([self._first_packet])
        return ParsedMotion(parser, codec=self._codec, **options)

    def _fail(self, problem: str, pictures: Collection[Picture]) -> None:
        frame = next((picture.display for picture in pictures), None)
        raise NoMotionVectorsError(problem, path=self._path, codec=self._codec, frame=frame)
