from __future__ import annotations

import pytest
import torch
from mmaction.registry import MODELS

from mmcondense.models.losses import FeatureDistanceLoss

STUDENT = torch.tensor([[1.0, 2.0], [3.0, 5.0]])
TEACHER = torch.tensor([[1.0, 0.0], [4.0, 2.0]])


@pytest.mark.parametrize(
    ("distance", "mean_distance"),
    [("l1", (0 + 2 + 1 + 3) / 4), ("l2", (0 + 4 + 1 + 9) / 4)],
)
def test_equals_hand_computed_values(distance, mean_distance):
    unweighted = FeatureDistanceLoss(distance=distance, loss_weight=1.0)(STUDENT, TEACHER)
    assert unweighted.item() == pytest.approx(mean_distance)
    default = FeatureDistanceLoss(distance=distance)(STUDENT, TEACHER)
    assert default.item() == pytest.approx(50 * mean_distance)


@pytest.mark.parametrize("distance", ["l1", "l2"])
def test_is_zero_when_student_is_teacher(distance):
    features = torch.randn(4, 8)
    assert FeatureDistanceLoss(distance=distance)(features, features).item() == 0.0


@pytest.mark.parametrize("distance", ["l1", "l2"])
def test_gradient_reaches_the_student_only(distance):
    student = STUDENT.clone().requires_grad_()
    teacher = TEACHER.clone().requires_grad_()
    FeatureDistanceLoss(distance=distance, loss_weight=1.0)(student, teacher).backward()
    difference = STUDENT - TEACHER
    expected = difference.sign() / 4 if distance == "l1" else 2 * difference / 4
    torch.testing.assert_close(student.grad, expected)
    assert teacher.grad is None


def test_different_shapes_are_refused():
    with pytest.raises(ValueError, match=r"\[2, 2\] and the teacher's \[2, 3\]"):
        FeatureDistanceLoss()(STUDENT, torch.zeros(2, 3))


def test_unknown_distance_names_the_allowed_ones():
    with pytest.raises(ValueError, match=r"\('l1', 'l2'\), but is 'cosine'"):
        MODELS.build(dict(type="FeatureDistanceLoss", distance="cosine"))
