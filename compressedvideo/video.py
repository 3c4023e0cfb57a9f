"""Read I-frames, motion vectors and residuals of chosen frames of a video, in one pass."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from .allocate import allocate_clip
from .assemble import ClipAssembler
from .boundary import bad_data
from .clip import CompressedClip
from .container.in_memory import PacketsInMemory
from .container.opening import Source, name_of
from .container.orientation import Orientation
from .container.packets import PacketReader
from .damage import check_on_damage
from .decoding.colours import ColourConverter
from .errors import CorruptVideoError, FrameIndexError, VideoOpenError
from .limits import Limits
from .motion.parsed import RefusedError
from .motion.source import EXPORTING_CODECS
from .plan import base_of, group_by_gop
from .request import Request, check_request
from .stream import VideoStream
from .transcoding import check_on_missing_motion, transcode
from .upright import as_displayed

_MAX_AHEAD = 1 << 22
"""Bytes of packets that are collected and planned before they are decoded: what only handles small
objects takes half as long if no decoder empties the caches in between."""


class CompressedVideo:
    """A compressed video, opened for reading. Use as a context manager.

    Frames are numbered in display order from the first key frame, every picture that is shown
    counts (edit lists of MP4 files are ignored). What the metadata say about turning and mirroring
    is honoured: sizes, pictures and vectors are those of the video as displayed.

    Types, order and key frames are read from the headers of the pictures themselves, whatever the
    container claims; of codecs that no parser knows, from timestamps and the container's flags.

    Args:
        source: Path, bytes, or a seekable binary file object, which stays open afterwards; or
            packets that were read already.
        virtual_gop: Let a P-picture about every this many frames after a key frame stand in as an
            I-frame: the first that others refer to. None: real key frames only.
        stream: Index of the stream in the file. None: the first video that is no cover art.
        limits: How large the video may be, and what is read of it at once. None: the defaults.
        on_damage: What becomes of pictures that the decoder finds damaged, or that others are
            missing for. ``'raise'``: an error. ``'keep'``: they are returned as the decoder makes
            them up, and the clip's ``damaged`` says which; ``'warn'``: a warning does, too. What
            no decoder returns, and vectors that cannot be parsed, are errors all the same.
        on_missing_motion: What becomes of a video whose codec gives no vectors (VP8, AV1, ...).
            ``'raise'``: pictures are read, and vectors are an error. ``'transcode'``: it is
            re-encoded in memory as :func:`~compressedvideo.reencode` does by default, and a warning
            says so once. Frames keep their numbers; types, vectors and residuals are those of the
            new video, times those of its constant rate.

    No file but this one is opened: what names others, such as playlists, is refused. Whatever is
    wrong with the data, here and in all methods and properties, is a CodecError.

    Raises:
        VideoOpenError: If the source is missing, empty, no video, or has no such stream.
        CorruptVideoError: If it has no key frame, or cannot be read to its end.
        LimitError: If it is larger than the limits allow.
        ValueError: If ``virtual_gop`` is below 1, or for an unknown ``on_damage`` or
            ``on_missing_motion``.
    """

    def __init__(
        self,
        source: Source | PacketsInMemory,
        *,
        virtual_gop: int | None = None,
        stream: int | None = None,
        limits: Limits | None = None,
        on_damage: str = "raise",
        on_missing_motion: str = "raise",
    ) -> None:
        check_on_damage(on_damage)
        check_on_missing_motion(on_missing_motion)
        self._on_damage = on_damage
        self._limits = limits or Limits()
        if virtual_gop is not None and virtual_gop < 1:
            raise ValueError(f"virtual_gop={virtual_gop!r} must be None or at least 1")
        self._virtual_gop = virtual_gop
        packets: PacketReader | PacketsInMemory
        if isinstance(source, PacketsInMemory):
            self._path, packets = source.path, source
        else:
            self._path = name_of(source)
            with bad_data(self._path, kind=VideoOpenError):
                packets = PacketReader(source, self._path, stream=stream, limits=self._limits)
        self._closed = False
        self._transcoded_from: str | None = None
        try:
            with bad_data(self._path, packets.codec):
                self._use(packets)
                if on_missing_motion == "transcode" and self._stream.motion.is_empty:
                    if isinstance(source, PacketsInMemory):
                        raise ValueError("packets in memory are not re-encoded, only videos")
                    packets.close()
                    packets = self._transcode(source, stream)
                    self._use(packets)
        except BaseException:
            packets.close()
            raise

    def _use(self, packets: PacketReader | PacketsInMemory) -> None:
        self._stream = VideoStream(
            packets, path=self._path, limits=self._limits, on_damage=self._on_damage
        )
        self._colours = ColourConverter()
        self._iframes: list[int] | None = None

    def _transcode(self, source: Source, stream: int | None) -> PacketReader:
        """Another video that shows the same."""
        self._transcoded_from = self.codec
        video = transcode(
            source,
            path=self._path,
            codec=self.codec,
            num_frames=self.num_frames,
            stream=stream,
            limits=self._limits,
        )
        return PacketReader(video, self._path, stream=None, limits=self._limits)

    def __enter__(self) -> CompressedVideo:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """Release the file. Closing twice is harmless."""
        self._closed = True
        self._stream.close()

    def __repr__(self) -> str:
        return f"<CompressedVideo {self._path} {self._stream.codec} {self.num_frames} frames>"

    @property
    def path(self) -> str:
        """The source as messages name it."""
        return self._path

    @property
    def codec(self) -> str:
        """FFmpeg's codec name, such as ``mpeg4`` or ``h264``."""
        return self._stream.codec

    @property
    def transcoded_from(self) -> str | None:
        """The codec of the source, if it was re-encoded for want of vectors; else None."""
        return self._transcoded_from

    @property
    def width(self) -> int:
        """Pixels, of the video as displayed."""
        return self._stream.size[0 if self._orientation().transposes else 1]

    @property
    def height(self) -> int:
        """Pixels, of the video as displayed."""
        return self._stream.size[1 if self._orientation().transposes else 0]

    @property
    def fps(self) -> float:
        """Frames per second, the average if it varies."""
        return self._stream.fps

    @property
    def num_frames(self) -> int:
        """Frames that the decoder shows, from the first key frame on."""
        return self._stream.index.num_frames

    @property
    def keyframes(self) -> np.ndarray:
        """[G] int64: display indices of the key frames. The first is 0."""
        return self._stream.index.keyframes.copy()

    @property
    def frame_types(self) -> list[str]:
        """Picture types in display order: ``'I'``, ``'P'``, ``'B'``, ``'S'``.

        From the packets' headers. Of codecs that no parser knows by decoding the whole video once.
        """
        self._check_open()
        index = self._stream.index
        if index.is_claimed and "?" in index.frame_types:
            clip = self.read(range(index.num_frames), modalities=())
            index.frame_types = clip.frame_types
        return list(index.frame_types)

    def gop_frame_types(self, gop: int) -> list[str]:
        """Picture types of one GOP, display order.

        Args:
            gop: Position in ``keyframes``.

        Raises:
            FrameIndexError: If there is no such GOP.
        """
        self._check_open()
        index = self._stream.index
        if not 0 <= gop < len(index.keyframes):
            raise FrameIndexError(
                f"there is no GOP {gop}, only 0..{len(index.keyframes) - 1}", path=self._path
            )
        begin, end = [*index.keyframes.tolist(), index.num_frames][gop : gop + 2]
        return self.frame_types[begin:end]

    @property
    def has_b_frames(self) -> bool:
        """Whether any frame is a B-frame."""
        return "B" in self.frame_types

    @property
    def iframe_inds(self) -> np.ndarray:
        """[I] int64: display indices of the I-frames, real (key frames) and virtual."""
        return np.array(self._iframe_list(), np.int64)

    def read(
        self,
        frame_inds: Sequence[int] | np.ndarray,
        *,
        reference: str = "previous",
        modalities: Collection[str] = ("iframe", "motion", "residual"),
        precision: str = "subpixel",
        iframe_inds: Sequence[int] | np.ndarray | None = None,
        per_frame: bool = False,
        layout: str = "pixels",
        out: CompressedClip | None = None,
    ) -> CompressedClip:
        """Read frames in one pass over the packets that they need.

        Args:
            frame_inds: S display indices, in any order, repetitions allowed.
            reference: ``'previous'``: motion and residual against the pictures that the codec
                predicted from. P-frames keep their vectors. B-frames get the mean of vector /
                signed distance (pixels per frame), and bi-prediction. ``'iframe'``: against
                the I-frame at or before the frame, accumulated by CoViAR's rule
                (:func:`motion.follow`); B-frames follow their past vector, or the future one
                where there is no past one.
            modalities: What to return, of ``MODALITIES`` and ``MACROBLOCK_MODALITIES``.
                ``'motion_past'`` and ``'motion_future'`` are vectors as coded, whatever
                ``reference`` says. ``'bits'`` returns the coefficient counts too. Of MPEG-4 part
                2, H.264, HEVC and VP9, vectors and bits alone are parsed from the packets: nothing
                is decoded.
            precision: ``'subpixel'`` (float32), or ``'integer'`` (int16): vectors truncated to
                whole pixels and void where they point outside the frame, as CoViAR's.
            iframe_inds: K display indices of the pictures to return as ``iframes``. None: the
                I-frame, real or virtual, at or before each frame.
            per_frame: Divide the motion of P-frames by its distance too, so that it is in pixels
                per frame like that of B-frames.
            layout: ``'pixels'``, or ``'cells'``: ``motion`` is [S, ceil(H/c), ceil(W/c), 2], a
                vector for each c x c pixels, than which no block is smaller: 8, or 4 of H.264,
                HEVC and VP9. Only for sub-pixel
                ``'motion'`` with ``reference='previous'``, and not beside ``'residual'`` or
                directions.
            out: A clip read earlier that is done with: its arrays are overwritten where they are of
                the right size and type and hold at least as many frames. In clips of more than some
                30 MB, new memory takes about as long as the reading.

        Returns:
            The clip. I-frames have zero motion and zero residual.

        Raises:
            FrameIndexError: For an index outside the video.
            NoMotionVectorsError: If the codec has none for a frame that needs them, or those of
                MPEG-4 part 2's B-frames need the compiled parser, and it is missing.
            CorruptVideoError: If a frame cannot be decoded, or its vectors parsed.
            LimitError: If the clip would be larger than ``limits`` allow.
            ValueError: For an unknown reference, modality or precision, or a closed video.
        """
        self._check_open()
        request = check_request(
            reference=reference,
            precision=precision,
            modalities=modalities,
            per_frame=per_frame,
            layout=layout,
        )
        frames = self._check_indices(frame_inds, "frame_inds")
        index = self._stream.index
        if index.is_claimed and request.wants_vectors and self.codec in EXPORTING_CODECS:
            index.set_kinds(self.frame_types)  # B-frames are predicted in another way
        if iframe_inds is None:
            iframes = self._iframes_of(frames)
        else:
            iframes = self._check_indices(iframe_inds, "iframe_inds")
        try:
            clip = self._read(frames, iframes, request, out)
        except RefusedError as error:
            with self._stream.motion.refused(str(error)):
                clip = self._read(frames, iframes, request, out)
        self._stream.damage.warn(clip.damaged, frames)
        return as_displayed(clip, self._orientation())

    def _read(
        self,
        frames: np.ndarray,
        iframes: np.ndarray,
        request: Request,
        out: CompressedClip | None = None,
    ) -> CompressedClip:
        height, width = self._stream.size
        clip = allocate_clip(
            request,
            frames=frames,
            iframes=iframes,
            keyframes=self._stream.index.keyframes,
            height=height,
            width=width,
            cell=self._stream.motion.cell,
            out=out,
            limits=self._limits,
            path=self._path,
        )
        try:
            with bad_data(self._path, self._stream.codec):
                self._fill(clip, request)
        except CorruptVideoError:
            self._stream.decoder.stain()
            raise
        return clip

    def _fill(self, clip: CompressedClip, request: Request) -> None:
        stream = self._stream
        frames, iframes = clip.frame_inds, clip.iframe_inds
        height, width = stream.size
        stream.damage.forget()
        stream.decoder.begin_read()
        assembler = ClipAssembler(
            clip,
            request,
            colours=self._colours,
            height=height,
            width=width,
            iframe_inds=self._iframe_list(),
            damage=stream.damage,
            path=self._path,
            codec=stream.codec,
        )
        frames_of = group_by_gop(frames, stream.index.keyframes)
        iframes_of = (
            group_by_gop(iframes, stream.index.keyframes) if clip.iframes is not None else {}
        )
        pipeline = stream.pipeline
        plans = []
        size = 0
        gops = sorted(frames_of.keys() | iframes_of.keys())
        for gop in gops:
            plan, source = pipeline.plan(
                gop,
                request,
                frames=frames_of.get(gop, ()),
                iframes=iframes_of.get(gop, ()),
                iframe_inds=self._iframe_list(),
            )
            plans.append((plan, source))
            size += pipeline.fetch(plan)
            if gop == gops[-1] or size > _MAX_AHEAD:
                for plan, source in plans:
                    assembler.fill(plan, pipeline.arrivals(plan, source))
                plans, size = [], 0
        clip.pts_seconds[:] = stream.seconds(frames)
        clip.damaged[:] = stream.damage.flags(frames)
        clip.iframe_damaged[:] = stream.damage.flags(iframes)

    # -- what read needs

    def _iframe_list(self) -> list[int]:
        if self._iframes is None:
            self._iframes = iframes = self._stream.index.keyframes.tolist()
            if self._virtual_gop is not None:  # may read frames for their types: not a second time
                self._iframes = self._with_virtual(iframes, self._virtual_gop)
        return self._iframes

    def _with_virtual(self, keyframes: list[int], spacing: int) -> list[int]:
        types = self.frame_types
        keys, iframes = set(keyframes), [0]
        for display in range(1, self.num_frames):
            is_anchor = types[display] != "B" and self._stream.index.is_referenced(display)
            if display in keys or (is_anchor and display - iframes[-1] >= spacing):
                iframes.append(display)
        return iframes

    def _iframes_of(self, frames: np.ndarray) -> np.ndarray:
        iframes = self._iframe_list()
        return np.array([base_of(d, iframes) for d in frames.tolist()], np.int64)

    def _orientation(self) -> Orientation:
        if not self._stream.knows_orientation:
            self._check_open()
        return self._stream.orientation()

    # -- checks

    def _check_open(self) -> None:
        if self._closed:
            raise ValueError(f"{self._path}: the video is closed; open it again to read from it")

    def _check_indices(self, indices: Sequence[int] | np.ndarray, name: str) -> np.ndarray:
        array = np.asarray(indices)
        if not array.size:
            return np.zeros(0, np.int64)
        if array.ndim != 1 or array.dtype.kind not in "iu":
            raise ValueError(
                f"{name} must be a flat sequence of integers, got {array.dtype} of shape "
                f"{array.shape}"
            )
        outside = array[(array < 0) | (array >= self.num_frames)]
        if outside.size:
            raise FrameIndexError(
                f"{name} outside 0..{self.num_frames - 1}",
                path=self._path,
                codec=self._stream.codec,
                frame=int(outside[0]),
            )
        return array.astype(np.int64)
