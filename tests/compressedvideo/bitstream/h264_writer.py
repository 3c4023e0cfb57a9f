"""Writes the headers of H.264 streams, parameter sets and slices, but no macroblocks."""

from __future__ import annotations

from dataclasses import dataclass, field

P, B, I, SP = 0, 1, 2, 3  # noqa: E741 - slice_type
TOP, BOTTOM = "top", "bottom"


class Bits:
    def __init__(self) -> None:
        self.text = ""

    def u(self, count: int, value: int) -> Bits:
        self.text += format(value, f"0{count}b")
        return self

    def ue(self, value: int) -> Bits:
        code = format(value + 1, "b")
        self.text += "0" * (len(code) - 1) + code
        return self

    def se(self, value: int) -> Bits:
        return self.ue(2 * value - 1 if value > 0 else -2 * value)

    def payload(self) -> bytes:
        """With the stop bit, and emulation prevention."""
        text = self.text + "1"
        text += "0" * (-len(text) % 8)
        raw = int(text, 2).to_bytes(len(text) // 8, "big")
        out = bytearray()
        for byte in raw:
            if out[-2:] == b"\0\0" and byte <= 3:
                out.append(3)
            out.append(byte)
        return bytes(out)


@dataclass
class Stream:
    """What its parameter sets say; writes units without start codes."""

    poc_type: int = 0
    fields: bool = False
    """frame_mbs_only_flag is 0: pictures may be fields."""
    num_ref_frames: int = 4
    ref_offsets: tuple[int, ...] = (2,)
    """offset_for_ref_frame, POC type 1."""
    redundant: bool = False
    width: int = 64
    sps_id: int = 0
    pps_id: int = 0

    LOG2_MAX_FRAME_NUM = 4
    LOG2_MAX_POC_LSB = 6

    def sps(self) -> bytes:
        bits = Bits().u(8, 77).u(8, 0).u(8, 30).ue(self.sps_id)
        bits.ue(self.LOG2_MAX_FRAME_NUM - 4).ue(self.poc_type)
        if self.poc_type == 0:
            bits.ue(self.LOG2_MAX_POC_LSB - 4)
        elif self.poc_type == 1:
            bits.u(1, 0).se(-1).se(1).ue(len(self.ref_offsets))
            for offset in self.ref_offsets:
                bits.se(offset)
        bits.ue(self.num_ref_frames).u(1, 1).ue(self.width // 16 - 1).ue(1 if self.fields else 3)
        bits.u(1, not self.fields)
        if self.fields:
            bits.u(1, 0)  # mb_adaptive_frame_field_flag
        return b"\x67" + bits.u(1, 1).u(1, 0).u(1, 0).payload()

    def pps(self) -> bytes:
        bits = Bits().ue(self.pps_id).ue(self.sps_id).u(1, 0).u(1, 0).ue(0)
        bits.ue(0).ue(0).u(1, 0).u(2, 0).se(0).se(0).se(0).u(1, 0).u(1, 0).u(1, self.redundant)
        return b"\x68" + bits.payload()


@dataclass
class Slice:
    stream: Stream
    type: int
    frame_num: int = 0
    poc: int = 0
    """pic_order_cnt_lsb, or delta_pic_order_cnt[0] of POC type 1."""
    idr: bool = False
    idr_pic_id: int = 0
    ref_idc: int = 1
    structure: str = "frame"
    num_refs: tuple[int, ...] = (1, 1)
    modifications: tuple[tuple[tuple[int, int], ...], ...] = ((), ())
    """(modification_of_pic_nums_idc, value) for each list."""
    markings: tuple[tuple[int, ...], ...] = field(default=())
    """memory_management_control_operations with their values."""
    long_term: bool = False
    first_mb: int = 0
    redundant: int = 0
    unit_type: int | None = None

    def unit(self) -> bytes:
        stream = self.stream
        bits = Bits().ue(self.first_mb).ue(self.type).ue(stream.pps_id)
        bits.u(stream.LOG2_MAX_FRAME_NUM, self.frame_num)
        if stream.fields:
            bits.u(1, self.structure != "frame")
            if self.structure != "frame":
                bits.u(1, self.structure == BOTTOM)
        if self.idr:
            bits.ue(self.idr_pic_id)
        if stream.poc_type == 0:
            bits.u(stream.LOG2_MAX_POC_LSB, self.poc)
        elif stream.poc_type == 1:
            bits.se(self.poc)
        if stream.redundant:
            bits.ue(self.redundant)
        if self.type == B:
            bits.u(1, 1)  # direct_spatial_mv_pred_flag
        lists = {P: 1, B: 2, I: 0, SP: 1}[self.type]
        if lists:
            bits.u(1, 1)
            for count in self.num_refs[:lists]:
                bits.ue(count - 1)
            for changes in self.modifications[:lists]:
                bits.u(1, bool(changes))
                for operation, value in changes:
                    bits.ue(operation).ue(value)
                if changes:
                    bits.ue(3)
        if self.ref_idc:
            if self.idr:
                bits.u(1, 0).u(1, self.long_term)
            else:
                bits.u(1, bool(self.markings))
                for marking in self.markings:
                    for value in marking:
                        bits.ue(value)
                if self.markings:
                    bits.ue(0)
        bits.se(0)  # slice_qp_delta
        if self.type == SP:
            bits.u(1, 0).se(0)  # sp_for_switch_flag, slice_qs_delta
        unit_type = self.unit_type or (5 if self.idr else 1)
        return bytes([self.ref_idc << 5 | unit_type]) + bits.payload()


def recovery_point(frames: int) -> bytes:
    message = Bits().ue(frames).u(1, 1).u(1, 0).u(2, 0).payload()
    return b"\x06\x06" + bytes([len(message)]) + message + b"\x80"


def packet(*units: bytes | Slice) -> bytes:
    """Units behind start codes."""
    return b"".join(
        b"\0\0\0\1" + (unit.unit() if isinstance(unit, Slice) else unit) for unit in units
    )


def packet_with_lengths(*units: bytes | Slice) -> bytes:
    raw = [unit.unit() if isinstance(unit, Slice) else unit for unit in units]
    return b"".join(len(unit).to_bytes(4, "big") + unit for unit in raw)


def avcc(*, sps: bytes, pps: bytes) -> bytes:
    head = bytes([1, sps[1], sps[2], sps[3], 0xFF, 0xE1])
    return head + len(sps).to_bytes(2, "big") + sps + b"\1" + len(pps).to_bytes(2, "big") + pps
