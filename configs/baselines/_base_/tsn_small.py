# The classifier of condensed frames of 64x64: TSN over ResNet-18 with a quarter of the channels.
tsn_small = dict(
    type='Recognizer2D',
    backbone=dict(
        type='ResNet2D3D',
        depth=18,
        in_channels=3,
        inflate_from=None,
        data_bn=False,
        base_channels=16),
    cls_head=dict(
        type='TSNHead',
        num_classes=8,
        in_channels=128,
        dropout_ratio=0.0,
        average_clips='prob'))
