"""Where vectors come from: a picture in, its vectors on a grid of cells out.

Two sources: what FFmpeg exports while it decodes, and our own parser of the bitstream, which needs
no decoder. The parser of another codec takes :class:`ParsedMotion`'s place.
"""

from __future__ import annotations

import warnings
from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np
from av.sidedata.motionvectors import MotionVectors
from av.sidedata.sidedata import SideDataContainer
from av.video.frame import VideoFrame

from ..bitstream import mpeg4
from ..errors import CorruptVideoError, NoMotionVectorsError, UnsupportedVideoError
from ..index import Picture
from .fields import MotionCells

EXPORTING_CODECS = ("mpeg4", "h264", "mpeg1video", "mpeg2video", "h263", "h263p", "flv1", "flv")
"""FFmpeg's decoders that export motion vectors."""

ADVICE = (
    "Re-encode it to a codec with vectors: "
    "python tools/data/reencode.py SOURCE TARGET --codec mpeg4 --gop-size 12"
)
PARSER_ADVICE = (
    "the compiled parser that reads them is missing; reinstall with a C compiler present: "
    "pip install --force-reinstall --no-deps --no-cache-dir mmcondense "
    "(in a clone: pip install -e .)"
)


class RefusedError(Exception):
    """The stream uses a tool that the parser does not know."""


class Costs(NamedTuple):
    """What each macroblock of a picture cost."""

    bits: np.ndarray
    """[ceil(H/16), ceil(W/16)] uint32."""
    coefficients: np.ndarray
    """[ceil(H/16), ceil(W/16)] uint16."""


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


class ParsedMotion:
    """Vectors of MPEG-4 part 2, parsed from packets: of B-frames too, and without decoding.

    Args:
        extradata: The codec's global headers.
        with_costs: Parse I-pictures too, which have no vectors, and return :class:`Costs`.
        path: The video, for errors.

    Raises:
        UnsupportedVideoError: If the headers announce a tool that the parser does not know.
    """

    provenance = "parsed"

    def __init__(self, extradata: bytes | None, *, with_costs: bool, path: str) -> None:
        self._parser = mpeg4.Mpeg4MotionParser(extradata, skip_i_vops=not with_costs, path=path)
        self._with_costs = with_costs
        self._path = path
        self._damage: str | None = None
        self._has_warned = False

    def restart(self) -> None:
        """Call it before the key frame of each GOP."""
        self._parser.reset()
        self._damage = None

    def parse(
        self, pictures: Sequence[Picture], *, wanted: Collection[int], height: int, width: int
    ) -> tuple[dict[int, MotionCells], dict[int, Costs]]:
        """Parse the next pictures in decoding order; only B-pictures may be left out.

        Args:
            pictures: Hold their packets.
            wanted: Display indices of those to return. The others only serve to read later ones,
                and damage to them does not matter yet.
            height, width: Frame size, pixels.

        Returns:
            Vectors by display index, and costs likewise, if there are any.

        Raises:
            CorruptVideoError: If a wanted picture cannot be parsed.
            UnsupportedVideoError: If its size is another one.
            RefusedError: If one uses a tool that the parser does not know.
        """
        run = self._parser.parse_run(
            [picture.packet for picture in pictures],
            [picture.display in wanted for picture in pictures],
            height=height,
            width=width,
            with_costs=self._with_costs,
        )
        for problem in run.problems:
            self._check(problem, pictures[problem.number], wanted=wanted, size=(height, width))
        displays = [picture.display for picture in pictures if picture.display in wanted]
        costs: dict[int, Costs] = {}
        if run.bits is not None and run.coefficients is not None:
            costs = dict(zip(displays, map(Costs, run.bits, run.coefficients), strict=True))
        return dict(zip(displays, run.cells, strict=True)), costs

    def _check(
        self,
        problem: mpeg4.Problem,
        picture: Picture,
        *,
        wanted: Collection[int],
        size: tuple[int, int],
    ) -> None:
        """Raise, warn, or remember the problem for later."""
        if problem.is_unsupported:
            raise RefusedError(problem.error)
        if problem.error:
            self._damage = (
                self._damage or f"{picture.kind}-frame {picture.display}: {problem.error}"
            )
            if picture.display in wanted:
                raise CorruptVideoError(
                    f"its motion vectors cannot be parsed ({self._damage}); re-encode or drop the "
                    "file",
                    path=self._path,
                    codec="mpeg4",
                    frame=picture.display,
                )
            return
        if not problem.ends_exactly and not self._has_warned:
            self._has_warned = True
            warnings.warn(
                f"{self._path}: the macroblocks of {picture.kind}-frame {picture.display} do not "
                "end where the picture does; its vectors and others of this file are doubtful",
                stacklevel=2,
            )
        if picture.display in wanted and problem.size != size:
            raise UnsupportedVideoError(
                f"the frame size changes from {size[1]}x{size[0]} to {problem.size[1]}x"
                f"{problem.size[0]}; re-encode the file",
                path=self._path,
                codec="mpeg4",
                frame=picture.display,
            )


class MotionSources:
    """The sources of one video, and the choice among them.

    Args:
        codec: FFmpeg's name.
        extradata: The codec's global headers.
        path: The video, for errors.
    """

    def __init__(self, codec: str, extradata: bytes | None, *, path: str) -> None:
        self._codec = codec
        self._extradata = extradata
        self._path = path
        self._exported = ExportedMotion(codec)
        self._parsed: dict[bool, ParsedMotion] = {}
        self._no_parser: str | None = None
        if codec == "mpeg4" and not mpeg4.is_available():
            self._no_parser = PARSER_ADVICE

    def refuse(self, reason: str) -> None:
        """Do without the parser from now on: it does not know what the stream uses."""
        self._no_parser = f"{reason} in the parser that reads them. {ADVICE}"

    def choose(
        self, pictures: Collection[Picture], *, decodes: bool, with_costs: bool
    ) -> ExportedMotion | ParsedMotion:
        """The source of some pictures' vectors.

        The parser, if FFmpeg's vectors are not exact or nothing is to be decoded anyway.

        Args:
            pictures: Those whose vectors are wanted.
            decodes: Whether pictures must be decoded.
            with_costs: Whether bits and coefficients are wanted.

        Raises:
            NoMotionVectorsError: If there is no source of these.
        """
        predicted = [picture for picture in pictures if picture.kind != "I"]
        bipredicted = [picture for picture in predicted if picture.kind == "B"]
        if self._codec == "mpeg4" and (with_costs or bipredicted or not decodes):
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

    def _parser(self, *, with_costs: bool) -> ParsedMotion:
        if with_costs not in self._parsed:
            self._parsed[with_costs] = ParsedMotion(
                self._extradata, with_costs=with_costs, path=self._path
            )
        return self._parsed[with_costs]

    def _fail(self, problem: str, pictures: Collection[Picture]) -> None:
        frame = next((picture.display for picture in pictures), None)
        raise NoMotionVectorsError(problem, path=self._path, codec=self._codec, frame=frame)
