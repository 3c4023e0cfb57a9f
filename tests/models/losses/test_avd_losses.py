"""AVD's losses against slow versions of the printed formulas."""

from __future__ import annotations

import math

import pytest
import torch

from mmcondense.models.losses.cross_entropy_adversarial_loss import encoder_loss, teacher_loss
from mmcondense.models.losses.reconstruction_loss import reconstruction_loss


def test_reconstruction_is_eq_1_as_a_mean():
    clip, decoded = torch.randn(2, 3, 4, 5, 6), torch.randn(2, 3, 4, 5, 6)
    printed = sum(torch.linalg.norm((clip[n] - decoded[n]).flatten()) ** 2 for n in range(2))
    torch.testing.assert_close(reconstruction_loss(decoded, clip), printed / clip.numel())


def test_both_players_follow_eq_2():
    real, fake = [0.3, -1.2, 2.0], [0.7, -0.4]
    sigmoid = [1 / (1 + math.exp(-x)) for x in real], [1 / (1 + math.exp(-x)) for x in fake]
    for_real = sum(math.log(p) for p in sigmoid[0]) / 3
    for_fake = sum(math.log(1 - p) for p in sigmoid[1]) / 2
    value = float(teacher_loss(torch.tensor(real), torch.tensor(fake)))
    assert value == pytest.approx(-(for_real + for_fake))
    printed = float(encoder_loss(torch.tensor(fake), saturating=True))
    assert printed == pytest.approx(for_fake)
    usual = float(encoder_loss(torch.tensor(fake)))
    assert usual == pytest.approx(-sum(math.log(p) for p in sigmoid[1]) / 2)


def test_only_the_printed_form_stops_teaching_where_the_teacher_is_sure():
    for saturating, expected in ((True, 0.0), (False, -1.0)):
        fake = torch.tensor([-30.0], requires_grad=True)
        encoder_loss(fake, saturating=saturating).backward()
        assert float(fake.grad) == pytest.approx(expected, abs=1e-6)


def test_losses_stay_finite_in_half_precision():
    half = torch.full((4,), 1000.0, dtype=torch.float16)
    assert float(teacher_loss(-half, half)) == 2000
    assert float(encoder_loss(-half)) == 1000
    assert float(encoder_loss(half, saturating=True)) == -1000
    assert float(reconstruction_loss(half, -half)) == 2000**2
