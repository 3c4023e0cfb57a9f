# CoViAR on clips of 112x112 as they are. Never flipped: a flip turns left into right.
modalities = ('iframe', 'motion', 'residual')
train_pipeline = [
    dict(type='SampleCompressedFrames', num_segments=3),
    dict(
        type='LoadCompressedVideo',
        modalities=modalities,
        reference='iframe',
        precision='integer'),
    dict(
        type='FormatCompressedShape',
        layouts=dict(iframe='NCHW', motion='NCHW', residual='NCHW')),
    dict(type='PackActionInputs', collect_keys=modalities)
]
test_pipeline = [
    dict(type='SampleCompressedFrames', num_segments=4, test_mode=True),
    dict(
        type='LoadCompressedVideo',
        modalities=modalities,
        reference='iframe',
        precision='integer'),
    dict(
        type='FormatCompressedShape',
        layouts=dict(iframe='NCHW', motion='NCHW', residual='NCHW')),
    dict(type='PackActionInputs', collect_keys=modalities)
]
