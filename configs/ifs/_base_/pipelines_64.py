# GOPs of 64x64 as they are. Never flipped: a flip turns left into right.
modalities = ('iframe', 'rgb', 'motion', 'residual')
load = [
    dict(type='LoadCompressedVideo', modalities=modalities, reference='iframe'),
    dict(
        type='FormatCompressedShape',
        layouts=dict(iframe='NCHW', rgb='NCTHW', motion='NCTHW', residual='NCTHW'),
        encoding='int16'),
    dict(type='PackActionInputs', collect_keys=modalities)
]
train_pipeline = [dict(type='SampleGOPClips', clip_len=12), *load]
test_pipeline = [dict(type='SampleGOPClips', clip_len=12, test_mode=True), *load]
condense_pipeline = [dict(type='SampleGOPClips', clip_len=12, num_clips=None), *load]
