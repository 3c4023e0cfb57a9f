"""What may be asked for together."""

from __future__ import annotations

import pytest

from compressedvideo.request import check_request

SOUND = dict(
    reference="previous",
    precision="subpixel",
    modalities=("motion",),
    per_frame=False,
    layout="pixels",
)


@pytest.mark.parametrize(
    ("modalities", "field", "vectors"),
    [
        ((), False, False),
        (("iframe", "rgb"), False, False),
        (("motion",), True, True),
        (["residual", "rgb"], True, True),
        ({"motion_past"}, False, True),
        (("motion_future",), False, True),
        (("cells",), False, True),
        (("bits",), False, True),
    ],
)
def test_what_modalities_need(modalities, field, vectors):
    request = check_request(**{**SOUND, "modalities": modalities})
    assert (request.wants_field, request.wants_vectors) == (field, vectors)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (dict(reference="next"), "reference='next' is not one of 'previous', 'iframe'"),
        (dict(precision="half"), "precision='half' is not one of 'subpixel', 'integer'"),
        (dict(layout="blocks"), "layout='blocks' is not one of 'pixels', 'cells'"),
        (dict(modalities=("depth",)), "modality='depth' is not one of 'iframe', 'motion', "),
        (dict(modalities="motion"), "modalities='motion' must be a collection of names"),
    ],
)
def test_unknown_names_are_printed_with_the_allowed_ones(wrong, message):
    with pytest.raises(ValueError, match=message):
        check_request(**{**SOUND, **wrong})


@pytest.mark.parametrize(
    "other",
    [
        dict(reference="iframe"),
        dict(precision="integer"),
        dict(modalities=("motion", "residual")),
        dict(modalities=("motion_past",)),
    ],
)
def test_the_grid_of_cells_has_vectors_as_coded_only(other):
    assert check_request(**{**SOUND, "layout": "cells"}).layout == "cells"
    with pytest.raises(ValueError, match="layout='cells' goes with"):
        check_request(**{**SOUND, "layout": "cells", **other})
