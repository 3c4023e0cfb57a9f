"""Addresses of live video in, by their scheme alone; an opened container out.

Another door than that for files (:mod:`.opening`), which stays closed to addresses: whoever comes
here has named a camera or a stream on purpose. What it sends may still open nothing else.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

import av
from av.container import InputContainer
from av.error import ExitError, FFmpegError

from ..errors import VideoNotFoundError, VideoOpenError
from .opening import CONTAINERS, LENIENT_METADATA

SCHEMES = {
    "rtsp": "rtsp,rtp,rtcp,udp,tcp",
    "rtsps": "rtsp,rtp,rtcp,srtp,udp,tcp,tls,crypto",
    "rtp": "rtp,rtcp,udp",
    "udp": "udp",
    "tcp": "tcp",
    "http": "http,tcp",
    "https": "http,https,tcp,tls,crypto",
    "rtmp": "rtmp,tcp",
}
"""What an address may begin with, and FFmpeg's protocols that it may lead to."""

_CAMERA = "video4linux2,v4l2"
_DEVICE = re.compile(r"/dev/video\d+")
_FORMATS = ",".join((*CONTAINERS, "rtsp", "rtp", "mpjpeg", _CAMERA))


def is_live(address: str) -> bool:
    """Whether it is an address of live video, not a file."""
    return address.partition("://")[0].lower() in SCHEMES or bool(_DEVICE.fullmatch(address))


def open_address(
    address: str,
    *,
    timeout_seconds: float,
    max_pixels: int,
    options: Mapping[str, str] | None = None,
) -> InputContainer:
    """Connect, and wait for as much of the stream as tells its format.

    Args:
        address: ``scheme://...``, of one of ``SCHEMES``, or a camera's ``/dev/video0``.
        timeout_seconds: For connecting, and afterwards for each packet.
        max_pixels: Larger pictures are not looked at.
        options: FFmpeg's, of the protocol or the format, such as ``rtsp_transport``.

    Raises:
        VideoOpenError: If it is no such address, nobody answers, or what comes is no video.
    """
    scheme, separator, _ = address.partition("://")
    is_camera = bool(_DEVICE.fullmatch(address))
    if not is_camera and (not separator or scheme.lower() not in SCHEMES):
        allowed = ", ".join(f"{name}://" for name in SCHEMES)
        raise VideoOpenError(
            f"is no address of live video, which begins with {allowed} or is /dev/videoN",
            path=address,
        )
    if is_camera and not os.path.exists(address):
        raise VideoNotFoundError("no such camera", path=address)
    given = {
        "overrun_nonfatal": "1",  # of UDP's buffer: what is lost is told as damage
        **(options or {}),
        "format_whitelist": _FORMATS,
        "protocol_whitelist": "file" if is_camera else SCHEMES[scheme.lower()],
        "max_pixels": str(max_pixels),
    }
    try:
        return av.open(
            address,
            "r",
            format="v4l2" if is_camera else None,
            options=given,
            timeout=timeout_seconds,
            **LENIENT_METADATA,
        )
    except ExitError as error:
        raise VideoOpenError(
            f"no video came within {timeout_seconds:g} s; is anything sent there?", path=address
        ) from error
    except (FFmpegError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise VideoOpenError(f"cannot be opened ({reason})", path=address) from error
