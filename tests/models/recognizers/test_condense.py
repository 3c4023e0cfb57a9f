from __future__ import annotations

import copy

import pytest
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.registry import init_default_scope
from torch import Tensor

from mmcondense.models.condensers import BaseCondenser

RECOGNIZER_2D = dict(
    type="Recognizer2D",
    backbone=dict(
        type="ResNet2D3D", in_channels=3, inflate_from=None, data_bn=False, base_channels=4
    ),
    cls_head=dict(type="TSNHead", num_classes=5, in_channels=32, average_clips="prob"),
)
RECOGNIZER_3D = dict(
    type="Recognizer3D",
    backbone=dict(type="ResNet2D3D", in_channels=3, inflate_from=1, data_bn=False, base_channels=4),
    cls_head=dict(type="I3DHead", num_classes=5, in_channels=32, average_clips="prob"),
)


@MODELS.register_module(name="_ToyCondenser", force=True)
class ToyCondenser(BaseCondenser):
    """The learned multiple of the first two frames; one loss."""

    def __init__(self) -> None:
        super().__init__()
        self.gain = torch.nn.Parameter(torch.ones(1))

    def forward(self, clip: Tensor) -> Tensor:
        return self.gain * clip[:, :, :2]

    def loss(self, clip: Tensor, labels: Tensor) -> dict[str, Tensor]:
        return dict(loss_gain=(self.gain.sum() - labels.float().mean()) ** 2)


@pytest.fixture(autouse=True)
def _scope():
    init_default_scope("mmaction")


def build(recognizer: dict, **settings):
    settings.setdefault("condenser", dict(type="_ToyCondenser"))
    return MODELS.build(
        dict(type="CondenseRecognizer", recognizer=copy.deepcopy(recognizer), **settings)
    )


def samples(*labels: int) -> list[ActionDataSample]:
    return [ActionDataSample().set_gt_label(label) for label in labels]


def numbered_clips() -> Tensor:
    """[2, 4, 3, 3, 32, 32]: 100 b + 10 v + t everywhere."""
    b, v, t = torch.meshgrid(torch.arange(2), torch.arange(4), torch.arange(3), indexing="ij")
    numbers = (100.0 * b + 10 * v + t)[:, :, None, :, None, None]
    return numbers.expand(-1, -1, 3, -1, 32, 32)


def test_frames_reach_a_2d_recognizer_view_after_view():
    model = build(RECOGNIZER_2D, frame_mean=(127.5,) * 3, frame_std=(127.5,) * 3)
    inputs = model.condense(numbered_clips())
    assert inputs.shape == (2, 8, 3, 32, 32)
    assert inputs[1, :, 0, 0, 0].tolist() == [100, 101, 110, 111, 120, 121, 130, 131]


def test_frames_reach_a_3d_recognizer_along_time():
    normalisation = dict(frame_mean=(127.5,) * 3, frame_std=(127.5,) * 3)
    inputs = build(RECOGNIZER_3D, **normalisation).condense(numbered_clips())
    assert inputs.shape == (2, 4, 3, 2, 32, 32)
    assert inputs[1, 2, 0, :, 0, 0].tolist() == [120, 121]
    model = build(RECOGNIZER_3D, clips_per_view=2, **normalisation)
    inputs = model.condense(numbered_clips())
    assert inputs.shape == (2, 2, 3, 4, 32, 32)
    assert inputs[1, 1, 0, :, 0, 0].tolist() == [120, 121, 130, 131]
    with pytest.raises(ValueError, match="4 clips are no multiple of clips_per_view=3"):
        build(RECOGNIZER_3D, clips_per_view=3).condense(numbered_clips())


def test_frames_are_normalised_for_the_recognizer():
    model = build(RECOGNIZER_2D)
    inputs = model.condense(torch.full((1, 1, 3, 2, 4, 4), 0.2))  # 153 of 255
    expected = [(153 - 123.675) / 58.395, (153 - 116.28) / 57.12, (153 - 103.53) / 57.375]
    assert inputs[0, 0, :, 0, 0].tolist() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("recognizer", [RECOGNIZER_2D, RECOGNIZER_3D], ids=["2D", "3D"])
def test_gradients_reach_the_condenser_through_the_recognizer(recognizer):
    model = build(recognizer)
    losses = model(torch.randn(2, 1, 3, 3, 32, 32), samples(1, 2), mode="loss")
    assert set(losses) == {"top1_acc", "top5_acc", "loss_cls"}
    losses["loss_cls"].backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.parameters())
    predictions = model.eval()(torch.randn(2, 3, 3, 3, 32, 32), samples(1, 2), mode="predict")
    assert [p.pred_score.shape for p in predictions] == [(5,), (5,)]


