# The main network of the synthetic configs; what condenses the clips before it is left open.
model = dict(
    type='CondenseRecognizer',
    recognizer=dict(
        type='Recognizer3D',
        backbone=dict(type='DifferenceNet'),
        cls_head=dict(
            type='I3DHead',
            num_classes=8,  # of `motion`, which it is trained on first; `brief` has the first four
            in_channels=64,
            dropout_ratio=0.0,
            topk=(1, ),
            average_clips='prob')),
    frame_mean=[127.5] * 3,
    frame_std=[64.0] * 3,
    data_preprocessor=dict(
        type='ActionDataPreprocessor', mean=[127.5] * 3, std=[127.5] * 3, format_shape='NCTHW'))
