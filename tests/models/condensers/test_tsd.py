from __future__ import annotations

import copy

import pytest
import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.registry import init_default_scope
from torch import Tensor

from mmcondense.models.condensers import TemporalSequenceDistillation, TSDBlock
from mmcondense.models.condensers.tsd import distill

EXTRACTOR = dict(
    type="ResNet2D3D", in_channels=3, inflate_from=None, data_bn=False, base_channels=4
)
SMALL = dict(extractor=EXTRACTOR, extractor_channels=32, extractor_size=64, embed_channels=8)


@pytest.fixture(autouse=True)
def _scope():
    init_default_scope("mmaction")


def small_tsd(
    num_frames: int = 6, num_distilled: int = 2, **options: bool
) -> TemporalSequenceDistillation:
    settings = dict(num_frames=num_frames, num_distilled=num_distilled, **copy.deepcopy(SMALL))
    settings.update(options)
    return MODELS.build(dict(type="TemporalSequenceDistillation", **settings))


def slow_transformation(block: TSDBlock, features: Tensor) -> Tensor:
    """Equations (2) to (4) with loops: kernels of 1x2x2 at stride 2, on one clip [C, T, H, W]."""
    num_frames, height, width = features.shape[1:]

    def convolve(kernel: Tensor) -> Tensor:
        out = torch.zeros(num_frames, height // 2, width // 2, len(kernel))
        for t in range(num_frames):
            for y in range(height // 2):
                for x in range(width // 2):
                    window = features[:, t, 2 * y : 2 * y + 2, 2 * x : 2 * x + 2]
                    out[t, y, x] = (kernel[:, :, 0] * window).sum(dim=(1, 2, 3))
        return out  # T x H x W x C

    transposed = convolve(block.alpha.weight).permute(1, 2, 3, 0)  # H x W x C x T
    o = transposed @ block.beta.weight.flatten(1).T  # H x W x C x T_s
    g = convolve(block.gamma.weight)  # T x H x W x C
    product = g.reshape(num_frames, -1) @ o.reshape(-1, o.shape[-1])  # T x T_s
    return product.exp() / product.exp().sum(dim=0)


def test_transformation_is_the_papers_equations():
    torch.manual_seed(0)
    block = TSDBlock(5, num_frames=7, num_distilled=3, embed_channels=4, init_std=0.5)
    features = torch.rand(2, 5, 7, 4, 6)
    transformation = block(features)
    assert transformation.shape == (2, 7, 3)
    for clip in (0, 1):
        expected = slow_transformation(block, features[clip])
        torch.testing.assert_close(transformation[clip], expected)
    torch.testing.assert_close(transformation.sum(dim=1), torch.ones(2, 3))
    assert float(transformation.detach().min()) > 0


def test_distilled_frames_are_the_matrix_product():
    frames, weights = torch.rand(2, 3, 5, 4, 6), torch.rand(2, 5, 2)
    matrix = frames.permute(0, 1, 3, 4, 2).flatten(1, 3)  # X: a frame in each column
    expected = (matrix @ weights).view(2, 3, 4, 6, 2).permute(0, 1, 4, 2, 3)
    torch.testing.assert_close(distill(frames, weights), expected)


def test_a_scene_that_stands_still_is_nothing_to_p_without_the_mean_frame():
    clip, scene = torch.rand(2, 3, 6, 64, 64), torch.rand(2, 3, 1, 64, 64)
    for subtract in (True, False):
        condenser = small_tsd(subtract_mean_frame=subtract).eval()
        condenser.block.alpha.weight.data.normal_()  # else all entries are nearly equal
        with torch.no_grad():
            before, after = condenser.transformation(clip), condenser.transformation(clip + scene)
        assert torch.allclose(before, after, rtol=1e-3, atol=1e-6) == subtract


def test_kernels_start_gaussian():
    torch.manual_seed(0)
    block = TSDBlock(1024, num_frames=80, num_distilled=20)
    for name, kernel in block.named_parameters():
        assert float(kernel.std()) == pytest.approx(0.01, rel=0.05), name
        assert float(kernel.mean()) == pytest.approx(0, abs=1e-3), name
    assert [name for name, _ in block.named_parameters()] == [
        *("alpha.weight", "beta.weight", "gamma.weight")
    ]


def test_client_has_the_papers_size():
    client = TemporalSequenceDistillation(num_frames=80, num_distilled=20)
    num_parameters = sum(p.numel() for p in client.parameters())
    assert num_parameters == 3_206_976 + 2 * 1024 * 128 * 4 + 80 * 20
    assert num_parameters / 1e6 == pytest.approx(4.3, rel=0.03)
    maps = client.extractor(torch.zeros(1, 3, 1, 224, 224))
    assert maps.shape == (1, 1024, 1, 4, 4)  # MobileNet at 112x112


def test_a_still_clip_stays_as_it_is():
    frame = torch.rand(1, 3, 1, 64, 64) * 2 - 1
    distilled = small_tsd().eval()(frame.expand(-1, -1, 6, -1, -1))
    torch.testing.assert_close(distilled, frame.expand(-1, -1, 2, -1, -1))


def test_our_own_loaders_clips_are_taken_too():
    tsd = small_tsd().eval()
    clip = torch.rand(1, 3, 6, 64, 64) * 2 - 1
    assert torch.equal(tsd(dict(rgb=clip)), tsd(clip))


def test_the_extractor_sees_small_normalised_copies():
    tsd = small_tsd()
    seen = []
    tsd.extractor.backbone.register_forward_hook(lambda _, args, __: seen.append(args[0]))
    tsd.extractor.mean.fill_(100)
    tsd.extractor.std.fill_(50)
    clip = torch.rand(1, 3, 6, 128, 128) * 2 - 1
    tsd(clip)
    halved = clip[0].transpose(0, 1).unfold(2, 2, 2).unfold(3, 2, 2).mean(dim=(4, 5))
    torch.testing.assert_close(seen[0], (halved * 127.5 + 127.5 - 100) / 50)


def test_clip_of_another_length_is_refused():
    with pytest.raises(ValueError, match="5 frames, but num_frames=6"):
        small_tsd()(torch.zeros(1, 3, 5, 64, 64))
    with pytest.raises(ValueError, match="num_distilled=7, allowed is 1 to num_frames=6"):
        small_tsd(6, 7)
    with pytest.raises(ValueError, match=r"kernel=\(2, 2, 2\)"):
        TSDBlock(8, num_frames=4, num_distilled=2, kernel=(2, 2, 2))


def test_the_extractors_checkpoint_is_loaded(tmp_path):
    backbone = MODELS.build(copy.deepcopy(EXTRACTOR))
    torch.save(backbone.state_dict(), tmp_path / "extractor.pth")
    settings = copy.deepcopy(SMALL)
    settings["extractor"]["init_cfg"] = dict(
        type="Pretrained", checkpoint=str(tmp_path / "extractor.pth")
    )
    tsd = TemporalSequenceDistillation(num_frames=6, num_distilled=2, **settings)
    tsd.init_weights()
    weight = tsd.extractor.backbone.conv1.conv.weight
    assert torch.equal(weight.data, backbone.conv1.conv.weight.data)


def test_every_parameter_learns_and_a_deciding_frame_is_found():
    """Green is the class in the one red frame, and means nothing in the others."""
    torch.manual_seed(0)
    model = MODELS.build(
        dict(
            type="CondenseRecognizer",
            condenser=dict(
                type="TemporalSequenceDistillation",
                num_frames=6,
                num_distilled=1,
                **{**copy.deepcopy(SMALL), "extractor_size": 32, "kernel": (1, 1, 1)},
                init_std=0.1,
            ),
            recognizer=dict(
                type="Recognizer3D",
                backbone=dict(**{**EXTRACTOR, "inflate_from": 4}),
                cls_head=dict(type="I3DHead", num_classes=2, in_channels=32, dropout_ratio=0.0),
            ),
        )
    )
    model.init_weights()
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    generator = torch.Generator().manual_seed(0)

    def batch() -> tuple[Tensor, Tensor, list[ActionDataSample]]:
        labels = torch.arange(16) % 2
        place = torch.randint(0, 6, (16,), generator=generator)
        clips = torch.rand(16, 1, 3, 6, 32, 32, generator=generator) * 0.2 - 0.9
        clips[:, :, 1] += (torch.rand(16, 1, 6, 1, 1, generator=generator) < 0.5) * 1.6
        for i in range(16):
            clips[i, 0, 0, place[i]] += 1.6
            clips[i, 0, 1, place[i]] = 0.7 if labels[i] else -0.9
        return clips, place, [ActionDataSample().set_gt_label(int(label)) for label in labels]

    model.train()
    for step in range(60):
        clips, _, samples = batch()
        loss = model(clips, samples, mode="loss")["loss_cls"]
        optimizer.zero_grad()
        loss.backward()
        if step == 0:
            assert [n for n, p in model.named_parameters() if not p.grad.any()] == []
        optimizer.step()
    model.eval()
    clips, place, samples = batch()
    with torch.no_grad():
        transformation = model.condenser.transformation(clips[:, 0])
    assert float(loss) < 0.1
    assert (transformation.argmax(dim=1) == place[:, None]).float().mean() > 0.9
