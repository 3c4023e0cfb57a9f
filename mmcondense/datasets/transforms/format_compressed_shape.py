"""From the flat list of images to one array per modality: vectors put right, encoded, laid out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from mmcondense_runtime.encoding import (
    STEPS_PER_PIXEL,
    encode_bits,
    encode_motion,
    encode_residual,
    quantize_motion,
)
from mmcondense_runtime.ruler import measure_ruler

from .load_compressed_video import VECTOR_MODALITIES

LAYOUTS = ("NCHW", "NCTHW")
ENCODINGS = ("uint8", "int16", "raw")
_SMALL = 10_000  # numbers of an image for which calls cost more than caches do
_IMAGE = np.dtype(np.uint8), 3
_VECTORS = np.dtype(np.float32), 2
_RESIDUAL = np.dtype(np.int16), 3
_EXPECTED: dict[str, tuple[np.dtype, int]] = {
    "iframe": _IMAGE,
    "rgb": _IMAGE,
    "previous_rgb": _IMAGE,
    "residual": _RESIDUAL,
    "bits": _VECTORS,  # two numbers a pixel, too
    **dict.fromkeys((*VECTOR_MODALITIES, "ruler"), _VECTORS),
}


def decode_motion(coded: np.ndarray, *, bound: float = 20) -> np.ndarray:
    """Pixels of :func:`encode_motion`'s bytes, within one step of bound / 127.5 up to the bound.

    Returns:
        Same shape, float32.
    """
    return (coded.astype(np.float32) - 128) * np.float32(bound / 127.5)


def decode_bits(coded: np.ndarray) -> np.ndarray:
    """Counts of :func:`encode_bits`'s bytes, within 2.2 percent below 62,757.

    Returns:
        Same shape, float32.
    """
    return np.exp2(coded.astype(np.float32) / 16) - 1


def decode_residual(coded: np.ndarray) -> np.ndarray:
    """Differences of :func:`encode_residual`'s bytes, exact from -128 to 127.

    Returns:
        Same shape, int16.
    """
    return coded.astype(np.int16) - 128


@TRANSFORMS.register_module()
class FormatCompressedShape(BaseTransform):
    """Split ``imgs`` into modalities after the spatial transforms, and make vectors right again.

    Vectors are multiplied with the scale of their axis and change sign where it was flipped, both
    read from the ruler of their own crop. CoViAR encodes before resizing and never rescales; here
    encoding comes last, so that equal motion gives equal bytes whatever the size of the video.

    Required keys: ``imgs``, ``imgs_index``, ``num_clips``, ``clip_len``. Removed: ``imgs``,
    ``imgs_index``. Added: one array per modality.

    Args:
        layouts: modality to layout. ``'NCHW'``: [crops * clips * S, C, H, W], for 2D recognizers;
            ``'NCTHW'``: [crops * clips, C, S, H, W], for 3D ones.
        encoding: ``'uint8'``: CoViAR's bytes (:func:`encode_motion`, :func:`encode_residual`);
            normalise as (x / 255 - 0.5), residuals / std; bits by their logarithm
            (:func:`encode_bits`). ``'int16'``: nothing is cut off, motion
            in 1/64 pixels (:func:`quantize_motion`), residuals -255 to 255; normalise motion to
            pixels with std 64. ``'raw'``: residuals likewise, motion in pixels, float32, which is
            twice the size. Bits are float32 counts in both.
        motion_bound: pixels, see :func:`encode_motion`; of ``layout='cells'``, cells.
        crops: modality to the numbers, from 0, of those crops of ThreeCrop or TenCrop that it
            keeps; all, where it is not named. TenCrop's number 8 is CenterCrop's: with
            ``dict(motion=(8,), residual=(8,))`` an I-stream is tested with ten crops and a P-stream
            with one.

    Raises:
        ValueError: if there is no crop of such a number, or if a transform before this one changed
            motion or residuals as if they were colours, or moved pixels otherwise than by resize,
            crop and flip.
    """

    def __init__(
        self,
        *,
        layouts: Mapping[str, str] | None = None,
        encoding: str = "uint8",
        motion_bound: float = 20,
        crops: Mapping[str, Sequence[int]] | None = None,
    ) -> None:
        if layouts is None:
            layouts = dict(iframe="NCHW", motion="NCTHW", residual="NCTHW")
        if not set(layouts.values()) <= set(LAYOUTS):
            raise ValueError(f"layouts={dict(layouts)}, allowed is one of {LAYOUTS} for each")
        if encoding not in ENCODINGS:
            raise ValueError(f"encoding={encoding!r}, allowed is one of {ENCODINGS}")
        if not motion_bound > 0:
            raise ValueError(f"motion_bound={motion_bound}, must be positive")
        self.layouts = dict(layouts)
        self.encoding = encoding
        self.motion_bound = motion_bound
        self.crops = {name: tuple(numbers) for name, numbers in (crops or {}).items()}

    def transform(self, results: dict) -> dict:
        if "lazy" in results:
            raise ValueError("a transform has lazy=True: put dict(type='Fuse') before this one")
        imgs, index = results.pop("imgs"), results.pop("imgs_index")
        missing = sorted(set(index) - set(self.layouts) - {"ruler"})
        if missing:
            raise ValueError(f"no layout for {missing}, layouts={self.layouts}")
        crops = _split_crops(imgs, index)
        for crop in crops:
            _check_images(crop)
        scales = [measure_ruler(crop["ruler"][0]) for crop in crops if "ruler" in crop]
        for modality, (start, stop) in index.items():
            if modality == "ruler":
                continue
            kept = self._kept(modality, len(crops))
            images = [image for number in kept for image in crops[number][modality]]
            results[modality], places = self._allocate(images, modality, results["clip_len"])
            # Each to its end, while it is in the cache; small ones of a crop below each other.
            together = stop - start if images[0].size <= _SMALL else 1
            height, width = images[0].shape[:2]
            for at in range(0, len(images), together):
                some = images[at : at + together]
                channels = cv2.split(some[0] if together == 1 else np.concatenate(some))
                if modality in VECTOR_MODALITIES:
                    scale = scales[kept[at // (stop - start)]]
                    channels = [channel * s for channel, s in zip(channels, scale, strict=True)]
                for number, channel in enumerate(channels):
                    coded = self._encode(channel, modality).reshape(together, height, width)
                    for place, image in zip(places[at : at + together], coded, strict=True):
                        place[number] = image
        return results

    def _kept(self, modality: str, num_crops: int) -> Sequence[int]:
        kept = self.crops.get(modality, range(num_crops))
        if not kept or not all(0 <= number < num_crops for number in kept):
            raise ValueError(
                f"crops={self.crops} asks for crops {tuple(kept)} of {modality}, there are "
                f"{num_crops}, numbered from 0: name others, or crop with TenCrop before"
            )
        return kept

    def restore(self, modality: str, formatted: np.ndarray) -> np.ndarray:
        """Undo layout and encoding: what the network sees, in units that people read.

        Args:
            modality: name, a key of ``layouts``.
            formatted: as :meth:`transform` wrote it.

        Returns:
            [crops * clips * S, H, W, C]: uint8 pictures, float32 motion in pixels, or int16
            residuals.
        """
        if self.layouts[modality] == "NCTHW":
            images = formatted.transpose(0, 2, 3, 4, 1)  # [crops * clips, S, H, W, C]
            images = images.reshape(-1, *images.shape[2:])
        else:
            images = formatted.transpose(0, 2, 3, 1)
        if self.encoding == "uint8" and modality in VECTOR_MODALITIES:
            return decode_motion(images, bound=self.motion_bound)
        if self.encoding == "int16" and modality in VECTOR_MODALITIES:
            return images.astype(np.float32) / STEPS_PER_PIXEL
        if self.encoding == "uint8" and modality == "residual":
            return decode_residual(images)
        if self.encoding == "uint8" and modality == "bits":
            return decode_bits(images)
        return images

    def _allocate(
        self, images: Sequence[np.ndarray], modality: str, clip_len: int
    ) -> tuple[np.ndarray, Sequence[np.ndarray]]:
        """An array of the modality's layout, and the [C, H, W] part of it that each image fills."""
        height, width, channels = images[0].shape
        dtype = self._encode(images[0][:0], modality).dtype
        if self.layouts[modality] == "NCHW":
            array = np.empty((len(images), channels, height, width), dtype)
            return array, list(array)
        shape = len(images) // clip_len, channels, clip_len, height, width
        array = np.empty(shape, dtype)  # [crops * clips, C, S, H, W]
        return array, [array[i // clip_len, :, i % clip_len] for i in range(len(images))]

    def _encode(self, values: np.ndarray, modality: str) -> np.ndarray:
        if modality in VECTOR_MODALITIES and self.encoding == "uint8":
            return encode_motion(values, bound=self.motion_bound)
        if modality in VECTOR_MODALITIES and self.encoding == "int16":
            return quantize_motion(values)
        if modality == "residual" and self.encoding == "uint8":
            return encode_residual(values)
        if modality == "bits" and self.encoding == "uint8":
            return encode_bits(values)
        return values

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(layouts={self.layouts}, encoding={self.encoding!r}, "
            f"motion_bound={self.motion_bound}, crops={self.crops})"
        )


def _split_crops(
    imgs: list[np.ndarray], index: Mapping[str, tuple[int, int]]
) -> list[dict[str, list[np.ndarray]]]:
    """ThreeCrop and TenCrop repeat the whole flat list, once per crop."""
    per_crop = max(stop for _, stop in index.values())
    if len(imgs) % per_crop:
        raise ValueError(f"{len(imgs)} images are no multiple of the {per_crop} of {dict(index)}")
    return [
        {name: imgs[at + start : at + stop] for name, (start, stop) in index.items()}
        for at in range(0, len(imgs), per_crop)
    ]


def _check_images(crop: Mapping[str, list[np.ndarray]]) -> None:
    for modality, images in crop.items():
        for image in images:
            found = image.dtype, image.shape[-1]
            if found != _EXPECTED[modality]:
                raise ValueError(
                    f"{modality} should be {_describe(*_EXPECTED[modality])}, and reached "
                    f"FormatCompressedShape as {_describe(*found)}: a transform before it treats "
                    "all images as colours. Wrap it in TransformIFrames, or leave it out"
                )


def _describe(dtype: np.dtype, channels: int) -> str:
    return f"{dtype} with {channels} channels"
