"""Frames in, one encoded clip out: chosen codec, exact GOP, B-frames or none, no audio.

Every encoder is set up so that a key frame comes every ``gop_size`` frames and nowhere else (no
scene-cut key frames), that GOPs are closed, that ``b_frames`` B-frames stand between two anchors
(fewer before the last anchor of a GOP, and where x265 meets a scene cut), and that the same frames
give the same bytes. H.264 uses one reference picture per direction, no B-pyramid and no weighted
prediction: its export does not say which reference a block used, and this way there is only one it
can be. VP9 has no hidden frames (alternate references). ``options`` overrides any of it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, cast

import av
import numpy as np
from av.codec.context import Flags
from av.error import FFmpegError
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter

from ..container.opening import name_of
from ..errors import CodecError

FrameRate = int | float | Fraction


@dataclass(frozen=True)
class _Encoder:
    """What FFmpeg calls an encoder, and how it is told to behave."""

    name: str
    default_quality: int
    quality_range: tuple[int, int]  # _QSCALE, _CRF or _CRF_VP9
    options: dict[str, str] = field(default_factory=dict)
    max_b_frames: int = 16
    size_multiple: int = 2
    sizes: tuple[tuple[int, int], ...] | None = None
    frame_rates: tuple[Fraction, ...] | None = None
    needs_least_gop: bool = False  # without it key frames come at scene cuts, too


_QSCALE, _CRF, _CRF_VP9 = (1, 31), (0, 51), (0, 63)
_MPEG_RATES = tuple(
    Fraction(*rate)
    for rate in [(24000, 1001), (24, 1), (25, 1), (30000, 1001), (30, 1), (50, 1), (60000, 1001)]
) + (Fraction(60),)
_MPEG = {"sc_threshold": "1000000000", "mpv_flags": "+strict_gop"}
_X264 = {"sc_threshold": "0", "b_strategy": "0", "b-pyramid": "none", "refs": "1", "weightp": "0"}
_X264_B = {"mbtree": "0"}  # with B-frames what it plans differs from run to run
_X265 = "scenecut=0:b-adapt=0:pools=none:frame-threads=1:info=0:log-level=none"
_LEAST_CUTREE_WIDTH = 64
"""Of pictures of 33 to 48 pixels x265 (4.2) writes beyond its memory when it plans bits ahead."""
_VP9 = {"b": "0", "cpu-used": "4", "lag-in-frames": "0", "auto-alt-ref": "0", "row-mt": "0"}
_H263_SIZES = ((128, 96), (176, 144), (352, 288), (704, 576), (1408, 1152))

ENCODERS: dict[str, _Encoder] = {
    "mpeg4": _Encoder("mpeg4", 2, _QSCALE, _MPEG),
    "h264": _Encoder("libx264", 18, _CRF, _X264),
    "mpeg1": _Encoder("mpeg1video", 2, _QSCALE, _MPEG, frame_rates=_MPEG_RATES),
    "mpeg2": _Encoder("mpeg2video", 2, _QSCALE, _MPEG, frame_rates=_MPEG_RATES),
    "h263": _Encoder("h263", 2, _QSCALE, _MPEG, max_b_frames=0, sizes=_H263_SIZES),
    "h263p": _Encoder("h263p", 2, _QSCALE, _MPEG, max_b_frames=0, size_multiple=4),
    "flv1": _Encoder("flv", 2, _QSCALE, _MPEG, max_b_frames=0),
    "hevc": _Encoder("libx265", 20, _CRF, {"x265-params": _X265}),
    "vp9": _Encoder("libvpx-vp9", 24, _CRF_VP9, _VP9, max_b_frames=0, needs_least_gop=True),
}
"""Codec names :class:`VideoWriter` takes. Vectors of ``hevc`` and ``vp9`` are read from the
bitstream, references included, so that x265 keeps its three of them and its B-pyramid."""


class VideoWriter:
    """Writes RGB frames to a video file that appears under its name only once it is complete.

    The file grows as ``<stem>.part<suffix>`` beside ``path`` and is moved into place when the
    ``with`` block ends; after an error it is removed. The container follows the suffix.

    Args:
        path: file to write, for instance ``clip.mp4``, ``clip.avi``, ``clip.mkv``; or a binary file
            object that can seek, which gets MP4 and stays open.
        width, height: frame size in pixels, even and at least 16 (``h263``: its five sizes;
            ``h263p``: multiples of 4).
        fps: constant frame rate, frames per second, 1 to 240 (``mpeg1``, ``mpeg2``: the standard's
            eight rates).
        codec: one of :data:`ENCODERS`.
        gop_size: frames from one key frame to the next, 1 to 600.
        b_frames: B-frames between two anchors (I or P), 0 to 16 and below ``gop_size``.
        quality: lower is better. Quantiser scale 1 to 31 (default 2; CoViAR's clips used 1), or for
            ``h264`` and ``hevc`` the constant rate factor 0 to 51 (default 18 and 20), for ``vp9``
            0 to 63 (default 24).
        options: FFmpeg encoder options that override ours, for instance ``{'refs': '3'}`` or, for
            open GOPs, ``{'flags': '-cgop'}``.

    Raises:
        ValueError: for an argument outside the ranges above.
        FileNotFoundError: if the folder does not exist.
        CodecError: if the encoder or the container refuses these settings (on entering), or no
            frame was written (on leaving).
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | BinaryIO,
        *,
        width: int,
        height: int,
        fps: FrameRate = 25,
        codec: str = "mpeg4",
        gop_size: int = 12,
        b_frames: int = 0,
        quality: int | None = None,
        options: Mapping[str, str] | None = None,
    ) -> None:
        self._file = None if isinstance(path, (str, os.PathLike)) else path
        self.path = Path(name_of(path))
        self.width, self.height, self.codec = width, height, codec
        self.gop_size, self.b_frames = gop_size, b_frames
        self._encoder = check_encoder(codec, gop_size=gop_size, b_frames=b_frames, quality=quality)
        self.fps = check_fps(fps, codec)
        self.quality = self._encoder.default_quality if quality is None else quality
        self._options = dict(options or {})
        check_size(width, height, codec)
        self.num_frames = 0
        """Frames written so far."""
        self.num_bytes = 0
        """Of the packets written so far."""
        self._part = self.path.with_name(f"{self.path.stem}.part{self.path.suffix}")
        self._container: av.container.OutputContainer | None = None
        self._reformatter = VideoReformatter()

    def __enter__(self) -> VideoWriter:
        if self._file is None and not self.path.parent.is_dir():
            raise FileNotFoundError(f"{self.path}: no such folder")
        try:
            self._open()
        except BaseException as error:
            self._discard()
            if isinstance(error, (FFmpegError, ValueError)) and not isinstance(error, OSError):
                raise self._error(
                    f"the encoder or the container refuses these settings ({error})"
                ) from error
            raise
        return self

    def _open(self) -> None:
        exact = {"fflags": "+bitexact"}
        if self._file is None:
            self._container = av.open(str(self._part), "w", options=exact)
        else:
            self._container = av.open(self._file, "w", format="mp4", options=exact)
        options = {**self._encoder.options, **self._quality_options()}
        if self._encoder.needs_least_gop:
            options["keyint_min"] = str(self.gop_size)
        if self._encoder.name == "libx264" and self.b_frames:
            options |= _X264_B
        options |= self._options
        if self._encoder.name == "libx265" and self.width < _LEAST_CUTREE_WIDTH:
            options["x265-params"] = f"cutree=0:{options['x265-params']}"
        stream = self._container.add_stream(self._encoder.name, rate=self.fps, options=options)
        stream = self._stream = cast(av.VideoStream, stream)
        stream.width, stream.height, stream.pix_fmt = self.width, self.height, "yuv420p"
        context = stream.codec_context
        context.time_base = 1 / self.fps
        context.gop_size, context.max_b_frames = self.gop_size, self.b_frames
        context.thread_count = 1
        context.flags |= Flags.closed_gop | Flags.bitexact
        context.open()
        if context.options:  # what the encoder left over
            raise ValueError(f"no such option: {sorted(context.options)}")

    def _quality_options(self) -> dict[str, str]:
        if self._encoder.quality_range != _QSCALE:
            return {"crf": str(self.quality)}
        # A fixed scale travels in AVFrame.quality, which PyAV does not show: pin the rate control.
        scale, multiplier = str(self.quality), str(118 * self.quality)  # FF_QP2LAMBDA = 118
        same_for_all_types = {"i_qfactor": "1", "b_qfactor": "1", "b_qoffset": "0"}
        limits = {"qmin": scale, "qmax": scale, "lmin": multiplier, "lmax": multiplier}
        return {**limits, **same_for_all_types}

    def write(self, frame: np.ndarray) -> None:
        """Append one frame.

        Args:
            frame: [height, width, 3], uint8, RGB.

        Raises:
            ValueError: for another shape or dtype.
        """
        if frame.shape != (self.height, self.width, 3) or frame.dtype != np.uint8:
            raise ValueError(
                f"{self.path}: frame {self.num_frames} is {frame.dtype} {list(frame.shape)}, "
                f"expected uint8 [{self.height}, {self.width}, 3]"
            )
        self.write_av(av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24"))

    def write_av(self, frame: av.VideoFrame) -> None:
        """Append one PyAV frame of any pixel format and size; it is scaled to this video's."""
        if self._container is None:
            raise RuntimeError(f"{self.path}: use VideoWriter in a `with` block")
        converted = self._reformatter.reformat(
            frame,
            width=self.width,
            height=self.height,
            format="yuv420p",
            dst_colorspace=Colorspace.ITU601,
            dst_color_range=ColorRange.MPEG,
            interpolation=Interpolation.BICUBIC,
            threads=1,
        )
        converted.pts, converted.time_base = self.num_frames, 1 / self.fps
        converted.pict_type = av.video.frame.PictureType.NONE  # the source's would be taken over
        self._mux(converted)
        self.num_frames += 1

    def _mux(self, frame: av.VideoFrame | None) -> None:
        assert self._container is not None
        try:
            packets = self._stream.encode(frame)
            self._container.mux(packets)
        except FFmpegError as error:
            raise self._error(f"encoding failed ({error})", frame=self.num_frames) from error
        self.num_bytes += sum(packet.size for packet in packets)

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error_type is not None:
            self._discard()
            return
        try:
            if self.num_frames == 0:
                raise self._error("no frame was written, so there is no video to save")
            self._mux(None)
            assert self._container is not None
            self._container.close()
            self._container = None
            if self._file is None:
                os.replace(self._part, self.path)
        except BaseException:
            self._discard()
            raise

    def _discard(self) -> None:
        container, self._container = self._container, None
        try:
            if container is not None:
                container.close()
        except FFmpegError:
            pass  # the trailer of a file that is removed on the next line
        finally:
            if self._file is None:
                self._part.unlink(missing_ok=True)

    def _error(self, message: str, *, frame: int | None = None) -> CodecError:
        settings = (
            f"{self.width}x{self.height} at {self.fps} fps, gop_size={self.gop_size}, "
            f"b_frames={self.b_frames}, quality={self.quality}, options={self._options}"
        )
        message = f"{message}: {settings}"
        return CodecError(message, path=str(self.path), codec=self.codec, frame=frame)


def encode_frames(
    path: str | os.PathLike[str],
    frames: Iterable[np.ndarray],
    *,
    fps: FrameRate = 25,
    codec: str = "mpeg4",
    gop_size: int = 12,
    b_frames: int = 0,
    quality: int | None = None,
    options: Mapping[str, str] | None = None,
) -> int:
    """Encode a clip held in memory (or generated frame by frame).

    Args:
        path: file to write; see :class:`VideoWriter` for this and the other arguments.
        frames: [T, H, W, 3] or any iterable of [H, W, 3], uint8, RGB.

    Returns:
        The number of frames written.

    Raises:
        ValueError, CodecError: as :class:`VideoWriter`; ``ValueError`` also without frames.
    """
    iterator = iter(frames)
    first = next(iterator, None)
    if first is None or first.ndim != 3:
        shape = None if first is None else list(first.shape)
        raise ValueError(f"{path}: expected frames of shape [H, W, 3], got {shape}")
    with VideoWriter(
        path,
        width=first.shape[1],
        height=first.shape[0],
        fps=fps,
        codec=codec,
        gop_size=gop_size,
        b_frames=b_frames,
        quality=quality,
        options=options,
    ) as writer:
        writer.write(first)
        for frame in iterator:
            writer.write(frame)
    return writer.num_frames


def check_encoder(codec: str, *, gop_size: int, b_frames: int, quality: int | None) -> _Encoder:
    """The encoder's entry in :data:`ENCODERS`, once the settings are known to be allowed.

    Raises:
        ValueError: names the value and what is allowed.
    """
    if codec not in ENCODERS:
        raise ValueError(f"codec={codec!r}, allowed are {sorted(ENCODERS)}")
    encoder = ENCODERS[codec]
    if not 1 <= gop_size <= 600:
        raise ValueError(f"gop_size={gop_size}, allowed are 1 to 600")
    most = min(encoder.max_b_frames, gop_size - 1)
    if not 0 <= b_frames <= most:
        raise ValueError(
            f"b_frames={b_frames}, allowed are 0 to {most} for codec={codec!r}, gop_size={gop_size}"
        )
    low, high = encoder.quality_range
    if quality is not None and not low <= quality <= high:
        raise ValueError(f"quality={quality}, allowed are {low} to {high} for codec={codec!r}")
    return encoder


def check_size(width: int, height: int, codec: str) -> None:
    """Raise ``ValueError`` unless the codec can store frames of ``width`` x ``height`` pixels."""
    encoder = ENCODERS[codec]
    if encoder.sizes is not None and (width, height) not in encoder.sizes:
        raise ValueError(f"size {width}x{height}, allowed for codec={codec!r} are {encoder.sizes}")
    step = encoder.size_multiple
    if min(width, height) < 16 or width % step or height % step:
        raise ValueError(
            f"size {width}x{height}, allowed for codec={codec!r} are multiples of {step} from 16 up"
        )


def check_fps(fps: FrameRate, codec: str) -> Fraction:
    """The frame rate as the codec stores it; ``ValueError`` for one that it cannot."""
    rate = Fraction(fps).limit_denominator(1001)
    if not 1 <= rate <= 240:
        raise ValueError(f"fps={fps}, allowed are 1 to 240")
    allowed = ENCODERS[codec].frame_rates
    if allowed is None:
        return rate
    nearest = min(allowed, key=lambda candidate: abs(candidate - rate))
    if abs(nearest - rate) > Fraction(1, 100):
        raise ValueError(f"fps={fps}, allowed for codec={codec!r}: {[str(r) for r in allowed]}")
    return nearest
