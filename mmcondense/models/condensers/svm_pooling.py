"""SVM pooling: the hyperplane that tells a clip's frames from noise, drawn as a picture."""

from __future__ import annotations

import functools

import torch
from mmaction.registry import MODELS
from torch import Tensor

from .base import BaseCondenser, Clip, as_rgb
from .baselines import stretch_contrast


def linear_svm(
    features: Tensor, signs: Tensor, *, cost: float = 1.0, num_sweeps: int = 1000, tol: float = 1e-6
) -> Tensor:
    """Many small linear SVMs at once: squared hinge loss, the bias regularised as a weight.

    The problem of scikit-learn's ``LinearSVC``, and its solver: dual coordinate descent (Hsieh et
    al., ICML 2008), here on Gram matrices, so that a sweep costs nothing per pixel.

    Args:
        features: [N, M, D], M samples for each of N classifiers.
        signs: [M], 1 or -1.
        cost: C, factor on the hinge losses.
        num_sweeps: Passes over the samples at most.
        tol: Stop when no dual variable changed by more, relative to the largest.

    Returns:
        [N, D], the normals w of the hyperplanes, without bias.
    """
    num_samples = len(signs)
    signed = features * signs[:, None]
    gram = torch.einsum("nid,njd->nij", signed, signed).double()
    gram = gram + torch.outer(signs, signs)  # the bias is a feature that is always 1
    diagonal = gram.diagonal(dim1=1, dim2=2) + 1 / (2 * cost)  # [N, M]
    alpha = gram.new_zeros(len(gram), num_samples)
    for _ in range(num_sweeps):
        before = alpha.clone()
        for i in range(num_samples):
            gradient = (gram[:, i] * alpha).sum(dim=1) - 1 + alpha[:, i] / (2 * cost)
            alpha[:, i] = (alpha[:, i] - gradient / diagonal[:, i]).clamp(min=0)
        if (alpha - before).abs().max() <= tol * alpha.max():
            break
    return torch.einsum("ni,nid->nd", alpha.to(signed), signed)


@functools.lru_cache(maxsize=8)
def _noise(num_images: int, shape: tuple[int, ...], seed: int) -> Tensor:
    """[num_images, *shape] in [-1, 1], the same at every call."""
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(num_images, *shape, generator=generator) * 2 - 1


@MODELS.register_module()
class SVMPooling(BaseCondenser):
    """SVMP of raw pixels, contrast stretched.

    Wang et al., "Video Representation Learning Using Discriminative Pooling", CVPR 2018, as the
    IFS paper uses it (section 4.6): the decision boundary that separates the clip's frames
    (positive bag) from white noise (negative bag) is the informative frame. All frames are
    positives: the paper's fraction of them (eta) is 1.

    The noise is drawn once for each size of frame; the solver needs M x M numbers of a clip, so
    that there is nothing worth caching per clip. For a whole data set:
    ``tools/condense_dataset.py`` writes the pictures once.

    Args:
        num_negatives: Images of noise. None: as many as the clip has frames.
        cost: C of the SVM.
        seed: Of the noise.
    """

    def __init__(
        self, *, num_negatives: int | None = None, cost: float = 1.0, seed: int = 0
    ) -> None:
        super().__init__()
        self.num_negatives = num_negatives
        self.cost = cost
        self.seed = seed

    @torch.no_grad()
    def forward(self, clip: Clip) -> Tensor:
        frames = as_rgb(clip).transpose(1, 2).float()  # [N, T, 3, H, W]
        num_clips, num_frames, *shape = frames.shape
        num_negatives = self.num_negatives or num_frames
        noise = _noise(num_negatives, tuple(shape), self.seed).to(frames)
        samples = torch.cat([frames, noise.expand(num_clips, -1, -1, -1, -1)], dim=1).flatten(2)
        signs = frames.new_ones(num_frames + num_negatives)
        signs[num_frames:] = -1
        normals = linear_svm(samples, signs, cost=self.cost).view(num_clips, *shape)
        return stretch_contrast(normals).unsqueeze(2)
