# One field of optical flow (DIS), as a picture of two channels.
_base_ = [
    '_base_/tsn_small.py', '../ifs/_base_/synthetic.py', '_base_/adamw_20e.py', '_base_/runtime.py'
]
model = dict(
    data_preprocessor=dict(
        type='StreamDataPreprocessor',
        stream=('flow', ),
        preprocessors=dict(
            flow=dict(
                type='ActionDataPreprocessor',
                mean=[127.5] * 2,
                std=[255] * 2,
                format_shape='NCHW'))),
    **_base_.tsn_small)
model['backbone']['in_channels'] = 2
load = [
    dict(type='LoadCompressedVideo', modalities=('rgb', 'previous_rgb')),
    dict(type='LoadFlow', method='dis'),
    dict(type='FormatCompressedShape', layouts=dict(flow='NCHW')),
    dict(type='PackActionInputs', collect_keys=('flow', ))
]
train_dataloader = dict(
    batch_size=32,
    dataset=dict(pipeline=[dict(type='SampleCompressedFrames', num_segments=1), *load]))
val_dataloader = dict(
    dataset=dict(
        pipeline=[dict(type='SampleCompressedFrames', num_segments=1, test_mode=True), *load]))
test_dataloader = val_dataloader
