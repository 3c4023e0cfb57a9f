"""HEVC parameter sets and slice headers, written bit by bit: clause 7.3 of ITU-T H.265."""

from __future__ import annotations

IDR_N_LP, SPS, PPS = 20, 33, 34
MAIN, RANGE_EXTENSIONS = 1, 4


class Bits:
    """A string of 0 and 1 that grows."""

    def __init__(self, bits: str = "") -> None:
        self.bits = bits

    def u(self, value: int, count: int) -> Bits:
        self.bits += f"{value:0{count}b}" if count else ""
        return self

    def ue(self, *values: int) -> Bits:
        for value in values:
            self.u(0, (value + 1).bit_length() - 1).u(value + 1, (value + 1).bit_length())
        return self

    def se(self, value: int) -> Bits:
        return self.ue(2 * value - 1 if value > 0 else -2 * value)

    def unit(self, type_: int) -> bytes:
        """The NAL unit with these bits as its payload."""
        bits = self.bits + "1"
        bits += "0" * (-len(bits) % 8)
        return bytes([type_ << 1, 1]) + escape(int(bits, 2).to_bytes(len(bits) // 8, "big"))


def escape(payload: bytes) -> bytes:
    out = bytearray()
    for byte in payload:
        if byte <= 3 and out[-2:] == b"\0\0":
            out.append(3)
        out.append(byte)
    return bytes(out)


def unescape(unit: bytes) -> bytes:
    return unit.replace(b"\0\0\3", b"\0\0")


def write_sps(
    *,
    width: int = 64,
    height: int = 64,
    profile: int = MAIN,
    chroma_format: int = 1,
    separate_planes: bool = False,
    extension: str = "",
) -> bytes:
    """CTBs of 16x16; ``extension``: the bits from sps_extension_present_flag's successor on."""
    bits = Bits().u(0, 4).u(0, 3).u(1, 1)
    bits.u(0, 3).u(profile, 5).u(0, 32).u(0, 48).u(93, 8)
    bits.ue(0, chroma_format)
    if chroma_format == 3:
        bits.u(separate_planes, 1)
    bits.ue(width, height).u(0, 1).ue(0, 0, 4).u(1, 1).ue(4, 0, 0)
    bits.ue(0, 1, 0, 2, 1, 1)  # block sizes
    bits.u(0, 1).u(0, 3).ue(0).u(0, 1).u(0, 1).u(0, 1)
    bits.u(0, 1)  # no VUI
    bits.u(bool(extension), 1)
    bits.bits += extension
    return bits.unit(SPS)


def write_pps(*, extension: str = "", init_qp: int = 26) -> bytes:
    bits = Bits().ue(0, 0).u(0, 2).u(0, 3).u(0, 2).ue(0, 0).se(init_qp - 26).u(0, 3).ue(0, 0)
    bits.u(0, 1).u(0, 2).u(0, 3).u(0, 1).u(0, 1).u(0, 1).u(0, 1).ue(0).u(0, 1)
    bits.u(bool(extension), 1)
    bits.bits += extension
    return bits.unit(PPS)


def write_intra_slice(data: bytes = b"\x12\x34\x56") -> bytes:
    """An IDR picture's first slice, the header of which is right."""
    header = Bits().u(1, 1).u(0, 1).ue(0).ue(2).se(0)
    header.u(1, 1)
    header.bits += "0" * (-len(header.bits) % 8)
    payload = int(header.bits, 2).to_bytes(len(header.bits) // 8, "big") + data
    return bytes([IDR_N_LP << 1, 1]) + escape(payload)


def with_window(sps: bytes, left: int, right: int, top: int, bottom: int) -> bytes:
    """An SPS without one and without sub-layers gets a conformance window, in chroma samples."""
    payload = unescape(sps[2:])
    bits = f"{int.from_bytes(payload, 'big'):0{8 * len(payload)}b}".rstrip("0")[:-1]
    assert bits[4:7] == "000"
    at = 8 + 96  # behind profile_tier_level()
    for _ in range(4):  # ids, chroma format, width, height
        zeros = bits.index("1", at) - at
        at += 2 * zeros + 1
    assert bits[at] == "0"
    window = Bits().u(1, 1).ue(left, right, top, bottom).bits
    return Bits(bits[:at] + window + bits[at + 1 :]).unit(SPS)
