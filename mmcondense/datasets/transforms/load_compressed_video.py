"""From sampled frame indices to a flat list of images: I-frames, motion, residuals, a ruler."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from compressedvideo import (
    LAYOUTS,
    MACROBLOCK_MODALITIES,
    MODALITIES,
    PRECISIONS,
    REFERENCES,
)
from mmcondense_runtime.clip_images import VECTORS, modality_images
from mmcondense_runtime.ruler import make_ruler

PREVIOUS_RGB = "previous_rgb"
VECTOR_MODALITIES = (*VECTORS, "flow")


@TRANSFORMS.register_module()
class LoadCompressedVideo(BaseTransform):
    """Read the sampled frames' modalities in one pass over the video, and close it.

    ``imgs`` becomes one flat list, so that MMAction2's Resize, MultiScaleCrop, RandomResizedCrop,
    CenterCrop, ThreeCrop, TenCrop and Flip work on all modalities alike; ``imgs_index`` says
    which part of it is what. Motion travels unscaled. With vectors comes a ruler, an image of
    pixel coordinates, from which FormatCompressedShape reads what the transforms did to them.

    Without ``residual`` and ``rgb`` no predicted frame is decoded where the codec has a parser
    (MPEG-4 part 2, H.264, HEVC, VP9): motion and bits are read from the bitstream.
    ``layout='cells'`` keeps them on the codec's own grid, of 8x8 pixels, or 4x4 (H.264, HEVC, VP9),
    with vectors in cells: a small picture, which costs that much less to resize and to look at.
    Resize brings grids of all codecs to one size. I-frames stay pictures of pixels beside it: they
    get a size of their own by Resize in TransformIFrames, and clips are flipped, but not cropped.

    Damaged pictures raise, or are returned and flagged, as CompressedVideoDataset's ``on_damage``
    says: with that, and with its ``limits``, the sampler opened the video.

    Required keys: those of SampleCompressedFrames. Removed: ``compressed_video``. Added:
    ``imgs`` (iframe, rgb and previous_rgb uint8 [H, W, 3]; motion float32 [H, W, 2], pixels;
    residual int16 [H, W, 3]; bits float32 [H, W, 2], bits and coefficients of a macroblock),
    ``imgs_index`` (modality to (start, stop)), ``img_shape``, ``original_shape``,
    ``frame_types``, ``iframe_is_virtual``, ``damaged`` and ``iframe_damaged`` ([frames] and
    [I-frames] bool).

    Args:
        modalities: what to read, some of MODALITIES of compressedvideo, ``'bits'``, and
            ``'previous_rgb'``: of each frame the one displayed before it, which LoadFlow can
            compute flow from.
        reference: what motion and residuals are relative to. ``'previous'``: the pictures that
            the codec predicted from; ``'iframe'``: accumulated to the GOP's I-frame.
        precision: ``'subpixel'``, or ``'integer'`` for CoViAR's whole pixels.
        per_frame: divide P-frames' vectors by the distance to their reference, so that they share
            B-frames' unit, pixels per frame.
        layout: ``'pixels'``, or ``'cells'``, for which ``reference`` must be ``'previous'``,
            ``precision`` ``'subpixel'``, and the modalities some of I-frames, motion and bits.

    Raises:
        ValueError: for an unknown name, or names that do not go together.
        CodecError: if the video cannot be read as asked.
    """

    def __init__(
        self,
        *,
        modalities: Sequence[str] = ("iframe", "motion", "residual"),
        reference: str = "previous",
        precision: str = "subpixel",
        per_frame: bool = False,
        layout: str = "pixels",
    ) -> None:
        allowed = (*MODALITIES, *MACROBLOCK_MODALITIES, PREVIOUS_RGB)
        if not modalities or not set(modalities) <= set(allowed):
            raise ValueError(f"modalities={modalities}, allowed are some of {allowed}")
        for name, value, known in (
            ("reference", reference, REFERENCES),
            ("precision", precision, PRECISIONS),
            ("layout", layout, LAYOUTS),
        ):
            if value not in known:
                raise ValueError(f"{name}={value!r}, allowed is one of {known}")
        if layout == "cells" and (
            not set(modalities) <= {"iframe", "motion", "bits"}
            or (reference, precision) != ("previous", "subpixel")
        ):
            raise ValueError(
                "layout='cells' goes with some of 'iframe', 'motion', 'bits', with "
                f"reference='previous' and precision='subpixel', not with {tuple(modalities)}, "
                f"{reference!r} and {precision!r}"
            )
        self.modalities = tuple(modalities)
        self.reference = reference
        self.precision = precision
        self.per_frame = per_frame
        self.layout = layout

    def transform(self, results: dict) -> dict:
        modalities, iframe_inds = self.modalities, results["iframe_inds"]
        num_iframes = len(iframe_inds)
        if PREVIOUS_RGB in modalities:  # more pictures of our choice, in the same pass
            modalities = tuple({*modalities, "iframe"} - {PREVIOUS_RGB})
            iframe_inds = np.concatenate([iframe_inds, results["frame_inds"] - 1])
        with results.pop("compressed_video") as video:
            clip = video.read(
                results["frame_inds"],
                reference=self.reference,
                modalities=modalities,
                precision=self.precision,
                iframe_inds=iframe_inds,
                per_frame=self.per_frame,
                layout=self.layout,
            )
            size = (video.height, video.width) if "bits" in modalities else (0, 0)
        imgs: list[np.ndarray] = []
        index: dict[str, tuple[int, int]] = {}
        for modality in self.modalities:
            if modality in ("iframe", PREVIOUS_RGB):
                assert clip.iframes is not None
                of_both = (clip.iframes[:num_iframes], clip.iframes[num_iframes:])
                images = of_both[modality == PREVIOUS_RGB]
            else:
                images = modality_images(clip, modality, frame_size=size)
            index[modality] = (len(imgs), len(imgs) + len(images))
            imgs.extend(images)
        vectors = [modality for modality in self.modalities if modality in VECTORS]
        if vectors:
            grid = imgs[index[vectors[0]][0]].shape[:2]
            index["ruler"] = (len(imgs), len(imgs) + 1)
            imgs.append(make_ruler(*grid))
        results["imgs"] = imgs
        results["imgs_index"] = index
        results["img_shape"] = results["original_shape"] = imgs[0].shape[:2]
        results["frame_types"] = clip.frame_types
        results["iframe_is_virtual"] = clip.iframe_is_virtual[:num_iframes]
        results["damaged"] = clip.damaged
        results["iframe_damaged"] = clip.iframe_damaged[:num_iframes]
        return results

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(modalities={self.modalities}, reference={self.reference!r}, "
            f"precision={self.precision!r}, per_frame={self.per_frame}, layout={self.layout!r})"
        )
