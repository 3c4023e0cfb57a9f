"""Bytes of one packet in, the coded pictures it holds out: type and whether others refer to it.

Only headers are read. MPEG-4 part 2 packets may hold two pictures, or a placeholder that stands
for none (packed B-frames, as Xvid and DivX write them into AVI).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import NamedTuple

try:
    from ._parsers import mpeg4 as _mpeg4
except ImportError:  # built where a compiler was at hand
    _mpeg4 = None  # type: ignore[assignment]

START_CODE = b"\x00\x00\x01"
MPEG4_VOP = b"\x00\x00\x01\xb6"
MPEG12_PICTURE = b"\x00\x00\x01\x00"


class CodedPicture(NamedTuple):
    """One coded picture inside a packet."""

    kind: str
    """``'I'``, ``'P'``, ``'B'``, ``'S'`` (MPEG-4 global motion), ``'?'`` where unparsed."""

    referenced: bool
    """False if no other picture is predicted from it, so that it may be left undecoded."""

    closed: bool = False
    """True if no later picture can precede it in display order (H.264: IDR)."""

    start: int = 0
    stop: int | None = None
    """Its bytes are ``packet[start:stop]``."""


PictureParser = Callable[[bytes], "list[CodedPicture]"]


def picture_parser(codec: str, extradata: bytes | None) -> PictureParser | None:
    """The parser of a codec's packets, or None where picture types can only be decoded.

    Args:
        codec: FFmpeg's codec name.
        extradata: The codec's global headers, as the container stores them.
    """
    extradata = extradata or b""
    if codec == "mpeg4":
        return Mpeg4Parser(extradata)
    if codec == "h264":
        return H264Parser(extradata)
    return {
        "mpeg1video": parse_mpeg12,
        "mpeg2video": parse_mpeg12,
        "h263": parse_h263,
        "h263p": parse_h263,
        "flv1": parse_flv1,
        "flv": parse_flv1,
    }.get(codec)


class Mpeg4Parser:
    """ISO/IEC 14496-2 clause 6.2.5: VOP headers, skipping VOPs that are not coded."""

    def __init__(self, extradata: bytes) -> None:
        self._time_bits = 0
        self._has_no_b = False
        self._read_vol(extradata)

    def __call__(self, data: bytes) -> list[CodedPicture]:
        vop = data.find(MPEG4_VOP)
        if vop != 0:
            self._read_vol(data if vop < 0 else data[:vop])
        find = coded_vops if _mpeg4 is None else _mpeg4.coded_vops
        # Only B-pictures are packed with others; without them there is nothing to search for.
        vops = find(data, self._time_bits, self._has_no_b)
        return [CodedPicture(kind, kind != "B", False, start, stop) for kind, start, stop in vops]

    def _read_vol(self, data: bytes) -> None:
        """Clause 6.2.3, up to vop_time_increment_resolution."""
        at = data.find(START_CODE)
        while 0 <= at < len(data) - 4 and not 0x20 <= data[at + 3] <= 0x2F:
            at = data.find(START_CODE, at + 3)
        if not 0 <= at < len(data) - 4:
            return
        vol = Bits(data[at + 4 : at + 68])
        vol.skip(1 + 8)  # random_accessible_vol, video_object_type_indication
        version = 1
        if vol.read(1):  # is_object_layer_identifier
            version = vol.read(4)
            vol.skip(3)
        if vol.read(4) == 15:  # aspect_ratio_info: extended
            vol.skip(16)
        if vol.read(1):  # vol_control_parameters
            vol.skip(2)
            self._has_no_b = bool(vol.read(1))  # low_delay
            if vol.read(1):  # vbv_parameters
                vol.skip(79)
        if vol.read(2) == 3 and version != 1:  # video_object_layer_shape: grayscale
            vol.skip(4)
        vol.skip(1)
        resolution = vol.read(16)
        self._time_bits = max(1, (resolution - 1).bit_length())


def coded_vops(data: bytes, time_bits: int, is_last: bool) -> list[tuple[str, int, int]]:
    """Split a packet of MPEG-4 part 2. What to do without the compiled function of this name.

    Args:
        data: The packet.
        time_bits: Length of vop_time_increment; 0 if unknown, then all VOPs count as coded.
        is_last: Whatever follows the first VOP belongs to it.

    Returns:
        Type and bytes (start, stop) of each coded VOP, headers before it included.
    """
    vops = []
    start, vop = 0, data.find(MPEG4_VOP)
    while vop >= 0:
        following = -1 if is_last else data.find(MPEG4_VOP, vop + 4)
        stop = len(data) if following < 0 else following
        size = stop - vop - 4
        # No placeholder is longer than 32 bytes.
        if size > 32 or (size > 0 and _is_coded(data[vop + 4 : stop], time_bits)):
            vops.append(("IPBS"[data[vop + 4] >> 6], start, stop))
        start, vop = stop, following
    return vops


def _is_coded(vop: bytes, time_bits: int) -> bool:
    if not time_bits:
        return True
    header = Bits(vop)
    header.skip(2)  # vop_coding_type
    while header.read(1):  # modulo_time_base
        pass
    header.skip(1 + time_bits + 1)  # marker, vop_time_increment, marker
    return bool(header.read(1))


class H264Parser:
    """ISO/IEC 14496-10 clause 7.3.3: the first slice header of an access unit."""

    def __init__(self, extradata: bytes) -> None:
        is_avcc = len(extradata) > 4 and extradata[0] == 1
        self._length_size = (extradata[4] & 3) + 1 if is_avcc else 0  # 0: Annex B

    def __call__(self, data: bytes) -> list[CodedPicture]:
        for at in self._units(data):
            if at >= len(data) - 1:
                return [CodedPicture("?", True)]  # damaged: the decoder will say so
            if data[at] & 31 in (1, 2, 5):  # slice, data partition A, slice of an IDR picture
                return [self._parse_slice(data, at)]
        return []

    def _units(self, data: bytes) -> Iterator[int]:
        """Where NAL units start; beyond the data if the lengths before them are wrong."""
        size = self._length_size
        at = 0
        if size:
            while at < len(data):
                yield at + size
                at += size + int.from_bytes(data[at : at + size], "big")
            if at > len(data):
                yield at
        else:
            while (found := data.find(START_CODE, at)) >= 0:
                at = found + 3
                yield at

    @staticmethod
    def _parse_slice(data: bytes, at: int) -> CodedPicture:
        length = 1 if data[at + 1] & 0x80 else 12  # first_mb_in_slice 0: the types fit a byte
        return _picture_of_slice(data[at], data[at + 1 : at + 1 + length])


@lru_cache(1024)
def _picture_of_slice(unit_header: int, slice_header: bytes) -> CodedPicture:
    header = Bits(slice_header)
    header.read_golomb()  # first_mb_in_slice
    kind = "PBIPI"[header.read_golomb() % 5]
    return CodedPicture(kind, unit_header & 0x60 != 0, unit_header & 31 == 5)


def parse_mpeg12(data: bytes) -> list[CodedPicture]:
    """ISO/IEC 11172-2 and 13818-2, picture header. A field pair counts as its first field."""
    at = data.find(MPEG12_PICTURE)
    if not 0 <= at < len(data) - 5:
        return []
    kind = {1: "I", 2: "P", 3: "B"}.get(data[at + 5] >> 3 & 7, "?")
    return [CodedPicture(kind, kind != "B")]


def parse_h263(data: bytes) -> list[CodedPicture]:
    """ITU-T H.263 clause 5.1, with and without PLUSPTYPE."""
    header = Bits(data[:16])
    if header.read(22) != 0x20:
        return []
    header.skip(8 + 5)  # temporal reference; marker, 0, split screen, camera, freeze
    if header.read(3) != 7:  # source format
        kind = "IP"[header.read(1)]
    else:
        if header.read(3) == 1:  # UFEP: the optional part of PLUSPTYPE follows
            header.skip(18)
        kind = {0: "I", 1: "P", 3: "B"}.get(header.read(3), "P")
    return [CodedPicture(kind, kind != "B")]


def parse_flv1(data: bytes) -> list[CodedPicture]:
    """Sorenson's H.263 variant in FLV."""
    header = Bits(data[:16])
    if header.read(17) != 1:
        return []
    header.skip(5 + 8)  # format, temporal reference
    size = header.read(3)
    header.skip({0: 16, 1: 32}.get(size, 0))
    kind = header.read(2)
    return [CodedPicture("IPP?"[kind], kind != 2)]  # 2: disposable P


class Bits:
    """Reads a short header bit by bit; past the end it reads zeros."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._left = 8 * len(data)

    def read(self, count: int) -> int:
        self._left -= count
        if self._left < 0:
            return (self._value << -self._left) & ((1 << count) - 1)
        return (self._value >> self._left) & ((1 << count) - 1)

    def skip(self, count: int) -> None:
        self._left -= count

    def read_golomb(self) -> int:
        """Unsigned Exp-Golomb code (clause 9.1 of ISO/IEC 14496-10)."""
        zeros = 0
        while zeros < 32 and self._left > 0 and not self.read(1):
            zeros += 1
        return (1 << zeros) - 1 + self.read(zeros)
