# One residual, against the I-frame, as a picture.
_base_ = [
    '_base_/tsn_small.py', '../ifs/_base_/synthetic.py', '_base_/adamw_20e.py', '_base_/runtime.py'
]
model = dict(
    data_preprocessor=dict(
        type='StreamDataPreprocessor',
        stream=('residual', ),
        preprocessors=dict(
            residual=dict(
                type='ActionDataPreprocessor',
                mean=[127.5] * 3,
                std=[58.395, 57.12, 57.375],
                format_shape='NCHW'))),
    **_base_.tsn_small)
model['backbone']['in_channels'] = 3
load = [
    dict(type='LoadCompressedVideo', modalities=('residual', ), reference='iframe'),
    dict(type='FormatCompressedShape', layouts=dict(residual='NCHW')),
    dict(type='PackActionInputs', collect_keys=('residual', ))
]
train_dataloader = dict(
    batch_size=32,
    dataset=dict(pipeline=[dict(type='SampleCompressedFrames', num_segments=1), *load]))
val_dataloader = dict(
    dataset=dict(
        pipeline=[dict(type='SampleCompressedFrames', num_segments=1, test_mode=True), *load]))
test_dataloader = val_dataloader
