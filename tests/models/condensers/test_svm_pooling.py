from __future__ import annotations

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS
from sklearn.svm import LinearSVC

from mmcondense.models.condensers.baselines import stretch_contrast
from mmcondense.models.condensers.svm_pooling import _noise, linear_svm


@pytest.mark.parametrize("cost", [0.1, 1.0, 10.0])
def test_solver_agrees_with_scikit_learn(cost):
    generator = torch.Generator().manual_seed(0)
    signs = torch.tensor([1.0] * 8 + [-1.0] * 6)
    features = torch.randn(3, 14, 5, generator=generator) + 0.8 * signs[:, None]
    normals = linear_svm(features, signs, cost=cost, num_sweeps=20_000, tol=1e-8)
    for normal, samples in zip(normals, features, strict=True):
        reference = LinearSVC(C=cost, dual=True, max_iter=100_000, tol=1e-8, random_state=0)
        reference.fit(samples.numpy(), signs.numpy())
        np.testing.assert_allclose(normal.numpy(), reference.coef_[0], rtol=1e-3, atol=1e-4)


def test_pictures_are_the_hyperplane_between_frames_and_noise():
    frames = torch.rand(2, 3, 12, 6, 8, generator=torch.Generator().manual_seed(1)) * 0.5
    condenser = MODELS.build(dict(type="mmaction.SVMPooling"))
    pictures = condenser(frames)
    assert pictures.shape == (2, 3, 1, 6, 8)
    assert pictures.flatten(1).amin(dim=1).tolist() == pytest.approx([-1, -1])
    assert pictures.flatten(1).amax(dim=1).tolist() == pytest.approx([1, 1])
    torch.testing.assert_close(condenser(frames[1:]), pictures[1:], rtol=0, atol=1e-4)
    # the frame-less bag is white noise, and the picture the normal of the plane between
    negatives = _noise(12, (3, 6, 8), 0)
    samples = torch.cat([frames[0].transpose(0, 1), negatives]).flatten(1)
    reference = LinearSVC(dual=True, max_iter=100_000, tol=1e-8, random_state=0)
    reference.fit(samples.numpy(), [1] * 12 + [-1] * 12)
    expected = stretch_contrast(torch.from_numpy(reference.coef_).float()).view(3, 1, 6, 8)
    torch.testing.assert_close(pictures[0], expected, rtol=0, atol=1e-2)
