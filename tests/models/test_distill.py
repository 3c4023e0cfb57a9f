from __future__ import annotations

import copy

import pytest
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.model import ExponentialMovingAverage
from mmengine.registry import DefaultScope
from mmengine.runner import load_checkpoint, save_checkpoint
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.flop_counter import FlopCounterMode

import mmcondense.models.distill
from mmcondense.models.distill import pool_features

NUM_CLASSES = 3


@MODELS.register_module()
class OneConvForDistillTest(nn.Module):
    """[N, C, (T,) H, W] to [N, 6, ...], with a BatchNorm that would betray a training mode."""

    def __init__(self, in_channels: int, dims: int) -> None:
        super().__init__()
        conv, norm = [(nn.Conv2d, nn.BatchNorm2d), (nn.Conv3d, nn.BatchNorm3d)][dims - 2]
        self.conv = conv(in_channels, 6, 3, padding=1)
        self.norm = norm(6)

    def forward(self, x):
        return self.norm(self.conv(x)).relu()


@pytest.fixture(autouse=True)
def mmaction_scope():
    with DefaultScope.overwrite_default_scope("mmaction"):
        yield


def recognizer_cfg(dims: int, in_channels: int) -> dict:
    head = "TSNHead" if dims == 2 else "I3DHead"
    return dict(
        type=f"Recognizer{dims}D",
        backbone=dict(type="OneConvForDistillTest", in_channels=in_channels, dims=dims),
        cls_head=dict(
            type=head,
            num_classes=NUM_CLASSES,
            in_channels=6,
            dropout_ratio=0.5,
            average_clips="prob",
        ),
    )


def batch(dims: int, *, channels: int, num_clips: int = 4) -> torch.Tensor:
    torch.manual_seed(channels)
    middle = (2,) if dims == 2 else (1,)  # segments or clips
    time = () if dims == 2 else (2,)
    return torch.randn(num_clips, *middle, channels, *time, 8, 8)


def samples(num_clips: int = 4) -> list[ActionDataSample]:
    return [ActionDataSample().set_gt_label(i % NUM_CLASSES) for i in range(num_clips)]


@pytest.fixture(params=[2, 3], ids=["2D", "3D"])
def dims(request) -> int:
    return request.param


@pytest.fixture
def teacher_checkpoint(dims, tmp_path) -> str:
    torch.manual_seed(7)
    teacher = MODELS.build(recognizer_cfg(dims, in_channels=2))
    path = tmp_path / "teacher.pth"
    save_checkpoint(dict(state_dict=teacher.state_dict()), str(path))
    return str(path)


def distilled(dims: int, checkpoint: str, *, in_channels: int = 5, **losses):
    torch.manual_seed(1)
    losses = losses or dict(
        feature_loss=dict(type="FeatureDistanceLoss"),
        soft_label_loss=dict(type="SoftLabelLoss", loss_weight=25.0),
    )
    return MODELS.build(
        dict(
            recognizer_cfg(dims, in_channels),
            type=f"DistilledRecognizer{dims}D",
            teacher=dict(
                recognizer=recognizer_cfg(dims, in_channels=2),
                checkpoint=checkpoint,
                made_by="bash tools/train_ip_tsn.sh hmdb51 1",
            ),
            **losses,
        )
    )


def total(losses: dict) -> torch.Tensor:
    return sum(value for name, value in losses.items() if "loss" in name)


