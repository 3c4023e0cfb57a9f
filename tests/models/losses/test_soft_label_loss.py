from __future__ import annotations

import math

import pytest
import torch

from mmcondense.models.losses import SoftLabelLoss


def reference_cross_entropy(student, teacher, temperature):
    """The formula, one clip and one class at a time."""
    total = 0.0
    for student_row, teacher_row in zip(student.tolist(), teacher.tolist(), strict=True):
        teacher_sum = sum(math.exp(logit / temperature) for logit in teacher_row)
        student_sum = sum(math.exp(logit / temperature) for logit in student_row)
        for student_logit, teacher_logit in zip(student_row, teacher_row, strict=True):
            target = math.exp(teacher_logit / temperature) / teacher_sum
            probability = math.exp(student_logit / temperature) / student_sum
            total -= target * math.log(probability)
    return total / len(student)


@pytest.mark.parametrize("temperature", [1.0, 8.0])
def test_equals_the_formula(temperature):
    student, teacher = torch.randn(2, 3, 5, dtype=torch.float64)
    loss = SoftLabelLoss(temperature=temperature, loss_weight=1.0)(student, teacher)
    assert loss.item() == pytest.approx(reference_cross_entropy(student, teacher, temperature))


def test_hand_computed_value():
    # Soft labels (2/3, 1/3) against an undecided student: log 2.
    teacher = torch.tensor([[8 * math.log(2.0), 0.0]])
    student = torch.zeros(1, 2)
    assert SoftLabelLoss(loss_weight=1.0)(student, teacher).item() == pytest.approx(math.log(2))
    assert SoftLabelLoss()(student, teacher).item() == pytest.approx(50 * math.log(2))
    scaled = SoftLabelLoss(loss_weight=1.0, scale_by_squared_temperature=True)
    assert scaled(student, teacher).item() == pytest.approx(64 * math.log(2))


def test_nothing_to_learn_when_student_is_teacher():
    # A cross-entropy ends at the entropy of the labels, not at 0: its gradient is what vanishes.
    teacher = torch.randn(4, 6, dtype=torch.float64)
    student = teacher.clone().requires_grad_()
    SoftLabelLoss()(student, teacher).backward()
    torch.testing.assert_close(student.grad, torch.zeros_like(student))


def test_gradient_reaches_the_student_only():
    student = torch.randn(4, 6, requires_grad=True)
    teacher = torch.randn(4, 6, requires_grad=True)
    SoftLabelLoss(temperature=8.0, loss_weight=1.0)(student, teacher).backward()
    expected = ((student / 8).softmax(1) - (teacher / 8).softmax(1)) / 8 / 4
    torch.testing.assert_close(student.grad, expected.detach())
    assert teacher.grad is None


def test_bad_arguments_are_refused():
    with pytest.raises(ValueError, match="above 0, but is 0"):
        SoftLabelLoss(temperature=0)
    with pytest.raises(ValueError, match=r"\[2, 3\] and the teacher's \[2, 4\]"):
        SoftLabelLoss()(torch.zeros(2, 3), torch.zeros(2, 4))
