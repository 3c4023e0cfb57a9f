"""From sampled frame indices to one flat list of images: I-frames, motion, residuals, a ruler."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from compressedvideo import MODALITIES, PRECISIONS, REFERENCES, CompressedClip
from mmcondense_runtime.ruler import make_ruler

PREVIOUS_RGB = "previous_rgb"
VECTOR_MODALITIES = ("motion", "motion_past", "motion_future", "flow")


@TRANSFORMS.register_module()
class LoadCompressedVideo(BaseTransform):
    """Read the sampled frames' modalities in one pass over the video, and close it.

    ``imgs`` becomes one flat list, so that MMAction2's Resize, MultiScaleCrop, RandomResizedCrop,
    CenterCrop, ThreeCrop, TenCrop and Flip work on all modalities alike; ``imgs_index`` says
    which part of it is what. Motion travels unscaled. With vectors comes a ruler, an image of
    pixel coordinates, from which FormatCompressedShape reads what the transforms did to them.

    Damaged pictures raise, or are returned and flagged, as CompressedVideoDataset's ``on_damage``
    says: with that, and with its ``limits``, the sampler opened the video.

    Required keys: those of SampleCompressedFrames. Removed: ``compressed_video``. Added:
    ``imgs`` (iframe, rgb and previous_rgb uint8 [H, W, 3]; motion float32 [H, W, 2], pixels;
    residual int16 [H, W, 3]), ``imgs_index`` (modality to (start, stop)), ``img_shape``,
    ``original_shape``, ``frame_types``, ``iframe_is_virtual``, ``damaged`` and ``iframe_damaged``
    ([frames] and [I-frames] bool).

    Args:
        modalities: what to read, some of MODALITIES of compressedvideo, and ``'previous_rgb'``:
            of each frame the one displayed before it, which LoadFlow can compute flow from.
        reference: what motion and residuals are relative to. ``'previous'``: the pictures that
            the codec predicted from; ``'iframe'``: accumulated to the GOP's I-frame.
        precision: ``'subpixel'``, or ``'integer'`` for CoViAR's whole pixels.
        per_frame: divide P-frames' vectors by the distance to their reference, so that they share
            B-frames' unit, pixels per frame.

    Raises:
        CodecError: if the video cannot be read as asked.
    """

    def __init__(
        self,
        *,
        modalities: Sequence[str] = ("iframe", "motion", "residual"),
        reference: str = "previous",
        precision: str = "subpixel",
        per_frame: bool = False,
    ) -> None:
        allowed = (*MODALITIES, PREVIOUS_RGB)
        if not modalities or not set(modalities) <= set(allowed):
            raise ValueError(f"modalities={modalities}, allowed are some of {allowed}")
        if reference not in REFERENCES:
            raise ValueError(f"reference={reference!r}, allowed is one of {REFERENCES}")
        if precision not in PRECISIONS:
            raise ValueError(f"precision={precision!r}, allowed is one of {PRECISIONS}")
        self.modalities = tuple(modalities)
        self.reference = reference
        self.precision = precision
        self.per_frame = per_frame

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
            )
        imgs: list[np.ndarray] = []
        index: dict[str, tuple[int, int]] = {}
        for modality in self.modalities:
            images = _images(clip, modality, num_iframes=num_iframes)
            index[modality] = (len(imgs), len(imgs) + len(images))
            imgs.extend(images)
        if any(modality in VECTOR_MODALITIES for modality in self.modalities):
            index["ruler"] = (len(imgs), len(imgs) + 1)
            imgs.append(make_ruler(*imgs[0].shape[:2]))
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
            f"precision={self.precision!r}, per_frame={self.per_frame})"
        )


def _images(clip: CompressedClip, modality: str, *, num_iframes: int) -> np.ndarray:
    if modality in ("iframe", PREVIOUS_RGB):
        assert clip.iframes is not None
        return clip.iframes[:num_iframes] if modality == "iframe" else clip.iframes[num_iframes:]
    images = getattr(clip, modality)
    assert images is not None, f"the codec returned no {modality}"
    if modality in VECTOR_MODALITIES:
        return images.astype(np.float32, copy=False)  # whole pixels too: resizing rescales them
    return images
