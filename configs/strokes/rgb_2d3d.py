# The P-stream's own network, on RGB.
_base_ = '_base_/rgb.py'
model = dict(
    type='Recognizer3D',
    backbone=dict(_base_.resnet_2d3d, in_channels=3, data_bn=False),
    cls_head=_base_.head_3d,
    data_preprocessor=dict(_base_.rgb_norm, format_shape='NCTHW'))
