model = dict(
    type='Recognizer2D',
    backbone=dict(type='ResNet', depth=101, pretrained='torchvision://resnet101'),
    cls_head=dict(
        type='TSNHead',
        num_classes=400,
        in_channels=2048,
        dropout_ratio=0.5,
        average_clips='prob'),
    data_preprocessor=dict(
        type='ActionDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        format_shape='NCHW'))
