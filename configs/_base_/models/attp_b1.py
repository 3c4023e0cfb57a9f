# Three EfficientNet-B1 from ImageNet and trilinear pooling with the neighbour's I-frame (TTP).
imagenet = 'https://download.openmmlab.com/mmclassification/v0/efficientnet/efficientnet-b1_3rdparty_8xb32_in1k_20220119-002556d9.pth'
backbone = dict(
    type='mmpretrain.EfficientNet',
    arch='b1',
    init_cfg=dict(type='Pretrained', checkpoint=imagenet, prefix='backbone.'))
model = dict(
    type='ATTP',
    backbones=dict(iframe=backbone, motion=backbone, residual=backbone),
    cls_head=dict(
        type='TemporalPoolingHead',
        num_classes=51,
        in_channels=1280,
        pooling=dict(type='TrilinearPooling', in_channels=1280, out_channels=512, factors=2),
        scale=10.0),
    # motion b / 255 - 0.5, residual (b / 255 - 0.5) / std, b being bytes
    data_preprocessor=dict(
        type='MultiModalDataPreprocessor',
        preprocessors=dict(
            iframe=dict(
                type='ActionDataPreprocessor',
                mean=[123.675, 116.28, 103.53],
                std=[58.395, 57.12, 57.375],
                format_shape='NCHW'),
            motion=dict(
                type='ActionDataPreprocessor',
                mean=[127.5, 127.5],
                std=[255, 255],
                format_shape='NCHW'),
            residual=dict(
                type='ActionDataPreprocessor',
                mean=[127.5, 127.5, 127.5],
                std=[58.395, 57.12, 57.375],
                format_shape='NCHW'))))
