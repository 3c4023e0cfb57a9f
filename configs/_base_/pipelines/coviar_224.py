# CoViAR: 3 segments in training, 25 in testing; vectors accumulated to the I-frame, whole pixels.
_base_ = 'geometry_224.py'
modalities = ('iframe', 'motion', 'residual')
train_pipeline = [
    dict(type='SampleCompressedFrames', num_segments=3),
    dict(
        type='LoadCompressedVideo',
        modalities=modalities,
        reference='iframe',
        precision='integer'),
    *_base_.train_geometry,
    dict(
        type='FormatCompressedShape',
        layouts=dict(iframe='NCHW', motion='NCHW', residual='NCHW')),
    dict(type='PackActionInputs', collect_keys=modalities)
]
test_pipeline = [
    dict(type='SampleCompressedFrames', num_segments=25, test_mode=True),
    dict(
        type='LoadCompressedVideo',
        modalities=modalities,
        reference='iframe',
        precision='integer'),
    *_base_.test_geometry,
    dict(
        type='FormatCompressedShape',
        layouts=dict(iframe='NCHW', motion='NCHW', residual='NCHW')),
    dict(type='PackActionInputs', collect_keys=modalities)
]
