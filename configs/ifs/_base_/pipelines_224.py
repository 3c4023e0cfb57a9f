# A GOP a clip: short edge 256 to 340, crops of 224, flipped at random (section 4.3).
modalities = ('iframe', 'rgb', 'motion', 'residual')
load = dict(type='LoadCompressedVideo', modalities=modalities, reference='iframe')
pack = [
    dict(
        type='FormatCompressedShape',
        layouts=dict(iframe='NCHW', rgb='NCTHW', motion='NCTHW', residual='NCTHW'),
        encoding='int16'),
    dict(type='PackActionInputs', collect_keys=modalities)
]
train_pipeline = [
    dict(type='SampleGOPClips', clip_len=12),
    load,
    dict(type='RandomRescale', scale_range=(256, 340)),
    dict(type='RandomCrop', size=224),
    dict(type='Flip', flip_ratio=0.5),
    *pack
]
test_pipeline = [
    dict(type='SampleGOPClips', clip_len=12, test_mode=True),
    load,
    dict(type='Resize', scale=(-1, 256)),
    dict(type='CenterCrop', crop_size=224),
    *pack
]
# Whole frames, undistorted as F saw them, with sides that its strides divide: who trains on them
# crops and flips.
condense_pipeline = [
    dict(type='SampleGOPClips', clip_len=12, num_clips=None),
    load,
    dict(type='Resize', scale=(-1, 256)),
    dict(type='CropToMultiple', divisor=4),
    *pack
]
