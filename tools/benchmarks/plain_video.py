"""What a plain decode says of a file: the expectation that the reader is held against.

From the first packet on, one thread, every frame in output order, edit lists ignored, of the first
video stream that is no attached picture. Pixels are converted as the reader's and turned as
ffmpeg's autorotate turns them.

Not everything a plain decode does is well defined. ``doubts`` says what of a file is not.
"""

from __future__ import annotations

import math
import mmap
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field

import av
import av.logging
import numpy as np
from av.codec.context import Flags2
from av.error import FFmpegError
from av.sidedata.sidedata import SideDataContainer, Type
from av.stream import Disposition
from av.video.frame import PictureType, VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream
from orientation import UPRIGHT, Orientation, orientation_of

from compressedvideo.decoding.colours import ColourConverter

_LENIENT_METADATA: dict = (
    {"metadata_errors": "replace"} if int(av.__version__.split(".")[0]) < 19 else {}
)


class PlainError(Exception):
    """FFmpeg itself shows nothing of the file."""


@dataclass
class PlainFrame:
    """A frame as the decoder gave it, and what the decoder says of it."""

    kind: str
    """FFmpeg's ``pict_type``; ``'?'`` for none."""

    is_key: bool
    """The decoder's flag, which no container sets."""

    is_corrupt: bool
    is_interlaced: bool
    pts: int | None
    rgb: np.ndarray
    """[H, W, 3] uint8, upright."""

    blocks: np.ndarray | None
    """FFmpeg's ``AVMotionVector`` records, of the stored picture."""


@dataclass
class PlainVideo:
    codec: str
    container: str
    time_base: float
    frames: list[PlainFrame] = field(default_factory=list)
    orientation: Orientation | None = UPRIGHT
    """From the stored to the upright picture; None: no multiple of 90 degrees."""

    stored_size: tuple[int, int] = (0, 0)
    """Height and width of the first frame, as stored."""

    doubts: list[str] = field(default_factory=list)
    """Why a difference might be no fault of the reader's."""

    wrong_colours: list[int] = field(default_factory=list)
    """Frames, of those looked at, that FFmpeg's own conversion gives other pixels."""

    lost: list[int] = field(default_factory=list)
    """Places among ``frames`` of pictures that a decoder in trouble does not show, as far as
    timestamps tell."""

    damage: list[str] = field(default_factory=list)
    """What the decoder complained of, each once: it conceals what it cannot decode."""

    def __len__(self) -> int:
        return len(self.frames)

    def follow(self, count: int) -> None:
        """Count as a reader does that has so many frames, where that is not well defined.

        The decoder may show frames before the first key frame. And it shows none for a damaged
        packet, whose place others count: what they say of it must be an error, then.
        """
        first_key = next((i for i, frame in enumerate(self.frames) if frame.is_key), 0)
        if first_key and count == len(self) - first_key:
            self.doubts.append(f"the reader leaves {first_key} frames out")
            del self.frames[:first_key]
        elif self.lost and count == len(self) + len(self.lost):
            nothing = np.zeros((0, 0, 3), np.uint8)
            for place in reversed(self.lost):
                self.frames.insert(place, PlainFrame("?", False, True, False, None, nothing, None))

    @property
    def kinds(self) -> list[str]:
        return [frame.kind for frame in self.frames]

    @property
    def size_changes(self) -> bool:
        return len({frame.rgb.shape for frame in self.frames}) > 1

    @property
    def seconds(self) -> np.ndarray | None:
        """[N] float64 from the first frame on; None unless timestamps are strictly increasing.

        NaN for pictures that the decoder did not show.
        """
        shown = [i for i, frame in enumerate(self.frames) if frame.rgb.size]
        if self.container == "avi" and self.codec.startswith("mpeg1"):
            return None  # FFmpeg's parser counts two ticks a frame where AVI's table counts one
        times = [self.frames[i].pts for i in shown]
        if any(time is None for time in times):
            return None
        ticks = np.array(times, np.int64)
        if (np.diff(ticks) <= 0).any():
            return None
        seconds = np.full(len(self.frames), np.nan)
        seconds[shown] = (ticks - ticks[0]) * self.time_base
        return seconds


def main_stream(container: av.container.InputContainer) -> VideoStream:
    """The first video stream that is no attached picture.

    Raises:
        PlainError: If there is none.
    """
    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic:
            return stream
    raise PlainError("has no video stream")


