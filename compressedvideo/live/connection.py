"""An address or an opened container in, its packets out; lost connections are made anew."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator

from av import Packet
from av.container import InputContainer
from av.error import ExitError, FFmpegError
from av.video.stream import VideoStream

from ..container.opening import choose_stream
from ..container.packets import demuxed
from ..errors import CodecError, CorruptVideoError, VideoOpenError

_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 8.0
"""Seconds before connecting anew; doubled from try to try."""


class Connection:
    """To one source, for one thread.

    Args:
        container: That was opened by others, who close it. None: ``connect`` opens one.
        connect: Opens the source.
        stream: Index of the stream. None: the first video.
        path: The source, for messages.
        reconnects: Tries to connect anew, one after the other. 0: an orderly end is the end.
        is_closed: Nothing is wanted any more.

    Raises:
        VideoOpenError: If the source cannot be opened, or has no video.
    """

    def __init__(
        self,
        container: InputContainer | None,
        *,
        connect: Callable[[], InputContainer],
        stream: int | None,
        path: str,
        reconnects: int,
        is_closed: threading.Event,
    ) -> None:
        self._owns = container is None
        self._connect = connect
        self._index, self._path = stream, path
        self._reconnects = reconnects
        self._is_closed = is_closed
        self.problem = ""
        """What ended the packets; nothing if that is as it should be."""
        self.stream: VideoStream
        """That the packets are of."""
        self._use(container)

    def _use(self, container: InputContainer | None) -> None:
        self._container = self._connect() if container is None else container
        try:
            self.stream = choose_stream(self._container, self._index, self._path)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Hang up. A container of others stays open."""
        if self._owns:
            self._container.close()

    def packets(self) -> Iterator[Packet]:
        """To the end, whatever that is; hangs up then."""
        self.problem = "the sender ended it" if self._owns and self._reconnects else ""
        try:
            for packet in demuxed(self._container, self.stream):
                if self._is_closed.is_set():
                    break
                yield packet
        except ExitError:
            self.problem = "nothing came in time"
        except (FFmpegError, OSError) as error:
            self.problem = str(getattr(error, "strerror", None) or error)
        finally:
            self.close()
        if self._is_closed.is_set():
            self.problem = ""

    def again(self) -> bool:
        """Connect anew, unless there is no problem.

        Returns:
            Whether there are packets again.

        Raises:
            VideoOpenError, CorruptVideoError: If that is not possible.
        """
        if not self.problem:
            return False
        what = f"the stream broke off ({self.problem})"
        if not self._owns:
            raise CorruptVideoError(what, path=self._path)
        pause, last = _FIRST_PAUSE, ""
        for number in range(1, self._reconnects + 1):
            logging.getLogger(__name__).warning(
                "%s: %s; connecting anew in %g s, try %d of %d",
                *(self._path, last or what, pause, number, self._reconnects),
            )
            if self._is_closed.wait(pause):
                return False
            pause = min(pause * 2, _LONGEST_PAUSE)
            try:
                self._use(None)
            except CodecError as error:
                last = error.message
            else:
                return True
        tries = f" and not to be opened again in {self._reconnects} tries: {last}" if last else ""
        raise VideoOpenError(what + tries, path=self._path)
