# CoViAR's geometry, the same for all modalities of a clip. FuseClip carries out what stands before it,
# in one step and only for the pixels that remain: from videos of 340x256 the same pixels result.
train_geometry = [
    dict(type='Resize', scale=(340, 256), keep_ratio=False, lazy=True),
    dict(
        type='MultiScaleCrop',
        input_size=224,
        scales=(1, 0.875, 0.75),
        max_wh_scale_gap=1,
        num_fixed_crops=13,
        lazy=True),
    dict(type='Resize', scale=(224, 224), keep_ratio=False, lazy=True),
    dict(type='Flip', flip_ratio=0.5, lazy=True),
    dict(type='FuseClip')
]
test_geometry = [
    dict(type='Resize', scale=(340, 256), keep_ratio=False, lazy=True),
    dict(type='CenterCrop', crop_size=224, lazy=True),
    dict(type='FuseClip')
]
