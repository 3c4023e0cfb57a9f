"""Formatting real clips: vectors after resize, crop and flip; CoViAR's bytes; layouts."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from mmaction.registry import MODELS, TRANSFORMS
from mmengine.dataset import Compose, pseudo_collate
from mmengine.runner import set_random_seed

from compressedvideo import CompressedVideo
from mmcondense.datasets.transforms import FormatCompressedShape, encode_motion, encode_residual
from mmcondense.datasets.transforms.format_compressed_shape import decode_bits
from mmcondense_runtime.encoding import encode_bits, quantize_motion

S = 3
NCHW = dict(iframe="NCHW", motion="NCHW", residual="NCHW")
FLIP = dict(type="Flip", flip_ratio=1)


def run(path, *transforms: dict, load: dict | None = None, num_clips: int = 1, **format_args):
    """Sample (testing), load, transform, format raw in NCHW unless told otherwise."""
    sample = dict(
        type="SampleCompressedFrames", num_segments=S, num_clips=num_clips, test_mode=True
    )
    format_args = dict(layouts=NCHW, encoding="raw") | format_args
    pipeline = [
        sample,
        dict(type="LoadCompressedVideo", **(load or {})),
        *transforms,
        dict(type="FormatCompressedShape", **format_args),
    ]
    results = dict(filename=str(path), label=1, modality="RGB", start_index=0)
    return Compose([TRANSFORMS.build(t) for t in pipeline])(results)


def images(array: np.ndarray) -> np.ndarray:
    return array.transpose(0, 2, 3, 1)  # NCHW to NHWC


def test_motion_bytes_by_hand():
    motion = np.array([0, 0.1, -0.1, 0.16, -0.16, 1, -1, 19.9, 20, -20, -20.1, 500], np.float32)
    # trunc, not floor or round: 0.1 * 6.375 is 0.64, and both signs give 128
    expected = [128, 128, 128, 129, 127, 134, 122, 254, 255, 1, 0, 255]
    np.testing.assert_array_equal(encode_motion(motion), expected)
    assert encode_motion(motion).dtype == np.uint8


def test_motion_bound_is_the_end_of_the_range():
    np.testing.assert_array_equal(encode_motion(np.array([5.0, -5.0, 2.5]), bound=5), [255, 1, 191])


def test_residual_bytes_by_hand():
    residual = np.array([0, 1, -1, 127, 128, -128, -129, 255, -255], np.int16)
    expected = [128, 129, 127, 255, 255, 0, 0, 255, 0]
    np.testing.assert_array_equal(encode_residual(residual), expected)
    assert encode_residual(residual).dtype == np.uint8


def test_bits_by_hand():
    counts = np.array([0, 1, 3, 15, 255, 62_757, 1e6], np.float32)
    np.testing.assert_array_equal(encode_bits(counts), [0, 16, 32, 64, 128, 255, 255])
    np.testing.assert_allclose(decode_bits(encode_bits(counts))[:5], counts[:5], rtol=1e-6)
    every = np.arange(62_757)
    error = decode_bits(encode_bits(every)) - every
    assert (np.abs(error) <= 0.0219 * (1 + every)).all()


def test_bits_reach_the_network_as_bytes_of_their_logarithm(make_clip):
    load = dict(modalities=("motion", "bits"), layout="cells")
    layouts = dict(motion="NCTHW", bits="NCTHW")
    coded, raw = (
        run(make_clip(40), load=load, layouts=layouts, encoding=encoding)["bits"]
        for encoding in ("uint8", "raw")
    )
    np.testing.assert_array_equal(coded, encode_bits(raw))
    assert coded.dtype == np.uint8
    assert raw.max() > 10


def test_raw_keeps_what_was_read(make_clip):
    results = run(make_clip(40))
    with CompressedVideo(make_clip(40)) as video:
        clip = video.read(results["frame_inds"], iframe_inds=results["iframe_inds"])
    np.testing.assert_array_equal(images(results["iframe"]), clip.iframes)
    np.testing.assert_array_equal(images(results["motion"]), clip.motion)
    np.testing.assert_array_equal(images(results["residual"]), clip.residual)
    assert results["motion"].dtype == np.float32
    assert results["residual"].dtype == np.int16
    assert "imgs" not in results


def test_uint8_is_the_encoding_of_raw(make_clip):
    path = make_clip(40)
    resize = dict(type="Resize", scale=(80, 80), keep_ratio=False)
    raw, coded = run(path, resize), run(path, resize, encoding="uint8", motion_bound=7)
    np.testing.assert_array_equal(coded["motion"], encode_motion(raw["motion"], bound=7))
    np.testing.assert_array_equal(coded["residual"], encode_residual(raw["residual"]))
    np.testing.assert_array_equal(coded["iframe"], raw["iframe"])


def test_quantized_motion_by_hand():
    motion = np.array([0, 0.25, -0.5, 0.0079, -0.0079, 511.99, 600, -600], np.float32)
    expected = [0, 16, -32, 1, -1, 32767, 32767, -32768]
    np.testing.assert_array_equal(quantize_motion(motion), expected)
    assert quantize_motion(motion).dtype == np.int16


@pytest.mark.parametrize("codec", ["mpeg4", "h264"])  # half and quarter pixels
def test_int16_keeps_the_codecs_vectors_and_residuals(make_clip, codec):
    raw, coded = (run(make_clip(40, codec=codec), encoding=e) for e in ("raw", "int16"))
    assert [coded[modality].dtype for modality in NCHW] == [np.uint8, np.int16, np.int16]
    np.testing.assert_array_equal(coded["motion"] / 64, raw["motion"])
    np.testing.assert_array_equal(coded["residual"], raw["residual"])
    assert np.abs(raw["motion"]).max() > 0
    restored = FormatCompressedShape(layouts=NCHW, encoding="int16").restore
    np.testing.assert_array_equal(restored("motion", coded["motion"]), images(raw["motion"]))
    np.testing.assert_array_equal(restored("residual", coded["residual"]), images(raw["residual"]))


@pytest.mark.parametrize("layout", ["NCHW", "NCTHW"])
def test_restore_undoes_layout_and_encoding(make_clip, layout):
    raw = run(make_clip(40), num_clips=2)
    for encoding, error in (("raw", 0), ("uint8", 20 / 127.5)):
        settings = dict(layouts=dict.fromkeys(NCHW, layout), encoding=encoding)
        results = run(make_clip(40), num_clips=2, **settings)
        restore = FormatCompressedShape(**settings).restore
        for modality in NCHW:
            restored = restore(modality, results[modality])
            expected = images(raw[modality])
            if modality == "residual" and encoding == "uint8":
                expected = np.clip(expected, -128, 127)
            tolerance = error if modality == "motion" else 0
            np.testing.assert_allclose(restored, expected, rtol=0, atol=tolerance)
            assert restored.dtype == expected.dtype


@pytest.mark.parametrize("encoding", ["raw", "uint8"])
def test_flipping_twice_is_the_identity(make_clip, encoding):
    plain, twice = (run(make_clip(40), *[FLIP] * n, encoding=encoding) for n in (0, 2))
    for modality in NCHW:
        np.testing.assert_array_equal(twice[modality], plain[modality])


@pytest.mark.parametrize("direction", ["horizontal", "vertical"])
def test_flipping_mirrors_and_negates_its_axis(make_clip, direction):
    path = make_clip(40)
    plain, flipped = run(path), run(path, FLIP | dict(direction=direction))
    axis, component = (3, 0) if direction == "horizontal" else (2, 1)
    expected = np.flip(plain["motion"], axis).copy()
    expected[:, component] *= -1
    np.testing.assert_array_equal(flipped["motion"], expected)
    for modality in ("iframe", "residual"):
        np.testing.assert_array_equal(flipped[modality], np.flip(plain[modality], axis))
    assert np.abs(plain["motion"][:, component]).max() > 0


def test_doubling_the_size_doubles_the_vectors(make_clip):
    path = make_clip(40)
    plain, doubled = run(path), run(path, dict(type="Resize", scale=2.0))
    expected = [2 * cv2.resize(field, None, fx=2, fy=2) for field in images(plain["motion"])]
    np.testing.assert_allclose(images(doubled["motion"]), np.stack(expected), rtol=1e-6)
    # The clip pans by (2, 1) a frame: its content moves by (-2, -1), and now by twice that.
    np.testing.assert_array_equal(np.median(plain["motion"], axis=(0, 2, 3)), [-2, -1])
    np.testing.assert_array_equal(np.median(doubled["motion"], axis=(0, 2, 3)), [-4, -2])


def test_each_axis_has_its_own_scale(make_clip):
    set_random_seed(0)
    results = run(
        make_clip(40),
        dict(type="Resize", scale=(100, 90), keep_ratio=False),
        dict(type="RandomResizedCrop", area_range=(0.3, 0.6)),
        dict(type="Resize", scale=(56, 56), keep_ratio=False),
    )
    scale = results["scale_factor"]  # what Resize recorded, and multiplied up
    assert abs(scale[0] / scale[1] - 1) > 0.05
    np.testing.assert_allclose(
        np.median(results["motion"], axis=(0, 2, 3)), [-2 * scale[0], -scale[1]], rtol=1e-4
    )


def warp(reference: np.ndarray, motion: np.ndarray) -> np.ndarray:
    y, x = np.indices(motion.shape[:2], np.float32)
    return cv2.remap(
        reference, x - motion[..., 0], y - motion[..., 1], cv2.INTER_LINEAR, None,
        cv2.BORDER_REPLICATE,
    )  # fmt: skip


@pytest.mark.parametrize("flips", [0, 1])
@pytest.mark.parametrize("size", [(192, 144), (160, 168), (256, 120)])
def test_resized_motion_predicts_the_resized_frame(make_clip, size, flips):
    """Warping the resized reference gives the resized prediction: frame minus residual."""
    path = make_clip(40)
    modalities = ("rgb", "motion", "residual")
    results = run(
        path,
        dict(type="Resize", scale=size, keep_ratio=False),
        *[FLIP] * flips,
        load=dict(modalities=modalities),
        layouts=dict.fromkeys(modalities, "NCHW"),
    )
    with CompressedVideo(path) as video:
        references = video.read(results["frame_inds"] - 1, modalities=("rgb",)).rgb
    scale = np.float32(size) / np.float32((128, 96))
    inside = slice(12, -12), slice(12, -12)
    for reference, frame, motion, residual in zip(
        references, *(images(results[modality]) for modality in modalities), strict=True
    ):
        reference = cv2.resize(reference, size)
        reference = reference[:, ::-1].copy() if flips else reference
        prediction = frame.astype(float) - residual
        error = np.abs(warp(reference, motion) - prediction)[inside].mean()
        error_unscaled = np.abs(warp(reference, motion / scale) - prediction)[inside].mean()
        assert error < 2  # grey levels
        assert error_unscaled > 3.5 * error


def test_layouts(make_clip):
    """Images carry their place: crop, then clip, then segment."""
    path = make_clip(97)
    crop = dict(type="ThreeCrop", crop_size=(64, 96))
    flat = run(path, crop, num_clips=2)
    deep = run(path, crop, num_clips=2, layouts=dict.fromkeys(NCHW, "NCTHW"))
    for modality, channels in (("iframe", 3), ("motion", 2), ("residual", 3)):
        assert flat[modality].shape == (3 * 2 * S, channels, 96, 64)
        assert deep[modality].shape == (3 * 2, channels, S, 96, 64)
        regrouped = flat[modality].reshape(6, S, channels, 96, 64).swapaxes(1, 2)
        np.testing.assert_array_equal(deep[modality], regrouped)
    whole = run(path, num_clips=2)
    for crop_id, left in enumerate((0, 64, 32)):  # ThreeCrop: left, right, middle
        for modality in NCHW:
            ours = flat[modality][crop_id * 2 * S : (crop_id + 1) * 2 * S]
            np.testing.assert_array_equal(ours, whole[modality][..., left : left + 64])


def test_ten_crops_flipped_half_has_its_vectors_negated(make_clip):
    results = run(make_clip(40), dict(type="TenCrop", crop_size=64))
    motion = results["motion"].reshape(5, 2, S, 2, 64, 64)
    mirrored = motion[:, 1, ..., ::-1] * np.array([-1, 1], np.float32)[:, None, None]
    np.testing.assert_array_equal(motion[:, 0], mirrored)
    assert np.abs(motion).max() > 1


def test_multi_scale_crop_and_fused_lazy_transforms(make_clip):
    for lazy in (False, True):
        transforms = [
            dict(type="MultiScaleCrop", input_size=64, scales=(1, 0.75), lazy=lazy),
            dict(type="Resize", scale=(64, 64), keep_ratio=False, lazy=lazy),
            FLIP | dict(lazy=lazy),
        ]
        results = run(make_clip(40), *transforms, *([dict(type="Fuse")] if lazy else []))
        scale = results["scale_factor"]
        np.testing.assert_allclose(
            np.median(results["motion"], axis=(0, 2, 3)), [2 * scale[0], -scale[1]], rtol=1e-4
        )


def test_packed_and_preprocessed_equals_coviars_normalisation(make_clip):
    path = make_clip(40)
    mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    load = dict(precision="integer", reference="iframe")
    results = run(path, load=load, layouts=NCHW | dict(motion="NCTHW"), encoding="uint8")
    packer = dict(type="PackActionInputs", collect_keys=("iframe", "motion", "residual"))
    packed = TRANSFORMS.build(packer)(results)
    frame = dict(type="ActionDataPreprocessor", format_shape="NCHW")
    preprocessor = MODELS.build(
        dict(
            type="MultiModalDataPreprocessor",
            preprocessors=dict(
                iframe=frame | dict(mean=[*255 * mean], std=[*255 * std]),
                motion=frame | dict(mean=[127.5] * 2, std=[255.0] * 2, format_shape="NCTHW"),
                residual=frame | dict(mean=[127.5] * 3, std=[*255 * std]),
            ),
        )
    )
    inputs = preprocessor(pseudo_collate([packed, packed]))["inputs"]
    assert inputs["iframe"].shape == (2, S, 3, 96, 128)
    assert inputs["motion"].shape == (2, 1, 2, S, 96, 128)
    assert inputs["residual"].shape == (2, S, 3, 96, 128)

    with CompressedVideo(path) as video:
        clip = video.read(results["frame_inds"], iframe_inds=results["iframe_inds"], **load)
    motion = (clip.motion * (127.5 / 20)).astype(np.int32) + 128
    motion = np.clip(motion, 0, 255).astype(np.uint8) / 255.0 - 0.5
    residual = (np.clip(clip.residual.astype(int) + 128, 0, 255) / 255.0 - 0.5) / std
    iframe = (clip.iframes / 255.0 - mean) / std
    for ours, theirs in (
        (inputs["iframe"][1].permute(0, 2, 3, 1), iframe),
        (inputs["motion"][1, 0].permute(1, 2, 3, 0), motion),
        (inputs["residual"][1].permute(0, 2, 3, 1), residual),
    ):
        assert ours.dtype == torch.float32
        np.testing.assert_allclose(ours.numpy(), theirs, atol=2e-6)
    assert len(np.unique(motion)) > 2
    assert len(np.unique(residual)) > 10


@pytest.mark.parametrize(("modality", "expected"), [("residual", "int16"), ("motion", "float32")])
def test_images_that_came_back_as_colours_are_refused(make_clip, modality, expected):
    """What an unknown transform did to the data is found here."""

    def as_colours(results):
        results["imgs"] = [np.clip(img, 0, 255).astype(np.uint8) for img in results["imgs"]]
        return results

    with pytest.raises(ValueError, match=rf"{modality} should be {expected}.*TransformIFrames"):
        run_callable(make_clip(40), as_colours, modality)


def run_callable(path, transform, modality) -> dict:
    pipeline = [
        dict(type="SampleCompressedFrames", num_segments=S),
        dict(type="LoadCompressedVideo", modalities=(modality,)),
    ]
    results = Compose([TRANSFORMS.build(t) for t in pipeline])(dict(filename=str(path)))
    return FormatCompressedShape()(transform(results))


def test_rotation_is_refused(make_clip):
    def rotate(results):
        matrix = cv2.getRotationMatrix2D((64, 48), 10, 1.0)
        results["imgs"] = [cv2.warpAffine(img, matrix, (128, 96)) for img in results["imgs"]]
        return results

    with pytest.raises(ValueError, match="resizing, cropping and flipping only"):
        run_callable(make_clip(40), rotate, "motion")


def test_a_dropped_image_is_refused(make_clip):
    def drop(results):
        results["imgs"] = results["imgs"][1:]
        return results

    with pytest.raises(ValueError, match="3 images are no multiple of the 4"):
        run_callable(make_clip(40), drop, "motion")


def test_lazy_without_fuse_is_refused(make_clip):
    with pytest.raises(ValueError, match=r"lazy=True: put dict\(type='Fuse'\)"):
        run(make_clip(40), dict(type="CenterCrop", crop_size=64, lazy=True))


def test_a_modality_without_layout_is_refused(make_clip):
    with pytest.raises(ValueError, match=r"no layout for \['motion', 'residual'\]"):
        run(make_clip(40), layouts=dict(iframe="NCHW"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(layouts=dict(iframe="NHWC")), "NHWC.*NCTHW"),
        (dict(encoding="float"), "encoding='float'.*raw"),
        (dict(motion_bound=0), "motion_bound=0"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        FormatCompressedShape(**arguments)
