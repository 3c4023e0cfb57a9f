"""The five losses of IFS against slow versions of the printed formulas."""

from __future__ import annotations

import math

import pytest
import torch

from mmcondense.models.losses.appearance_loss import appearance_loss
from mmcondense.models.losses.category_loss import category_loss
from mmcondense.models.losses.color_consistency_loss import color_consistency_loss
from mmcondense.models.losses.least_squares_adversarial_loss import (
    discriminator_loss,
    generator_loss,
)
from mmcondense.models.losses.motion_residual_loss import motion_residual_loss


def test_appearance_is_the_mean_squared_error():
    reconstruction, iframe = torch.randn(2, 3, 4, 5), torch.randn(2, 3, 4, 5)
    expected = sum((reconstruction[n] - iframe[n]).pow(2).sum() / (3 * 4 * 5) for n in range(2)) / 2
    torch.testing.assert_close(appearance_loss(reconstruction, iframe), expected)


def test_category_is_the_cross_entropy():
    logits = torch.tensor([[0.0, math.log(3)], [0.0, 0.0]])
    expected = -(math.log(0.75) + math.log(0.5)) / 2
    assert float(category_loss(logits, torch.tensor([1, 0]))) == pytest.approx(expected)


def test_motion_averages_over_frames_and_adds_residuals():
    m, m_hat = torch.randn(2, 2, 5, 4, 4), torch.randn(2, 2, 5, 4, 4)
    r, r_hat = torch.randn(2, 3, 5, 4, 4), torch.randn(2, 3, 5, 4, 4)
    total = torch.zeros(())
    for n in range(2):
        for t in range(5):
            total = total + (m[n, :, t] - m_hat[n, :, t]).pow(2).mean()
            total = total + (r[n, :, t] - r_hat[n, :, t]).pow(2).mean()
    torch.testing.assert_close(motion_residual_loss(m_hat, r_hat, m, r), total / 5 / 2)


def test_real_is_0_and_fake_is_1():
    zeros, ones, halves = torch.zeros(4, 1, 2, 2), torch.ones(4, 1, 2, 2), torch.full((4,), 0.5)
    assert float(discriminator_loss(zeros, ones)) == 0
    assert float(discriminator_loss(ones, zeros)) == 2
    assert float(discriminator_loss(halves, halves)) == 0.5
    assert float(generator_loss(zeros)) == 0
    assert float(generator_loss(halves)) == 0.25


def test_colour_compares_means_with_every_frame():
    frame, clip = torch.rand(2, 3, 4, 4), torch.rand(2, 3, 6, 4, 4)
    total = torch.zeros(())
    for n in range(2):
        for t in range(6):
            difference = clip[n, :, t].mean(dim=(1, 2)) - frame[n].mean(dim=(1, 2))
            total = total + difference.pow(2).mean()
    torch.testing.assert_close(color_consistency_loss(frame, clip), total / 6 / 2)


def test_colour_ignores_where_the_colour_is():
    clip = torch.rand(1, 3, 1, 4, 4)
    shuffled = clip[:, :, 0].flatten(2)[..., torch.randperm(16)].view(1, 3, 4, 4)
    assert float(color_consistency_loss(shuffled, clip)) == pytest.approx(0, abs=1e-12)


def test_losses_are_float32_under_mixed_precision():
    half = torch.full((1, 3, 2, 2), 300.0, dtype=torch.float16)  # its square overflows
    assert float(generator_loss(half)) == 90000
    assert float(appearance_loss(half, half * 0)) == 90000
