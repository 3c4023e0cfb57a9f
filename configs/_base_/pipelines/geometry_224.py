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
one_crop = [
    dict(type='Resize', scale=(340, 256), keep_ratio=False, lazy=True),
    dict(type='CenterCrop', crop_size=224, lazy=True),
    dict(type='FuseClip')
]
ten_crops = [
    dict(type='Resize', scale=(340, 256), keep_ratio=False),
    dict(type='TenCrop', crop_size=224)
]
# CROPS=10 in the environment of a test: ten crops of each frame, and one video at a time.
has_ten_crops = '{{$CROPS:1}}' == '10'
test_geometry = ten_crops if has_ten_crops else one_crop
test_batch_size = 1 if has_ten_crops else 8
