# Eq. (3). 32 frames become one image of their size: strides are (in time, in space), and what the
# first layer's takes from the image's sides, its last layer's channels give back. AVD_STRIDE=1 or 4
# for another stride of the first layer; at 1 the mean frame is nearly the best code there is.
model = dict(
    type='CondenserModel',
    condenser=dict(
        type='AVD',
        strides=((2, {{'$AVD_STRIDE:2'}}), *((2, 1), ) * 4),
        channels=64,
        image_size=112,
        reconstruction_weight=0.999),
    data_preprocessor=dict(
        type='ActionDataPreprocessor',
        mean=[127.5] * 3,
        std=[127.5] * 3,
        format_shape='NCTHW'))
