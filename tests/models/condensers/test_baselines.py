from __future__ import annotations

import pytest
import torch
from mmaction.registry import MODELS
from torch import Tensor

from mmcondense.models.condensers import as_rgb, rank_pooling_weights
from mmcondense.models.condensers.baselines import stretch_contrast

TYPES = ("FirstFrame", "MiddleFrame", "MeanFrame", "RankPooling", "UniformFrames", "RandomFrames")


def build(name: str, **settings):
    return MODELS.build(dict(type=f"mmaction.{name}", **settings))


@pytest.fixture
def frames() -> Tensor:
    """[2, 3, 12, 6, 8] in [-1, 1]."""
    return torch.rand(2, 3, 12, 6, 8, generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.mark.parametrize("num_frames", [1, 2, 12, 30])
def test_rank_pooling_weights_follow_the_printed_formula(num_frames):
    def harmonic(t: int) -> float:
        return sum(1 / i for i in range(1, t + 1))

    expected = [
        2 * (num_frames - t + 1) - (num_frames + 1) * (harmonic(num_frames) - harmonic(t - 1))
        for t in range(1, num_frames + 1)
    ]
    weights = rank_pooling_weights(num_frames)
    torch.testing.assert_close(weights, torch.tensor(expected, dtype=torch.float64))
    assert float(weights.sum()) == pytest.approx(0, abs=1e-9)


def test_rank_pooling_weights_are_rank_poolings_first_step():
    """Their derivation: the sum over pairs t > s of mean(x_1..x_t) - mean(x_1..x_s)."""
    frames = torch.rand(7, 5, dtype=torch.float64)
    means = torch.stack([frames[: t + 1].mean(dim=0) for t in range(7)])
    pairs = sum(means[t] - means[s] for t in range(7) for s in range(t))
    torch.testing.assert_close(torch.einsum("td,t->d", frames, rank_pooling_weights(7)), pairs)


def test_rank_pooling_of_what_stands_still_is_flat(frames):
    still = frames[:, :, :1].expand(-1, -1, 12, -1, -1)
    assert torch.equal(build("RankPooling")(still), torch.zeros(2, 3, 1, 6, 8))


def test_rank_pooling_shows_the_direction_of_time(frames):
    fade_in = frames[:, :, :1] * torch.linspace(0, 1, 12).view(12, 1, 1)
    forth, back = build("RankPooling")(fade_in), build("RankPooling")(fade_in.flip(2))
    torch.testing.assert_close(forth, stretch_contrast(frames[:, :, :1]))
    torch.testing.assert_close(back, -forth)


def test_contrast_is_stretched_per_image():
    image = torch.stack([torch.linspace(3, 5, 5), torch.linspace(-20, 0, 5)])
    torch.testing.assert_close(stretch_contrast(image), torch.linspace(-1, 1, 5).expand(2, -1))


def test_chosen_frames(frames):
    assert torch.equal(build("FirstFrame")(frames), frames[:, :, :1])
    assert torch.equal(build("MiddleFrame")(frames), frames[:, :, 6:7])
    torch.testing.assert_close(build("MeanFrame")(frames)[:, :, 0], sum(frames.unbind(2)) / 12)
    uniform = build("UniformFrames", num_frames=4)(frames)
    assert torch.equal(uniform, frames[:, :, [1, 4, 7, 10]])


def test_random_frames_are_in_order_and_all_come_up():
    clip = torch.arange(6.0).view(1, 1, 6, 1, 1).expand(200, 3, 6, 2, 2)
    chosen = build("RandomFrames", num_frames=2)(clip)
    assert chosen.shape == (200, 3, 2, 2, 2)
    numbers = chosen[:, 0, :, 0, 0]
    assert (numbers[:, 0] < numbers[:, 1]).all()
    pairs, counts = torch.unique(numbers, dim=0, return_counts=True)
    assert len(pairs) == 15  # 6 over 2
    assert int(counts.max()) < 40


@pytest.mark.parametrize("name", ["UniformFrames", "RandomFrames"])
def test_too_many_frames_are_refused(name, frames):
    with pytest.raises(ValueError, match="num_frames=13, must be from 1 to the clip's 12"):
        build(name, num_frames=13)(frames)


def test_a_gops_iframe_stands_before_its_p_frames(frames):
    clip = dict(iframe=frames[:, :, 0], rgb=frames[:, :, 1:])
    assert torch.equal(as_rgb(clip), frames)
    with pytest.raises(ValueError, match=r"\['motion'\]"):
        as_rgb(dict(motion=frames[:, :2]))


@pytest.mark.parametrize("name", TYPES)
def test_frames_of_pictures_are_pictures(name, frames):
    condensed = build(name)(frames)
    assert condensed.shape == (2, 3, 1, 6, 8)
    assert float(condensed.abs().max()) <= 1 + 1e-6
