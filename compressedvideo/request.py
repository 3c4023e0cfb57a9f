"""What a caller may ask of a video beside frames, and whether it goes together."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

REFERENCES = ("previous", "iframe")
PRECISIONS = ("subpixel", "integer")
MODALITIES = ("iframe", "motion", "residual", "rgb", "motion_past", "motion_future")
"""What has a value for each pixel."""
CELL_MODALITIES = ("cells",)
"""Vectors as coded, with the reference picture of each."""
MACROBLOCK_MODALITIES = ("bits",)
"""What has a value for each macroblock or coding tree unit."""
LAYOUTS = ("pixels", "cells")


@dataclass(frozen=True)
class Request:
    """What to read beside which frames; see :meth:`CompressedVideo.read`."""

    reference: str
    precision: str
    modalities: frozenset[str]
    per_frame: bool
    layout: str = "pixels"

    @cached_property
    def wants_field(self) -> bool:
        return not self.modalities.isdisjoint(("motion", "residual"))

    @cached_property
    def needs_references(self) -> bool:
        """Whether it matters which frames vectors point into."""
        if not self.modalities.isdisjoint(("residual", "motion_past", "motion_future", "cells")):
            return True
        return "motion" in self.modalities and (self.reference == "iframe" or self.per_frame)

    @cached_property
    def wants_vectors(self) -> bool:
        return self.wants_field or not self.modalities.isdisjoint(
            ("motion_past", "motion_future", "cells", "bits")
        )


def check_request(
    *, reference: str, precision: str, modalities: Collection[str], per_frame: bool, layout: str
) -> Request:
    """The request, if it can be fulfilled for some video.

    Raises:
        ValueError: For unknown names, and for names that do not go together.
    """
    _check_choice("reference", reference, REFERENCES)
    _check_choice("precision", precision, PRECISIONS)
    if isinstance(modalities, str):
        raise ValueError(f"modalities={modalities!r} must be a collection of names, not a name")
    for modality in modalities:
        _check_choice("modality", modality, (*MODALITIES, *CELL_MODALITIES, *MACROBLOCK_MODALITIES))
    _check_choice("layout", layout, LAYOUTS)
    refused = {"residual", "motion_past", "motion_future"}.intersection(modalities)
    if layout == "cells" and (reference, precision, refused) != ("previous", "subpixel", set()):
        raise ValueError(
            "layout='cells' goes with reference='previous', precision='subpixel' and neither "
            f"residual nor directions, not with {reference!r}, {precision!r} and "
            f"{tuple(modalities)}"
        )
    return Request(reference, precision, frozenset(modalities), per_frame, layout)


def _check_choice(name: str, value: str, allowed: Collection[str]) -> None:
    if value not in allowed:
        raise ValueError(f"{name}={value!r} is not one of {', '.join(map(repr, allowed))}")
