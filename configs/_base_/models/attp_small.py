# ATTP's head on three ResNet-18 with a quarter of the channels, from scratch.
_base_ = 'attp_b1.py'
small_rgb = dict(
    type='ResNet2D3D',
    depth=18,
    in_channels=3,
    inflate_from=None,
    data_bn=False,
    base_channels=16)
small_residual = dict(small_rgb, data_bn=True)
small_motion = dict(small_residual, in_channels=2)
model = dict(
    backbones=dict(
        iframe=dict(_delete_=True, **small_rgb),
        motion=dict(_delete_=True, **small_motion),
        residual=dict(_delete_=True, **small_residual)),
    cls_head=dict(
        num_classes=16,
        in_channels=128,
        pooling=dict(type='TrilinearPooling', in_channels=128, out_channels=512, factors=2)))
