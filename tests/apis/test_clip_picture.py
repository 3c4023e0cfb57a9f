"""The drawn clip: colours by direction, arrows where the motion is, nothing left out."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from matplotlib.quiver import Quiver

from mmcondense.apis.clip_picture import (
    ClassScores,
    ClipView,
    arrow_grid,
    bit_colours,
    draw_clip,
    flow_colours,
)

S, H, W = 3, 48, 64


def field(*vectors: tuple[float, float]) -> np.ndarray:
    """[S, H, W, 2]: one constant vector for each field."""
    return np.broadcast_to(np.array(vectors, np.float32)[:, None, None], (len(vectors), H, W, 2))


def view(**changes) -> ClipView:
    rng = np.random.default_rng(0)
    modalities = dict(
        iframes=rng.integers(0, 256, (S, H, W, 3), np.uint8),
        motion=field((3, 0), (0, -3), (0, 0)),
        residual=rng.integers(-255, 256, (S, H, W, 3), np.int16),
    )
    return ClipView(title="clip.mp4", **(modalities | changes))


def test_opposite_motion_has_opposite_hue_and_stillness_is_white():
    colours, full = flow_colours(field((4, 0), (-4, 0), (0, 4), (2, 0), (0, 0)))
    assert full == 4
    right, left, down, half, still = colours[:, 0, 0].astype(np.uint8)
    hue, saturation, _ = cv2.cvtColor(np.stack([right, left, down, half])[None], cv2.COLOR_RGB2HSV)[
        0
    ].T.astype(int)
    assert abs(abs(hue[0] - hue[1]) - 90) < 10  # OpenCV's hues go round at 180
    assert abs(hue[2] - hue[0]) > 20
    assert hue[3] == pytest.approx(hue[0], abs=2)
    assert saturation[3] == pytest.approx(saturation[0] / 2, abs=3)
    np.testing.assert_array_equal(still, 255)


def test_wild_vectors_do_not_bleach_the_rest():
    motion = field((2, 0)).copy()
    motion[0, 0, 0] = 100, 0
    colours, full = flow_colours(motion)
    assert full == 2
    np.testing.assert_array_equal(colours[0, 0, 0], colours[0, 9, 9])


def test_a_scale_that_is_given_is_that_of_all():
    of_one, full = flow_colours(field((2, 0), (8, 0)), full=4)
    assert full == 4
    np.testing.assert_array_equal(of_one[0, 0, 0], flow_colours(field((2, 0), (4, 0)))[0][0, 0, 0])
    np.testing.assert_array_equal(of_one[1, 0, 0], flow_colours(field((4, 0)))[0][0, 0, 0])
    figure = draw_clip(view(full_pixels=30.0))
    titles = [axes.get_title() for axes in figure.axes]
    assert "rim: 30 pixels\nor more" in titles
    (name,) = {axes.get_ylabel() for axes in figure.axes if "arrows" in axes.get_ylabel()}
    assert name == "motion, arrows"  # as long as they are: 3 pixels would be drawn longer else


def test_pictures_are_large_and_nothing_stands_empty():
    blocks = [ClassScores("prediction", ["left"], [0.75])]
    for changes, share in (
        (dict(), 0.78),
        (dict(motion=None), 0.9),
        (dict(predictions=blocks), 0.68),
        (dict(motion=None, predictions=blocks), 0.68),
    ):
        figure = draw_clip(view(**changes))
        figure.draw_without_rendering()
        tiles = [axes.get_window_extent() for axes in figure.axes if axes.get_ylabel()]
        assert min(tile.width for tile in tiles) >= 240
        assert S * tiles[0].width / figure.bbox.width > share


def test_arrows_lie_on_their_own_frame():
    rgb = np.zeros((S, H, W, 3), np.uint8)
    rgb[:, :, :20] = 200
    figure = draw_clip(view(rgb=rgb))
    (axes,) = (axes for axes in figure.axes if axes.get_ylabel().startswith("motion, arrows"))
    np.testing.assert_array_equal(axes.images[0].get_array(), (rgb[0] * 0.55).astype(np.uint8))


def test_no_motion_at_all_is_white():
    colours, full = flow_colours(field((0, 0)))
    assert full == 0
    assert (colours == 255).all()


def test_arrows_stand_in_the_middle_of_cells():
    motion = np.zeros((20, 30, 2), np.float32)
    motion[5, 15] = 1, 2
    position, vector = arrow_grid(motion, step=10)
    assert position.tolist() == [[5, 5], [15, 5], [25, 5], [5, 15], [15, 15], [25, 15]]
    assert vector.tolist() == [[0, 0], [1, 2], [0, 0], [0, 0], [0, 0], [0, 0]]


def test_arrows_are_drawn_in_image_coordinates():
    figure = draw_clip(view())
    quivers = [c for axes in figure.axes for c in axes.collections if isinstance(c, Quiver)]
    assert len(quivers) == S
    right, up, still = quivers
    assert (right.U > 0).all()
    assert (right.V == 0).all()
    assert (up.V < 0).all()  # y points down in images, and the axis is inverted
    assert len(still.U) == 0
    assert right.axes.yaxis_inverted()
    assert right.axes.get_ylabel().startswith("motion, arrows")


def pictures(figure) -> int:
    return sum(len(axes.images) for axes in figure.axes)


def test_each_modality_is_a_row():
    assert pictures(draw_clip(view())) == 4 * S + 1  # and the wheel
    assert pictures(draw_clip(view(motion=None))) == 2 * S
    assert pictures(draw_clip(view(iframes=None, residual=None))) == 2 * S + 1
    assert pictures(draw_clip(view(motion=None, residual=None))) == S
    assert pictures(draw_clip(view(flow=field((1, 0), (0, 1), (2, 2))))) == 5 * S + 2


def test_residual_is_grey_where_there_is_none():
    residual = np.zeros((1, H, W, 3), np.int16)
    residual[0, 0, 0] = -255, 0, 255
    figure = draw_clip(ClipView(title="", residual=residual))
    image = figure.axes[0].images[0].get_array()
    np.testing.assert_array_equal(image[0, 0], [0, 128, 255])
    np.testing.assert_array_equal(image[9, 9], 128)


def test_bits_are_a_row_of_macroblocks():
    bits = np.zeros((S, 3, 4), np.int32)
    bits[0, 1, 2], bits[1, 0, 0] = 8 * 1024, 40
    colours = bit_colours(bits).astype(int).sum(axis=-1)
    assert colours[0, 1, 2] == colours.max() > colours[1, 0, 0] > colours[2, 0, 0]
    figure = draw_clip(view(motion=None, bits=bits))
    assert pictures(figure) == 3 * S
    labels = [axes.get_ylabel() for axes in figure.axes]
    assert "bits, 0 to 8192" in labels
    assert figure.axes[labels.index("bits, 0 to 8192")].get_xlabel() == "1.0 KiB"
    assert (bit_colours(np.zeros((1, 2, 2), int)) <= 4).all()  # a frame without any


def test_scores_are_written_and_the_true_class_is_marked():
    blocks = [ClassScores("prediction", ["left", "right"], [0.75, 0.25])]
    figure = draw_clip(view(label="right", predictions=blocks))
    texts = {text.get_text() for axes in figure.axes for text in axes.texts}
    assert {"prediction", "left  0.75", "right  0.25"} <= texts
    bars = [patch for axes in figure.axes for patch in axes.patches]
    assert [bar.get_width() for bar in bars] == [0.75, 0.25]
    assert bars[0].get_facecolor() != bars[1].get_facecolor()


def test_scores_and_wheel_share_the_side():
    blocks = [ClassScores("prediction", ["left"], [0.75])]
    flow = field((1, 0), (0, 1), (2, 2))
    for only, wheels in (("motion", 1), ("flow", 0)):
        modalities = dict(iframes=None, motion=None, residual=None) | {only: flow}
        figure = draw_clip(view(predictions=blocks, **modalities))
        assert pictures(figure) == S * (2 if only == "motion" else 1) + wheels
        assert any("left" in text.get_text() for axes in figure.axes for text in axes.texts)


def test_captions_and_file():
    captions = [f"frame {i}" for i in range(S)]
    figure = draw_clip(view(iframe_captions=captions, motion_captions=["a", "b", "c"]))
    labels = {axes.get_xlabel() for axes in figure.axes}
    assert {*captions, "a", "b", "c"} <= labels
    buffer = io.BytesIO()
    figure.savefig(buffer)
    image = cv2.imdecode(np.frombuffer(buffer.getvalue(), np.uint8), cv2.IMREAD_COLOR)
    assert image.std() > 20


def test_nothing_to_draw():
    with pytest.raises(ValueError, match=r"a\.mp4: no modality to draw"):
        draw_clip(ClipView(title="a.mp4"))
