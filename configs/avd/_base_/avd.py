# Eq. (3). 32 frames become one image of their size: strides are (in time, in space).
model = dict(
    type='CondenserModel',
    condenser=dict(
        type='AVD',
        strides=((2, 1), ) * 5,
        channels=64,
        image_size=112,
        reconstruction_weight=0.999),
    data_preprocessor=dict(
        type='ActionDataPreprocessor',
        mean=[127.5] * 3,
        std=[127.5] * 3,
        format_shape='NCTHW'))
