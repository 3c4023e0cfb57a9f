"""Loading: what the codec read, as one flat list whose images share no memory."""

from __future__ import annotations

import itertools
import pickle

import numpy as np
import pytest
from mmaction.registry import TRANSFORMS

from compressedvideo import (
    CompressedVideo,
    NoMotionVectorsError,
    encode_frames,
)
from compressedvideo.bitstream import mpeg4
from compressedvideo.decoding.decoder import Decoding
from mmcondense.datasets.transforms import (
    FormatCompressedShape,
    LoadCompressedVideo,
    SampleCompressedFrames,
)
from mmcondense_runtime.ruler import make_ruler
from tests.compressedvideo.recipes import clip_recipes


def load(path, *, num_segments=3, num_clips=1, frame_types=("P",), **arguments) -> dict:
    sample = SampleCompressedFrames(
        num_segments=num_segments, num_clips=num_clips, test_mode=True, frame_types=frame_types
    )
    return LoadCompressedVideo(**arguments)(sample(dict(filename=str(path))))


@pytest.mark.parametrize("reference", ["previous", "iframe"])
@pytest.mark.parametrize("precision", ["subpixel", "integer"])
def test_the_flat_list_is_what_the_codec_reads(make_clip, reference, precision):
    path = make_clip(40)
    results = load(path, num_clips=2, reference=reference, precision=precision)
    with CompressedVideo(path) as video:
        clip = video.read(
            results["frame_inds"],
            reference=reference,
            precision=precision,
            iframe_inds=results["iframe_inds"],
        )
    index = dict(iframe=(0, 6), motion=(6, 12), residual=(12, 18), ruler=(18, 19))
    assert results["imgs_index"] == index
    imgs = results["imgs"]
    assert len(imgs) == 19
    np.testing.assert_array_equal(np.stack(imgs[0:6]), clip.iframes)
    np.testing.assert_array_equal(np.stack(imgs[6:12]), clip.motion)
    np.testing.assert_array_equal(np.stack(imgs[12:18]), clip.residual)
    np.testing.assert_array_equal(imgs[18], make_ruler(96, 128))
    assert [imgs[i].dtype for i in (0, 6, 12)] == [np.uint8, np.float32, np.int16]
    assert results["img_shape"] == results["original_shape"] == (96, 128)
    assert results["frame_types"] == ["P"] * 6
    assert np.abs(clip.motion).max() > 0
    assert "compressed_video" not in results


def test_images_share_no_memory(make_clip):
    """Flip works in place: an I-frame that serves two segments must be there twice."""
    results = load(make_clip(40, gop_size=40))
    np.testing.assert_array_equal(results["iframe_inds"], 0)
    for one, other in itertools.combinations(results["imgs"], 2):
        assert not np.shares_memory(one, other)


def test_without_vectors_there_is_no_ruler(make_clip):
    results = load(make_clip(40), modalities=("residual", "iframe"))
    assert results["imgs_index"] == dict(residual=(0, 3), iframe=(3, 6))
    assert len(results["imgs"]) == 6


def test_both_directions_and_pictures_of_b_frames(make_clip):
    modalities = ("rgb", "motion_past", "motion_future")
    path = make_clip(40, codec="h264", b_frames=2)
    results = load(path, modalities=modalities, frame_types=("B",))
    assert list(results["imgs_index"]) == [*modalities, "ruler"]
    with CompressedVideo(path) as video:
        clip = video.read(results["frame_inds"], modalities=modalities)
    for name in modalities:
        start, stop = results["imgs_index"][name]
        np.testing.assert_array_equal(np.stack(results["imgs"][start:stop]), getattr(clip, name))


def test_per_frame_reaches_the_codec(make_clip):
    path = make_clip(40, codec="h264", b_frames=2)
    whole, per_frame = (
        np.stack(load(path, modalities=("motion",), per_frame=flag)["imgs"][:3])
        for flag in (False, True)
    )
    np.testing.assert_allclose(per_frame * 3, whole, atol=1e-5)
    assert np.abs(whole).max() > 1