def test_loss_is_equation_2(dims, teacher_checkpoint):
    """Each term against a plain recognizer and a plain teacher, computed by hand."""
    model = distilled(dims, teacher_checkpoint).eval()
    student = MODELS.build(recognizer_cfg(dims, 5)).eval()
    student.load_state_dict(model.state_dict())
    teacher = MODELS.build(recognizer_cfg(dims, 2)).eval()
    load_checkpoint(teacher, teacher_checkpoint, strict=True)

    inputs, flow = batch(dims, channels=5), batch(dims, channels=2)
    losses = model(inputs, samples(), mode="loss", flow=flow)

    axes = (2, 3) if dims == 2 else (2, 3, 4)
    student_features = student.backbone(inputs.flatten(0, 1)).mean(axes)
    teacher_features = teacher.backbone(flow.flatten(0, 1)).mean(axes)
    distance = (student_features - teacher_features).abs().mean()
    torch.testing.assert_close(losses["loss_feature"], 50 * distance)

    def logits(recognizer, features):
        if dims == 2:
            features = features.unflatten(0, (4, 2)).mean(1)  # the consensus of two segments
        return recognizer.cls_head.fc_cls(features)

    soft_labels = (logits(teacher, teacher_features) / 8).softmax(1)
    log_probs = (logits(student, student_features) / 8).log_softmax(1)
    torch.testing.assert_close(
        losses["loss_soft_label"], 25 * -(soft_labels * log_probs).sum(1).mean()
    )
    plain = student(inputs, samples(), mode="loss")
    torch.testing.assert_close(losses["loss_cls"], plain["loss_cls"])
    assert set(losses) == {*plain, "loss_feature", "loss_soft_label"}


def test_distance_is_zero_when_student_is_teacher(dims, teacher_checkpoint):
    model = distilled(dims, teacher_checkpoint, in_channels=2)
    load_checkpoint(model, teacher_checkpoint, strict=True)
    flow = batch(dims, channels=2)
    assert model.eval()(flow, samples(), mode="loss", flow=flow)["loss_feature"].item() == 0.0


def test_a_teacher_may_see_what_the_student_sees(dims, teacher_checkpoint):
    model = distilled(dims, teacher_checkpoint, in_channels=2).eval()
    inputs = batch(dims, channels=2)
    expected = model(inputs, samples(), mode="loss", flow=inputs)
    model.teacher_input = None
    losses = model(inputs, samples(), mode="loss")
    torch.testing.assert_close(losses, expected)
    assert float(losses["loss_feature"]) > 0


def test_training_changes_the_student_and_never_the_teacher(dims, teacher_checkpoint):
    model = distilled(dims, teacher_checkpoint)
    teacher = model.teacher.build()
    teacher_before = copy.deepcopy(teacher.state_dict())
    student_before = copy.deepcopy(model.state_dict())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model.train()
    assert not any(module.training for module in teacher.modules())

    losses = model(batch(dims, channels=5), samples(), mode="loss", flow=batch(dims, channels=2))
    total(losses).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0 or name == "backbone.conv.bias", name  # BN undoes it
    assert all(p.grad is None and not p.requires_grad for p in teacher.parameters())

    optimizer.step()
    torch.testing.assert_close(dict(teacher.state_dict()), dict(teacher_before), rtol=0, atol=0)
    weight = "backbone.conv.weight"
    assert not torch.equal(model.state_dict()[weight], student_before[weight])


def test_checkpoint_is_the_plain_recognizers(dims, teacher_checkpoint, tmp_path):
    model = distilled(dims, teacher_checkpoint)
    model.init_weights()
    plain = MODELS.build(recognizer_cfg(dims, 5))
    assert list(model.state_dict()) == list(plain.state_dict())
    sizes = []
    for name, recognizer in [("distilled.pth", model), ("plain.pth", plain)]:
        save_checkpoint(dict(state_dict=recognizer.state_dict()), str(tmp_path / name))
        sizes.append((tmp_path / name).stat().st_size)
    assert abs(sizes[0] - sizes[1]) < 100  # the archive's own name is stored in it
    load_checkpoint(plain, str(tmp_path / "distilled.pth"), strict=True)


