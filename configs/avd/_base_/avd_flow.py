# AVD (OF): the distilled image of optical flow, RGB; real are the videos' frames.
_base_ = 'avd.py'
model = dict(
    condenser=dict(source='flow'),
    data_preprocessor=dict(
        _delete_=True,
        type='MultiModalDataPreprocessor',
        preprocessors=dict(
            rgb=dict(
                type='ActionDataPreprocessor',
                mean=[127.5] * 3,
                std=[127.5] * 3,
                format_shape='NCTHW'),
            flow=dict(
                type='ActionDataPreprocessor',
                mean=[127.5] * 2,
                std=[127.5] * 2,
                format_shape='NCTHW'))))