def test_codec_without_vectors_says_so(tmp_path):
    path = tmp_path / "clip.webm"
    clip_recipes.encode(path, clip_recipes.Recipe("vp8", ".webm"))
    with pytest.raises(NoMotionVectorsError, match=r"reencode\.py") as caught:
        load(path)
    copy = pickle.loads(pickle.dumps(caught.value))  # as it crosses a worker's boundary
    assert (copy.path, copy.codec) == (str(path), "vp8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(modalities=("iframe", "depth")), "depth.*allowed"),
        (dict(modalities=()), "allowed"),
        (dict(reference="first"), "reference='first'.*previous"),
        (dict(precision="half"), "precision='half'.*subpixel"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        LoadCompressedVideo(**arguments)


# -- B-frames of MPEG-4 part 2, through the whole pipeline


def through_the_pipeline(path) -> tuple[dict, list[str]]:
    pipeline = [
        SampleCompressedFrames(num_segments=16, test_mode=True, frame_types=("P", "B")),
        LoadCompressedVideo(),
        TRANSFORMS.build(dict(type="Resize", scale=(170, 128), keep_ratio=False)),
        TRANSFORMS.build(dict(type="CenterCrop", crop_size=112)),
        FormatCompressedShape(),
    ]
    results = dict(filename=str(path))
    for transform in pipeline:
        results = transform(results)
    return results, results["frame_types"]


def check_p_and_b_frames(path) -> None:
    results, types = through_the_pipeline(path)
    assert set(types) == {"P", "B"}
    assert results["iframe"].shape == (16, 3, 112, 112)
    assert results["motion"].shape == (1, 2, 16, 112, 112)
    assert results["residual"].shape == (1, 3, 16, 112, 112)
    is_b = np.array(types) == "B"
    with CompressedVideo(path) as video:
        clip = video.read(np.asarray(results["frame_inds"])[is_b], modalities=("motion",))
    assert set(clip.provenance) == {"parsed"}
    moves = (results["motion"][0] != 128).any(axis=(0, 2, 3))  # [16]; 128: no motion
    assert moves[is_b].mean() > 0.5


@pytest.mark.skipif(not mpeg4.is_available(), reason="the parser is not compiled")
@pytest.mark.parametrize("name", ["v_ApplyEyeMakeup_g01_c01.avi", "cartwheel.avi"])
def test_p_and_b_frames_of_real_clips_pass_the_pipeline(shared_data, name):
    check_p_and_b_frames(shared_data / "clips" / name)


@pytest.mark.skipif(not mpeg4.is_available(), reason="the parser is not compiled")
def test_p_and_b_frames_pass_the_pipeline(tmp_path):
    texture = np.random.default_rng(0).integers(0, 256, (24, 32, 3), np.uint8)
    texture = texture.repeat(6, 0).repeat(6, 1)
    frames = [np.roll(texture, 3 * t, axis=1)[:128, :170] for t in range(40)]
    encode_frames(tmp_path / "clip.avi", frames, codec="mpeg4", gop_size=20, b_frames=2)
    check_p_and_b_frames(tmp_path / "clip.avi")


# -- what the bitstream alone says


GRID = dict(modalities=("motion", "bits"), layout="cells")


@pytest.mark.parametrize(("codec", "cell"), [("mpeg4", 8), ("h264", 4)])
def test_cells_are_a_smaller_picture_whose_vectors_count_in_cells(make_clip, codec, cell):
    path = make_clip(40, codec=codec)
    results = load(path, **GRID)
    with CompressedVideo(path) as video:
        clip = video.read(results["frame_inds"], **GRID)
    assert results["imgs_index"] == dict(motion=(0, 3), bits=(3, 6), ruler=(6, 7))
    assert results["img_shape"] == (96 // cell, 128 // cell)
    np.testing.assert_array_equal(np.stack(results["imgs"][:3]), clip.motion / cell)
    np.testing.assert_array_equal(results["imgs"][6], make_ruler(96 // cell, 128 // cell))
    assert np.abs(clip.motion).max() > 1
    bits = np.stack(results["imgs"][3:6])  # [3, 96 / cell, 128 / cell, 2]
    step = 16 // cell
    for row, column in itertools.product(range(step), repeat=2):
        macroblocks = np.stack([clip.bits, clip.coefficients], axis=-1)
        np.testing.assert_array_equal(bits[:, row::step, column::step], macroblocks)
    assert bits.max() > 10


def test_painted_bits_are_those_of_each_pixels_macroblock(make_clip):
    path = make_clip(40)
    results = load(path, modalities=("bits",))
    with CompressedVideo(path) as video:
        clip = video.read(results["frame_inds"], modalities=("bits",))
    assert results["imgs_index"] == dict(bits=(0, 3))  # no vectors, no ruler
    for image, bits in zip(results["imgs"], clip.bits, strict=True):
        assert image.shape == (96, 128, 2)
        np.testing.assert_array_equal(image[..., 0], np.kron(bits, np.ones((16, 16))))


def test_grids_of_two_codecs_become_one(make_clip):
    """Of one pan: cells of 8 pixels as they are, cells of 4 made half as many."""
    pipeline = [
        dict(type="SampleCompressedFrames", num_segments=3, test_mode=True),
        dict(type="LoadCompressedVideo", modalities=("motion",), layout="cells"),
        dict(type="Resize", scale=(16, 12), keep_ratio=False),
        dict(type="FormatCompressedShape", layouts=dict(motion="NCTHW"), encoding="raw"),
    ]
    transforms = [TRANSFORMS.build(transform) for transform in pipeline]
    medians = []
    for codec in ("mpeg4", "h264"):
        results = dict(filename=str(make_clip(40, codec=codec)))
        for transform in transforms:
            results = transform(results)
        assert results["motion"].shape == (1, 2, 3, 12, 16)
        medians.append(np.median(results["motion"], axis=(0, 2, 3, 4)))
    np.testing.assert_allclose(*medians, atol=1 / 32)  # a quarter of a pixel
    assert np.abs(medians[0]).max() > 0.1


def test_iframes_beside_cells_are_pictures_with_a_size_of_their_own(make_clip):
    resize = dict(type="Resize", scale=(64, 48), keep_ratio=False)
    pipeline = [
        dict(type="SampleCompressedFrames", num_segments=3, test_mode=True),
        dict(
            type="LoadCompressedVideo", modalities=("iframe", *GRID["modalities"]), layout="cells"
        ),
        dict(type="TransformIFrames", transforms=[resize]),
        dict(type="Flip", flip_ratio=1.0),
        dict(
            type="FormatCompressedShape",
            layouts=dict(iframe="NCHW", motion="NCTHW", bits="NCTHW"),
            encoding="raw",
        ),
    ]
    results = dict(filename=str(make_clip(40)), modality="RGB")
    for transform in pipeline:
        results = TRANSFORMS.build(transform)(results)
    assert results["iframe"].shape == (3, 3, 48, 64)
    assert results["bits"].shape == (1, 2, 3, 12, 16)
    unflipped = load(make_clip(40), **GRID)["imgs"]
    np.testing.assert_allclose(results["motion"][0, 0, 0], -unflipped[0][:, ::-1, 0], rtol=1e-5)
    np.testing.assert_array_equal(results["bits"][0, 1, 2], unflipped[5][:, ::-1, 1])


def test_no_predicted_frame_is_decoded_for_motion_and_bits(make_clip, monkeypatch):
    """A decoder that was given P-frames would have made pictures of them."""
    pictures = []
    decode = Decoding._decode

    def counting(self, packet):
        for picture, frame in decode(self, packet):
            pictures.append(picture)
            yield picture, frame

    monkeypatch.setattr(Decoding, "_decode", counting)
    load(make_clip(40), **GRID)
    assert not pictures
    load(make_clip(40), modalities=("iframe", "motion", "bits"))
    assert len(pictures) == 3
    load(make_clip(40))
    assert len(pictures) > 6


@pytest.mark.parametrize("codec", ["mpeg4", "h264"])
def test_a_gop_may_give_its_iframe_alone(make_clip, codec):
    """A segment's position on a key frame takes the P-frame before it, of another GOP."""
    path = make_clip(40, codec=codec)  # key frames 0, 12, 24, 36
    modalities = ("iframe", "motion", "bits")
    results = dict(filename=str(path))
    results = SampleCompressedFrames(num_segments=1, test_mode=True)(results)
    results["frame_inds"], results["iframe_inds"] = np.array([11]), np.array([12])
    results = LoadCompressedVideo(modalities=modalities)(results)
    with CompressedVideo(path) as video:
        clip = video.read([11], modalities=("motion", "bits"))
        (iframe,) = video.read([12], modalities=("rgb",)).rgb
    np.testing.assert_array_equal(results["imgs"][0], iframe)
    np.testing.assert_array_equal(results["imgs"][1], clip.motion[0])
    np.testing.assert_array_equal(results["imgs"][2][::16, ::16, 0], clip.bits[0])


@pytest.mark.parametrize(
    "arguments",
    [
        dict(modalities=("motion", "residual")),
        dict(modalities=("rgb",)),
        dict(modalities=("motion",), reference="iframe"),
        dict(modalities=("motion",), precision="integer"),
    ],
)
def test_what_does_not_go_with_cells(arguments):
    with pytest.raises(ValueError, match=r"layout='cells' goes with some of 'iframe', 'motion'"):
        LoadCompressedVideo(**arguments, layout="cells")
