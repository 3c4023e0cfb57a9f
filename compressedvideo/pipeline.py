"""Some frames of one GOP in, what the parser and the decoder make of their packets out.

The way through the reader is ask → index → plan → parse and decode → fields → clip: this is its
middle. :mod:`request` and :mod:`index` come before it, :mod:`assemble` after it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

from av.video.frame import VideoFrame

from .assemble import Arrival, missing_frame
from .container.in_memory import PacketsInMemory
from .container.orientation import Matrix
from .container.packets import PacketReader
from .damage import Damage
from .decoding.decoder import Decoder, Decoding, display_matrix
from .errors import CorruptVideoError
from .index import Picture, VideoIndex
from .motion.parsed import MotionParser
from .motion.source import ExportedMotion, MotionSources
from .motion.vp9 import Vp9Motion
from .plan import Plan, plan_gop
from .request import Request

_MAX_TRIED = 16
"""Key frames that are decoded to learn how frames are displayed, if the first ones are damaged."""


class GopPipeline:
    """Plans, fetches, parses and decodes GOPs of one video.

    Args:
        packets: Of the stream.
        index: Its pictures.
        decoder: Of the stream.
        sources: Where vectors come from.
        damage: What becomes of pictures that rest on lost ones.
        size: Height and width of the stored pictures, pixels.
        any_frame_tells: Not only the first frame says how frames are displayed.
    """

    def __init__(
        self,
        packets: PacketReader | PacketsInMemory,
        index: VideoIndex,
        *,
        decoder: Decoder,
        sources: MotionSources,
        damage: Damage,
        size: tuple[int, int],
        any_frame_tells: bool,
    ) -> None:
        self._packets = packets
        self._index = index
        self._decoder = decoder
        self._sources = sources
        self._damage = damage
        self._height, self._width = size
        self._any_frame_tells = any_frame_tells
        self._placed: set[int] = set()  # GOPs whose hidden pictures were looked for
        self._matrix: tuple[Matrix | None] | None = None  # once it is known

    def plan(
        self,
        gop: int,
        request: Request,
        *,
        frames: Sequence[int],
        iframes: Sequence[int],
        iframe_inds: Sequence[int],
    ) -> tuple[Plan, ExportedMotion | MotionParser]:
        """What to do for some frames of a GOP, and where their vectors come from.

        Args:
            gop: Its number.
            request: What is wanted.
            frames: Display indices of the wanted frames.
            iframes: Display indices of the pictures to return as I-frames.
            iframe_inds: Display indices of all I-frames, real and virtual, sorted.

        Raises:
            NoMotionVectorsError: If the codec has no vectors for a frame that needs them.
            CorruptVideoError: If one of the frames cannot be decoded from its key frame on.
        """
        numbers = {int(self._index.shown[display]): display for display in chain(frames, iframes)}
        self._check_lost(numbers)
        wanted = set(frames) if request.wants_vectors else set()

        def choose(pictures: list[Picture]) -> ExportedMotion | MotionParser:
            return self._sources.choose(
                pictures,
                wanted=wanted,
                needs_frames=not request.modalities.isdisjoint(("rgb", "residual")),
                with_costs="bits" in request.modalities,
            )

        pictures = self._index.pictures(gop, last=max(numbers))
        source = choose(pictures)
        if isinstance(source, Vp9Motion) and request.needs_references:
            # A frame that shows a hidden picture comes behind those that are predicted from it.
            self._place_hidden(gop, source)
            pictures = self._index.pictures(gop, last=self._index.last_of(gop))
        missing = set(numbers.values()).difference(picture.display for picture in pictures)
        if missing:
            raise missing_frame(min(missing), path=self._packets.path, codec=self._packets.codec)
        parses = not isinstance(source, ExportedMotion)
        if not parses:
            for picture in pictures:
                picture.assume_nearest()
        plan = plan_gop(
            pictures,
            request,
            frames=frames,
            iframes=iframes,
            iframe_inds=iframe_inds,
            parses=parses,
            provenance=source.provenance,
        )
        return plan, source

    def _place_hidden(self, gop: int, source: Vp9Motion) -> None:
        """Find the frames that show hidden pictures of a GOP, for what is predicted from those."""
        if gop in self._placed:
            return
        pictures = self._index.pictures(gop, last=self._index.last_of(gop))
        if any(picture.display < -1 for picture in pictures):
            self._give_packets(pictures)
            for number, display in source.overlays(pictures).items():
                self._index.place(number, display)
        self._placed.add(gop)

    def _check_lost(self, displays: Mapping[int, int]) -> None:
        lost = self._index.lost
        for number, display in displays.items():
            if lost[number]:
                self._damage.found(
                    "pictures that this frame is predicted from are missing in the file; read "
                    "other frames, or drop the file",
                    display,
                )

    def fetch(self, plan: Plan) -> int:
        """Give the pictures of a plan their packets.

        Returns:
            How many bytes those have.

        Raises:
            CorruptVideoError: If one is not where it was.
        """
        numbered = {picture.number: picture for picture in chain(plan.parse, plan.send)}
        if not numbered:
            return 0
        return self._give_packets([numbered[number] for number in sorted(numbered)])

    def _give_packets(self, pictures: Sequence[Picture]) -> int:
        first, last = pictures[0].first_packet, pictures[-1].last_packet
        packets = self._packets.read(first, last + 1)
        size = 0
        for picture in pictures:
            own = packets[picture.first_packet - first : picture.last_packet - first + 1]
            if len(own) == 1:
                data = memoryview(own[0])
                if picture.stop - picture.start != len(data):
                    own = [data[picture.start : picture.stop]]
            picture.packets = own
            size += picture.stop - picture.start
        return size

    def matrix(self) -> Matrix | None:
        """The display matrix of the first frame, which may be decoded for it. If that is damaged,
        of another key frame's, where these must tell the same.

        Raises:
            CorruptVideoError: If none of them can be decoded.
        """
        if self._matrix is not None:
            return self._matrix[0]
        num_tried = _MAX_TRIED if self._any_frame_tells else 1
        error = missing_frame(0, path=self._packets.path, codec=self._packets.codec)
        for gop in range(min(num_tried, len(self._index.keyframes))):
            try:
                self._look_at_key_frame(gop)
            except CorruptVideoError as failed:
                error = failed if gop == 0 else error
            if self._matrix is not None:
                return self._matrix[0]
        raise error

    def _look_at_key_frame(self, gop: int) -> None:
        number = int(self._index.shown[self._index.keyframes[gop]])
        picture = self._index.pictures(gop, last=number)[0]
        picture.packets = self._packets.read(picture.first_packet, picture.last_packet + 1)
        decoding = self._decoder.start(exports=None)
        for _, frame in chain(decoding.send(picture), decoding.finish(vectors=set())):
            self._matrix = (display_matrix(frame),)
            return

    def _see(self, picture: Picture, frame: VideoFrame) -> None:
        """Look at a decoded frame for what only frames tell."""
        if self._matrix is None and (self._any_frame_tells or picture.display == 0):
            self._matrix = (display_matrix(frame),)

    def arrivals(self, plan: Plan, source: ExportedMotion | MotionParser) -> Iterator[Arrival]:
        """Vectors in decoding order, frames in display order, each as soon as it is there."""
        if isinstance(source, ExportedMotion):
            return self._decode_with_vectors(plan, source)
        return self._parse_and_decode(plan, source)

    def _decode_with_vectors(self, plan: Plan, source: ExportedMotion) -> Iterator[Arrival]:
        exports = bool(plan.vectors)

        def arrival(picture: Picture, frame: VideoFrame) -> Arrival:
            if decoding.tells_matrix:
                self._see(picture, frame)
            vectors = source.blocks(frame) if picture.display in plan.vectors else None
            return Arrival(picture, vectors, frame=frame)

        if not plan.send:
            return
        # Types, too, are read off frames whose pixels nobody wants.
        pixels = bool(plan.pixels or plan.kept or not exports)
        decoding = self._decoder.start(exports=exports, pixels=pixels)
        for picture in plan.send:
            for shown, frame in decoding.send(picture):
                yield arrival(shown, frame)
        for shown, frame in decoding.finish(vectors=plan.vectors):
            yield arrival(shown, frame)

    def _parse_and_decode(self, plan: Plan, parser: MotionParser) -> Iterator[Arrival]:
        decoding = self._decoder.start(exports=False) if plan.send else None
        unsent = iter(plan.send)
        runs = (
            parser.parse(plan.parse, wanted=plan.vectors, height=self._height, width=self._width)
            if plan.parse
            else ()
        )
        sent: Picture | None = next(unsent, None)
        for run, parsed in runs:
            for picture, cells, costs in parsed:
                yield Arrival(picture, cells, costs)
            # In step, so that neither vectors nor frames pile up.
            while decoding is not None and sent is not None and sent.number <= run[-1].number:
                yield from self._frames(decoding, decoding.send(sent))
                sent = next(unsent, None)
        if decoding is None:
            return
        while sent is not None:
            yield from self._frames(decoding, decoding.send(sent))
            sent = next(unsent, None)
        yield from self._frames(decoding, decoding.finish(vectors=set()))

    def _frames(
        self, decoding: Decoding, shown: Iterable[tuple[Picture, VideoFrame]]
    ) -> Iterator[Arrival]:
        for picture, frame in shown:
            if decoding.tells_matrix:
                self._see(picture, frame)
            yield Arrival(picture, frame=frame)
