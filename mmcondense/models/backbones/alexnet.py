"""AlexNet with its fully connected layers, which MMAction2 cuts off torchvision's networks."""

from __future__ import annotations

from mmaction.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn
from torchvision.models import alexnet, get_model_weights


@MODELS.register_module()
class AlexNet(BaseModule):
    """Pictures to what the last layer but the classifier says of them, fc7.

    Krizhevsky, Sutskever and Hinton, "ImageNet Classification with Deep Convolutional Neural
    Networks", NeurIPS 2012, as torchvision has it. ``Recognizer2D`` with ``torchvision.alexnet``
    would pool the last convolution's 256 channels, and leave nine tenths of the parameters out.

    Args:
        hidden_channels: Of fc6; 4096 for ``pretrained``.
        pretrained: Name of torchvision's weights, ``IMAGENET1K_V1``. None: random.
        init_cfg: See MMEngine.
    """

    def __init__(
        self,
        *,
        hidden_channels: int = 4096,
        pretrained: str | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        self.pretrained = pretrained
        network = alexnet(weights=None)
        self.features = network.features
        self.avgpool = network.avgpool
        self.classifier = nn.Sequential(
            nn.Dropout(0.5),
            nn.Linear(256 * 6 * 6, hidden_channels),
            nn.ReLU(inplace=True),
            nn.Dropout(0.5),
            nn.Linear(hidden_channels, 4096),
            nn.ReLU(inplace=True),
        )

    def init_weights(self) -> None:
        """Initialise, then load ``pretrained`` where it is given, but for the classes' layer."""
        super().init_weights()
        if self.pretrained is not None:
            weights = get_model_weights("alexnet")[self.pretrained].get_state_dict(check_hash=True)
            self.load_state_dict({k: v for k, v in weights.items() if k in self.state_dict()})

    def forward(self, x: Tensor) -> Tensor:
        """[N, 3, H, W], at least 63x63, to [N, 4096, 1, 1]."""
        x = self.avgpool(self.features(x)).flatten(1)
        return self.classifier(x)[:, :, None, None]
