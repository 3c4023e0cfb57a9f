# A condenser that learns nothing, on RGB, in front of the small TSN.
_base_ = 'tsn_small.py'
model = dict(
    type='CondenseRecognizer',
    recognizer=_base_.tsn_small,
    data_preprocessor=dict(
        type='StreamDataPreprocessor',
        stream=('rgb', ),
        preprocessors=dict(
            rgb=dict(
                type='ActionDataPreprocessor',
                mean=[127.5] * 3,
                std=[127.5] * 3,
                format_shape='NCTHW'))))
