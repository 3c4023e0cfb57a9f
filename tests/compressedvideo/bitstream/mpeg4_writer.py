"""Writes MPEG-4 part 2 streams bit by bit: strings of 0 and 1 in, packets out."""

from __future__ import annotations

from dataclasses import dataclass

WIDTH, HEIGHT = 64, 32  # pixels: 4 x 2 macroblocks
TICKS = 30  # per second
TIME_BITS = 5

MV_CODES = {0: "1", 1: "01", 2: "001", 3: "0001", 4: "000011", 5: "0000101", 32: "000000000010"}


def number(value: int, bits: int) -> str:
    return f"{value:0{bits}b}"


def mv(*components: int) -> str:
    """Differences of vectors, fcode 1."""
    return "".join(
        MV_CODES[abs(value)] + ("" if value == 0 else "01"[value < 0]) for value in components
    )


def inter(x: int, y: int) -> str:
    return "0" + "1" + "11" + mv(x, y)


def inter4v(*components: int) -> str:
    return "0" + "010" + "11" + mv(*components)


SKIP = "1"
INTRA_DC = "011" * 4 + "11" * 2  # six differences of 0
INTRA = "1" + "0" + "0011" + INTRA_DC  # in an I-VOP: mcbpc, ac_pred_flag, cbpy
INTRA_IN_P = "0" + "00011" + "0" + "0011" + INTRA_DC


@dataclass
class Packet:
    """The header of a video packet, clause 6.2.5.2."""

    mb: int
    quantiser: int = 5
    extension: str = "0"


def stuffed(bits: str) -> str:
    """A 0, then ones up to the end of the byte."""
    return bits + "0" + "1" * (7 - len(bits) % 8)


def unit(code: int, bits: str) -> bytes:
    bits = stuffed(bits)
    return bytes([0, 0, 1, code]) + bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8))


def vol(
    *,
    width: int = WIDTH,
    height: int = HEIGHT,
    verid: int = 2,
    video_object_type: int = 1,
    control: str = "0",
    shape: str = "00",
    ticks: int = TICKS,
    marker: str = "1",
    interlaced: str = "0",
    sprite: str = "00",
    not_8_bit: str = "0",
    quant: str = "0",
    quarter: str = "0",
    complexity_disable: str = "1",
    resync_disable: str = "1",
    partitioned: str = "0",
    newpred: str = "0",
    reduced: str = "0",
    scalability: str = "0",
) -> bytes:
    """Clause 6.2.3."""
    bits = "0" + number(video_object_type, 8) + "1" + number(verid, 4) + "001" + "0001" + control
    bits += shape + "1" + number(ticks, 16) + marker + "0" + "1" + number(width, 13) + "1"
    bits += number(height, 13) + "1" + interlaced + "1" + sprite + not_8_bit + quant + quarter
    bits += complexity_disable + resync_disable + partitioned + newpred + reduced + scalability
    return unit(0x20, bits)


def vop(
    kind: str,
    time: int,
    *parts: str | Packet,
    seconds: int = 0,
    coded: bool = True,
    thr: int = 0,
    quantiser: int = 5,
    fcodes: tuple[int, int] = (1, 1),
) -> bytes:
    """Clause 6.2.5, ``time`` in ticks behind ``seconds`` of modulo_time_base."""
    bits = number("IPBS".index(kind), 2) + "1" * seconds + "0" + "1" + number(time, TIME_BITS) + "1"
    if not coded:
        return unit(0xB6, bits + "0")
    bits += "1" + ("0" if kind == "P" else "") + number(thr, 3) + number(quantiser, 5)
    bits += number(fcodes[0], 3) if kind != "I" else ""
    bits += number(fcodes[1], 3) if kind == "B" else ""
    zeros = {"I": 16, "P": 15 + fcodes[0]}.get(kind, max(15 + max(fcodes), 17))
    for part in parts:
        if isinstance(part, str):
            bits += part
        else:
            bits = stuffed(bits) + "0" * zeros + "1" + number(part.mb, 3)
            bits += number(part.quantiser, 5) + part.extension
    return unit(0xB6, bits)


I_0 = vop("I", 0, INTRA * 8)

FOUR_VECTORS = inter4v(2, 0, 0, 3, -1, 0, 0, -1)
P_MACROBLOCKS = [  # predictions are medians of left, above, above right
    inter(3, -2),
    inter(1, 1),  # only the left one exists, and is taken: (3, -2)
    SKIP,
    inter(-4, 2),  # left: (0, 0)
    inter(0, 0),  # 0, (3, -2), (4, -1): (3, -1)
    inter(0, 1),  # (3, -1), (4, -1), (0, 0): (3, -1)
    FOUR_VECTORS,
    INTRA_IN_P,
]

DIRECT = "1"
DIRECT_DELTA = "01" + "1"  # modb, mb_type
BIDIRECTIONAL = "01" + "01"
BACKWARD = "01" + "001"
FORWARD = "01" + "0001"
P_AT_3 = vop("P", 3, inter(-4, 5), inter(-3, 0), inter(0, 0) * 4, FOUR_VECTORS, INTRA_IN_P)
