"""A small 3D network that sees what changes from frame to frame, and nothing else.

[N, C, T, H, W] ─ differences of consecutive frames ─ 3D convolutions ─ [N, 64, T-1, H/8, W/8]
"""

from __future__ import annotations

from collections.abc import Sequence

from mmaction.registry import MODELS
from mmcv.cnn import ConvModule
from mmengine.model import BaseModule
from torch import Tensor, nn


@MODELS.register_module()
class DifferenceNet(BaseModule):
    """3D convolutions over RGB differences, an input of TSN (Wang et al., ECCV 2016, section 3.3).

    For tasks where motion alone decides, such as the synthetic ones: what stands still cancels, so
    that the direction of a motion is learned in a few epochs on a CPU.

    Args:
        in_channels: C.
        channels: Of the convolutions; each halves height and width and keeps time.
        init_cfg: See MMEngine.
    """

    def __init__(
        self,
        *,
        in_channels: int = 3,
        channels: Sequence[int] = (16, 32, 64),
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(
            init_cfg=init_cfg
            or [
                dict(type="Kaiming", layer="Conv3d"),
                dict(type="Constant", layer="BatchNorm3d", val=1.0),
            ]
        )
        widths = [in_channels, *channels]
        kernels = [5] + [3] * (len(channels) - 1)
        self.layers = nn.Sequential(
            *(
                ConvModule(
                    widths[i],
                    widths[i + 1],
                    (3, kernel, kernel),
                    stride=(1, 2, 2),
                    padding=(1, kernel // 2, kernel // 2),
                    conv_cfg=dict(type="Conv3d"),
                    norm_cfg=dict(type="BN3d"),
                )
                for i, kernel in enumerate(kernels)
            )
        )

    def forward(self, x: Tensor) -> Tensor:
        """[N, C, T, H, W], T at least 2, to features of the T - 1 differences.

        Raises:
            ValueError: for a single frame.
        """
        if x.shape[2] < 2:
            raise ValueError(f"{tuple(x.shape)}: one frame has no differences")
        return self.layers(x[:, :, 1:] - x[:, :, :-1])
