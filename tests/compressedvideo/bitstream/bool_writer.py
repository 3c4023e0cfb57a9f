"""Writes what the boolean decoder of VP8 and VP9 reads: RFC 6386, clause 7.3."""

from __future__ import annotations


class BoolWriter:
    """Symbols in, bytes out; whole numbers instead of the standard's carry propagation."""

    def __init__(self) -> None:
        self._low, self._range, self._shifts = 0, 255, 0

    def write(self, bit: int, probability: int) -> None:
        """A symbol that is 0 with ``probability`` / 256."""
        split = 1 + ((self._range - 1) * probability >> 8)
        if bit:
            self._low += split
            self._range -= split
        else:
            self._range = split
        shift = 8 - self._range.bit_length()
        self._range <<= shift
        self._low <<= shift
        self._shifts += shift

    def flag(self, value: bool) -> None:
        self.write(int(value), 128)

    def literal(self, value: int, count: int) -> None:
        """``count`` symbols of even odds, most significant first."""
        for place in reversed(range(count)):
            self.write(value >> place & 1, 128)

    def finish(self) -> bytes:
        """The data, to the last bit that a decoder looks at."""
        bits = self._shifts + 8
        return (self._low << -bits % 8).to_bytes(-(-bits // 8), "big")
