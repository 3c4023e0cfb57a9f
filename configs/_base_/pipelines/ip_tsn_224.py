# IP-TSN: an I-frame and a P-frame of each of 16 segments; vectors to the picture before. Of ten crops
# (CROPS=10) the P-stream sees the centre, as in the paper's Table 5.
_base_ = 'geometry_224.py'
modalities = ('iframe', 'motion', 'residual')
centre = dict(motion=(8, ), residual=(8, )) if _base_.has_ten_crops else dict()
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
        layouts=dict(iframe='NCHW', motion='NCTHW', residual='NCTHW'),
        crops=centre),
    dict(type='PackActionInputs', collect_keys=modalities)
]