def decode_plainly(path: str) -> PlainVideo:
    """Decode a file.

    Raises:
        PlainError: If it cannot be opened, or shows no frame.
    """
    try:
        container = av.open(path, options={"ignore_editlist": "1"}, **_LENIENT_METADATA)
    except (FFmpegError, UnicodeDecodeError) as error:
        raise PlainError(f"cannot be opened ({error})") from error
    with container:
        stream = main_stream(container)
        context = stream.codec_context
        if context is None:
            raise PlainError("has no decoder")
        context.thread_count = 1
        context.flags2 |= Flags2.export_mvs
        video = PlainVideo(
            context.codec.canonical_name, container.format.name, float(stream.time_base or 0)
        )
        store = _PictureStore()
        colours, theirs = ColourConverter(), VideoReformatter()
        matrices = set()
        for frame in _frames(container, stream, video):
            number = len(video)
            side_data = SideDataContainer(frame)  # type: ignore[call-arg]
            matrix = side_data.get(Type.DISPLAYMATRIX)
            matrices.add(None if matrix is None else bytes(matrix))
            if not number:
                video.orientation = orientation_of(None if matrix is None else bytes(matrix))
                video.stored_size = frame.height, frame.width
            rgb = colours.rgb(frame)
            if number in (0, 1, 4, 9, 20, 60) and not _is_converted(rgb, frame, by=theirs):
                video.wrong_colours.append(number)
            if video.orientation is not None:
                rgb = video.orientation.turn(rgb)
            store.add(rgb)
            blocks = side_data.get(Type.MOTION_VECTORS)
            kind = PictureType(frame.pict_type).name
            video.frames.append(
                PlainFrame(
                    kind="?" if kind == "NONE" else kind,
                    is_key=bool(frame.key_frame),
                    is_corrupt=bool(frame.is_corrupt),
                    is_interlaced=bool(frame.interlaced_frame),
                    pts=frame.pts,
                    rgb=rgb[:0],  # see below
                    blocks=None if blocks is None else blocks.to_ndarray().copy(),
                )
            )
    if not video.frames:
        raise PlainError("; ".join(["shows no frame", *video.doubts[:1]]))
    for plain, rgb in zip(video.frames, store.pictures(), strict=True):
        plain.rgb = rgb
    if video.damage:
        others = f" and {len(video.damage) - 1} more" if len(video.damage) > 1 else ""
        video.doubts.append(f"the decoder complains: {video.damage[0]}{others}")
    if len(matrices) > 1:
        video.doubts.append("the orientation changes: the first frame's is taken for all")
    if any(frame.is_corrupt for frame in video.frames):
        number = sum(frame.is_corrupt for frame in video.frames)
        video.doubts.append(f"the decoder calls {number} frames corrupt")
    if not video.frames[0].is_key:
        until = next((i for i, f in enumerate(video.frames) if f.is_key), None)
        video.doubts.append(f"shows frames before the first key frame ({until})")
    return video


def _frames(
    container: av.container.InputContainer, stream: VideoStream, video: PlainVideo
) -> Iterator[VideoFrame]:
    """All frames; packets that the decoder refuses are passed over, as ffmpeg does."""
    sent: list[int | None] = []  # presentation times of packets
    level = av.logging.get_level()
    av.logging.set_level(av.logging.ERROR)
    try:
        with av.logging.Capture() as messages:
            for packet in container.demux(stream):
                if packet.size:
                    sent.append(packet.pts)
                try:
                    yield from stream.decode(packet)
                except FFmpegError as error:
                    if not isinstance(error, EOFError):
                        video.damage.append(f"it refuses a packet ({error.strerror})")
    except FFmpegError as error:
        video.doubts.append(f"the demuxer stops early ({error.strerror})")
    finally:
        av.logging.set_level(level)
    for _, source, message in messages:
        complaint = f"{source}: {message.strip()}"
        if source == stream.codec_context.name and complaint not in video.damage:
            video.damage.append(complaint)
    if video.damage:
        video.lost = _lost_places(sent, [frame.pts for frame in video.frames])


def _lost_places(sent: list[int | None], shown: list[int | None]) -> list[int]:
    """Where frames are missing, told by times that packets have and no frame."""
    times = [time for time in shown if time is not None]
    missing = sorted({time for time in sent if time is not None} - set(times))
    if times != sorted(set(times)) or len(times) + len(missing) != len(sent):
        return []
    return np.searchsorted(np.array(times), np.array(missing)).tolist()


def _is_converted(rgb: np.ndarray, frame: VideoFrame, *, by: VideoReformatter) -> bool:
    """Whether FFmpeg's own conversion gives the same."""
    plane = by.reformat(frame, format="rgb24", threads=1).planes[0]
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(frame.height, plane.line_size)
    return np.array_equal(rows[:, : 3 * frame.width].reshape(rgb.shape), rgb)


class _PictureStore:
    """Pictures in a file without a name, so that long videos need no memory."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as its pictures
        self._shapes: list[tuple[int, ...]] = []

    def add(self, picture: np.ndarray) -> None:
        self._file.write(np.ascontiguousarray(picture).tobytes())
        self._shapes.append(picture.shape)

    def pictures(self) -> list[np.ndarray]:
        """All that were added."""
        self._file.flush()
        mapped = mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)
        self._file.close()  # the mapping keeps it
        pictures, start = [], 0
        for shape in self._shapes:
            size = math.prod(shape)
            pictures.append(np.frombuffer(mapped, np.uint8, size, start).reshape(shape))
            start += size
        return pictures