def test_testing_needs_no_teacher(dims):
    model = distilled(dims, "no/such/teacher.pth").eval()
    plain = MODELS.build(recognizer_cfg(dims, 5)).eval()
    plain.load_state_dict(model.state_dict())
    inputs = batch(dims, channels=5)
    scores, flops = [], []
    for recognizer in (model, plain):
        with FlopCounterMode(display=False) as counter:
            predictions = recognizer(inputs, samples(), mode="predict")
        scores.append(torch.stack([sample.pred_score for sample in predictions]))
        flops.append(counter.get_total_flops())
    torch.testing.assert_close(*scores, rtol=0, atol=0)
    assert flops[0] == flops[1] > 0
    assert model.teacher._recognizer is None


def test_missing_teacher_stops_training_with_the_command_that_makes_it(dims):
    model = distilled(dims, "no/such/teacher.pth")
    message = r"no/such/teacher\.pth'.*`bash tools/train_ip_tsn\.sh hmdb51 1`.*teacher\.checkpoint"
    with pytest.raises(FileNotFoundError, match=message):
        model.init_weights()


def test_missing_teacher_is_found_before_the_other_streams_weights():
    p_stream = distilled(3, "no/such/teacher.pth")
    i_stream = dict(
        recognizer_cfg(2, in_channels=3),
        init_cfg=dict(type="Pretrained", checkpoint="no/such/resnet152.pth"),
    )
    model = MODELS.build(dict(type="IPTwoStream", i_stream=i_stream, p_stream=recognizer_cfg(3, 5)))
    model.p_stream = p_stream
    with pytest.raises(FileNotFoundError, match=r"no teacher checkpoint at 'no/such/teacher\.pth'"):
        model.init_weights()


def test_teacher_of_another_shape_is_refused(dims, teacher_checkpoint):
    model = distilled(dims, teacher_checkpoint)
    model.teacher.recognizer_cfg["backbone"]["in_channels"] = 4
    with pytest.raises(ValueError, match=r"no checkpoint of this model: 1 are of another size"):
        model.init_weights()


def test_batch_without_flow_is_refused(dims, teacher_checkpoint):
    model = distilled(dims, teacher_checkpoint)
    with pytest.raises(ValueError, match=r"no 'flow' for the teacher, only \['rgb'\]"):
        model(batch(dims, channels=5), samples(), mode="loss", rgb=batch(dims, channels=3))


def test_nothing_to_distil_is_refused(dims):
    with pytest.raises(ValueError, match="nothing to distil"):
        distilled(dims, "teacher.pth", feature_loss=None)


def test_moving_average_has_the_student_only_and_copies_share_the_teacher(dims, teacher_checkpoint):
    model = distilled(dims, teacher_checkpoint)
    model.init_weights()
    average = ExponentialMovingAverage(model)
    plain = MODELS.build(recognizer_cfg(dims, 5))
    expected = {f"module.{name}" for name in plain.state_dict()} | {"steps"}
    assert set(average.state_dict()) == expected
    assert average.module.teacher is model.teacher
    average.update_parameters(model)


def test_ddp_finds_every_parameter_used(dims, teacher_checkpoint, tmp_path):
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{tmp_path / 'store'}", rank=0, world_size=1
    )
    try:
        model = DistributedDataParallel(distilled(dims, teacher_checkpoint))
        for _ in range(2):  # an unused parameter raises in the second iteration
            losses = model(
                batch(dims, channels=5), samples(), mode="loss", flow=batch(dims, channels=2)
            )
            total(losses).backward()
    finally:
        torch.distributed.destroy_process_group()


def test_pooling_averages_positions_and_joins_pathways():
    slow, fast = torch.randn(2, 3, 4, 5), torch.randn(2, 1, 6)
    expected = torch.stack([torch.cat([slow[n].mean((1, 2)), fast[n].mean(1)]) for n in range(2)])
    torch.testing.assert_close(pool_features((slow, fast)), expected)
    torch.testing.assert_close(pool_features(slow[:, :, 0, 0]), slow[:, :, 0, 0])


def test_models_are_registered():
    assert MODELS.get("DistilledRecognizer2D") is mmcondense.models.distill.DistilledRecognizer2D
