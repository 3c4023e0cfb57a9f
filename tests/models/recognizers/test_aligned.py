from __future__ import annotations

import copy

import pytest
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.registry import DefaultScope
from torch.nn.functional import mse_loss

CLASSES, SIDE = 4, 32


@pytest.fixture(autouse=True)
def _scope():
    with DefaultScope.overwrite_default_scope("mmaction"):
        yield


def network() -> dict:
    backbone = dict(type="ResNet2D3D", in_channels=2, inflate_from=None, base_channels=8)
    head = dict(type="TSNHead", num_classes=CLASSES, in_channels=64, dropout_ratio=0.0)
    return dict(backbone=backbone, cls_head=head)


@pytest.fixture
def model(tmp_path):
    flow = dict(type="Recognizer2D", **network())
    torch.manual_seed(7)
    torch.save(dict(state_dict=MODELS.build(flow).state_dict()), tmp_path / "flow.pth")
    teacher = dict(recognizer=flow, checkpoint=str(tmp_path / "flow.pth"))
    alignment = dict(type="FlowAlignmentLoss", teacher=teacher, loss_weight=3.0)
    torch.manual_seed(0)
    built = MODELS.build(dict(network(), type="AlignedRecognizer2D", alignment=alignment))
    built.init_weights()
    return built


@pytest.fixture
def batch() -> dict:
    torch.manual_seed(1)
    motion, flow = torch.randn(2, 2, 3, 2, SIDE, SIDE)
    samples = [ActionDataSample().set_gt_label(label) for label in (0, 3)]
    return dict(inputs=motion, data_samples=samples, flow=flow)


def test_the_recognizers_loss_and_eq_8_before_and_after_fc(model, batch):
    model.eval()
    losses = model.loss(**batch)
    plain = copy.deepcopy(MODELS.build(dict(network(), type="Recognizer2D"))).eval()
    plain.load_state_dict(model.state_dict())  # its own parameters, under the same names
    expected = plain.loss(batch["inputs"], batch["data_samples"])
    torch.testing.assert_close(losses["loss_cls"], expected["loss_cls"])
    flow_network = model.alignment.teacher.build()
    ours = model.backbone(batch["inputs"].flatten(0, 1))
    theirs = flow_network.backbone(batch["flow"].flatten(0, 1))
    torch.testing.assert_close(losses["loss_align_map"], 3 * mse_loss(ours, theirs))
    fc = flow_network.cls_head.fc_cls
    logits = [fc(maps.mean(dim=(2, 3))) for maps in (ours, theirs)]
    torch.testing.assert_close(losses["loss_align_fc"], 3 * mse_loss(*logits))


def test_gradient_reaches_every_parameter_and_none_of_the_flow_network(model, batch):
    losses = model.train().loss(**batch)
    sum(value for name, value in losses.items() if "loss" in name).backward()
    assert all(parameter.grad.any() for parameter in model.parameters())
    teacher = model.alignment.teacher.build()
    assert all(parameter.grad is None for parameter in teacher.parameters())


def test_a_batch_without_flow_is_refused(model, batch):
    del batch["flow"]
    with pytest.raises(ValueError, match="brings no 'flow'"):
        model.loss(**batch)