def test_a_frozen_condenser_stays_as_it_is():
    model = build(RECOGNIZER_2D, freeze_condenser=True)
    model.train()
    assert model.recognizer.training
    assert not model.condenser.training
    model(torch.randn(2, 1, 3, 3, 32, 32), samples(1, 2), mode="loss")["loss_cls"].backward()
    assert model.condenser.gain.grad is None
    assert not model.condenser.gain.requires_grad
    with pytest.raises(ValueError, match="exclude each other"):
        build(RECOGNIZER_2D, freeze_condenser=True, condenser_loss=True)


def test_a_condenser_learns_through_a_frozen_recognizer():
    model = build(RECOGNIZER_2D, freeze_recognizer=True).train()
    before = copy.deepcopy(model.recognizer.state_dict())
    model(torch.randn(2, 1, 3, 3, 32, 32), samples(1, 2), mode="loss")["loss_cls"].backward()
    assert float(model.condenser.gain.grad) != 0
    assert all(p.grad is None and not p.requires_grad for p in model.recognizer.parameters())
    after = model.recognizer.state_dict()
    assert all(torch.equal(after[name], before[name]) for name in before)  # statistics too


def test_the_condensers_own_losses_are_added():
    model = build(RECOGNIZER_2D, condenser_loss=True)
    losses = model(torch.randn(2, 2, 3, 3, 32, 32), samples(2, 4), mode="loss")
    assert float(losses["condenser_loss_gain"]) == pytest.approx((1 - 3) ** 2)


def test_a_checkpoint_must_hold_the_whole_condenser(tmp_path):
    path = str(tmp_path / "condenser.pth")
    weights = {"condenser.gain": torch.tensor([3.0]), "condenser.decoder.weight": torch.ones(1)}
    torch.save(dict(state_dict=weights), path)
    model = build(RECOGNIZER_2D, condenser_checkpoint=path)
    model.init_weights()
    assert float(model.condenser.gain) == 3
    torch.save(dict(state_dict={"condenser.other": torch.ones(1)}), path)
    with pytest.raises(ValueError, match=r"missing \['gain'\]"):
        build(RECOGNIZER_2D, condenser_checkpoint=path).init_weights()


def test_a_stock_model_brings_its_own_normalisation():
    stock = dict(
        RECOGNIZER_3D,
        data_preprocessor=dict(
            type="ActionDataPreprocessor", mean=[10, 20, 30], std=[2, 4, 5], format_shape="NCTHW"
        ),
    )
    model = build(stock)
    images = torch.randint(0, 256, (1, 3, 4, 8, 8), dtype=torch.uint8)
    clip = model.data_preprocessor(dict(inputs=[images], data_samples=samples(0)))["inputs"]
    torch.testing.assert_close(clip[0], images / 127.5 - 1)
    model.condenser.forward = lambda clip: clip
    mean, std = torch.tensor([10, 20, 30.0]), torch.tensor([2, 4, 5.0])
    expected = (images - mean.view(3, 1, 1, 1)) / std.view(3, 1, 1, 1)
    torch.testing.assert_close(model.condense(clip)[0], expected, rtol=1e-4, atol=1e-4)


def test_clips_before_a_stock_2d_model_are_normalised_as_clips():
    """Its own layout is that of pictures, whose channels are not the clips' frames."""
    preprocessor = dict(type="ActionDataPreprocessor", mean=[1, 2, 3], std=[4, 5, 6])  # NCHW
    model = build(dict(RECOGNIZER_2D, data_preprocessor=preprocessor))
    images = torch.randint(0, 256, (1, 3, 4, 8, 8), dtype=torch.uint8)
    clip = model.data_preprocessor(dict(inputs=[images], data_samples=samples(0)))["inputs"]
    torch.testing.assert_close(clip[0], images / 127.5 - 1)
    assert model.data_preprocessor.format_shape == "NCTHW"


def test_a_data_preprocessor_that_would_not_be_asked_is_refused():
    preprocessor = dict(type="ActionDataPreprocessor", mean=[0] * 3, std=[1] * 3)
    with pytest.raises(ValueError, match="frame_mean"):
        build(dict(RECOGNIZER_2D, data_preprocessor=dict(type="ActionDataPreprocessor")))
    with pytest.raises(ValueError, match="frame_mean"):
        build(dict(RECOGNIZER_2D, data_preprocessor=preprocessor), data_preprocessor=preprocessor)
