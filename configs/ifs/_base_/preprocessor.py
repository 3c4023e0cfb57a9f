# IFS's units: frames in [-1, 1], motion / 20 pixels (it arrives in 1/64 pixel), residual / 255.
ifs_preprocessor = dict(
    type='MultiModalDataPreprocessor',
    preprocessors=dict(
        iframe=dict(
            type='ActionDataPreprocessor', mean=[127.5] * 3, std=[127.5] * 3, format_shape='NCHW'),
        rgb=dict(
            type='ActionDataPreprocessor', mean=[127.5] * 3, std=[127.5] * 3, format_shape='NCTHW'),
        motion=dict(
            type='ActionDataPreprocessor', mean=[0.0] * 2, std=[20.0 * 64] * 2, format_shape='NCTHW'),
        residual=dict(
            type='ActionDataPreprocessor', mean=[0.0] * 3, std=[255.0] * 3,
            format_shape='NCTHW')))
