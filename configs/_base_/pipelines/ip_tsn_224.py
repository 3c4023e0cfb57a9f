# IP-TSN: an I-frame and a P-frame of each of 16 segments; vectors to the picture before.
_base_ = 'geometry_224.py'
modalities = ('iframe', 'motion', 'residual')
train_pipeline = [
    dict(type='SampleCompressedFrames', num_segments=16),
    dict(type='LoadCompressedVideo', modalities=modalities, reference='previous'),
    *_base_.train_geometry,
    dict(
        type='FormatCompressedShape',
        layouts=dict(iframe='NCHW', motion='NCTHW', residual='NCTHW')),
    dict(type='PackActionInputs', collect_keys=modalities)
]
test_pipeline = [
    dict(type='SampleCompressedFrames', num_segments=16, test_mode=True),
    dict(type='LoadCompressedVideo', modalities=modalities, reference='previous'),
    *_base_.test_geometry,
    dict(
        type='FormatCompressedShape',
        layouts=dict(iframe='NCHW', motion='NCTHW', residual='NCTHW')),
    dict(type='PackActionInputs', collect_keys=modalities)
]
