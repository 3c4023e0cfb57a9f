# IP-TSN: an I-frame and a P-frame of each of 16 segments; vectors to the picture before.
modalities = ('iframe', 'motion', 'residual')
train_pipeline = [
    dict(type='SampleCompressedFrames', num_segments=16),
    dict(type='LoadCompressedVideo', modalities=modalities, reference='previous'),
    dict(type='Resize', scale=(340, 256), keep_ratio=False),
    dict(
        type='MultiScaleCrop',
        input_size=224,
        scales=(1, 0.875, 0.75),
        max_wh_scale_gap=1,
        num_fixed_crops=13),
    dict(type='Resize', scale=(224, 224), keep_ratio=False),
    dict(type='Flip', flip_ratio=0.5),
    dict(
        type='FormatCompressedShape',
        layouts=dict(iframe='NCHW', motion='NCTHW', residual='NCTHW')),
    dict(type='PackActionInputs', collect_keys=modalities)
]
test_pipeline = [
    dict(type='SampleCompressedFrames', num_segments=16, test_mode=True),
    dict(type='LoadCompressedVideo', modalities=modalities, reference='previous'),
    dict(type='Resize', scale=(340, 256), keep_ratio=False),
    dict(type='CenterCrop', crop_size=224),
    dict(
        type='FormatCompressedShape',
        layouts=dict(iframe='NCHW', motion='NCTHW', residual='NCTHW')),
    dict(type='PackActionInputs', collect_keys=modalities)
]
