# Clips of RGB, [-1, 1], which every condenser of RGB takes.
rgb_in_clips = dict(
    type='StreamDataPreprocessor',
    stream=('rgb', ),
    preprocessors=dict(
        rgb=dict(
            type='ActionDataPreprocessor',
            mean=[127.5] * 3,
            std=[127.5] * 3,
            format_shape='NCTHW')))
