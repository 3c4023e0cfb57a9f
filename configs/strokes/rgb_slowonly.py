# MMAction2's SlowOnly: 3D in the last two stages, without halving time.
_base_ = '_base_/rgb.py'
model = dict(
    type='Recognizer3D',
    backbone=dict(
        type='ResNet3dSlowOnly',
        depth=18,
        base_channels=16,
        pretrained=None,
        lateral=False,
        conv1_kernel=(1, 7, 7),
        conv1_stride_t=1,
        pool1_stride_t=1,
        inflate=(0, 0, 1, 1)),
    cls_head=_base_.head_3d,
    data_preprocessor=dict(_base_.rgb_norm, format_shape='NCTHW'))
