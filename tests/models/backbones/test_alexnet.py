from __future__ import annotations

import torch
import torchvision

from mmcondense.models.backbones import AlexNet


def test_is_torchvisions_but_for_the_classes(monkeypatch):
    torch.manual_seed(0)
    whole = torchvision.models.alexnet(weights=None).eval()
    weights = torchvision.models.AlexNet_Weights
    monkeypatch.setattr(weights, "get_state_dict", lambda *_, **__: whole.state_dict())
    network = AlexNet(pretrained="IMAGENET1K_V1")
    network.init_weights()
    x = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        fc7 = network.eval()(x)
        assert fc7.shape == (2, 4096, 1, 1)
        torch.testing.assert_close(whole.classifier[6](fc7.flatten(1)), whole(x))
