# All 12 frames of a GOP of 64x64. Never flipped: a flip turns left into right.
load = [
    dict(type='LoadCompressedVideo', modalities=('rgb', )),
    dict(type='FormatCompressedShape', layouts=dict(rgb='NCTHW'), encoding='raw'),
    dict(type='PackActionInputs', collect_keys=('rgb', ))
]
train_pipeline = [dict(type='SampleGOPClips', clip_len=12, with_first=True), *load]
test_pipeline = [dict(type='SampleGOPClips', clip_len=12, with_first=True, test_mode=True), *load]
condense_pipeline = [
    dict(type='SampleGOPClips', clip_len=12, with_first=True, num_clips=None), *load
]
