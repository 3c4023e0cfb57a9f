# MMAction2's RGBPoseConv3D with motion vectors where it has poses: two pathways that look at each
# other. Both see the same 16 frames, so that neither is slower.
_base_ = 'mmaction::skeleton/posec3d/rgbpose_conv3d/rgbpose_conv3d.py'
custom_imports = dict(imports=['mmcondense'], allow_failed_imports=False)
model = dict(
    backbone=dict(
        speed_ratio=1,
        pose_pathway=dict(in_channels=2, conv1_stride_s=2, pool1_stride_s=2)),
    cls_head=dict(num_classes=101),
    data_preprocessor=dict(
        preprocessors=dict(
            heatmap_imgs=dict(mean=[127.5] * 2, std=[255] * 2, format_shape='NCTHW'))))
load = dict(type='LoadCompressedVideo', modalities=('rgb', 'motion'))
pack = [
    dict(type='FormatCompressedShape', layouts=dict(rgb='NCTHW', motion='NCTHW')),
    dict(
        type='KeyMapper', mapping=dict(imgs='rgb', heatmap_imgs='motion'), auto_remap=False),
    dict(type='PackActionInputs', collect_keys=('imgs', 'heatmap_imgs'))
]
train_pipeline = [
    dict(type='SampleCompressedFrames', num_segments=16), load,
    dict(type='Resize', scale=(-1, 256)),
    dict(type='RandomResizedCrop', area_range=(0.56, 1.0)),
    dict(type='Resize', scale=(224, 224), keep_ratio=False),
    dict(type='Flip', flip_ratio=0.5), *pack
]
test_pipeline = [
    dict(type='SampleCompressedFrames', num_segments=16, test_mode=True), load,
    dict(type='Resize', scale=(-1, 256)),
    dict(type='CenterCrop', crop_size=224), *pack
]
split = '{{$SPLIT:1}}'
ucf101 = dict(
    _delete_=True,
    type='CompressedVideoDataset',
    data_root='data/ucf101',
    data_prefix=dict(video='videos_mpeg4'))
train_dataloader = dict(
    dataset=dict(ucf101, ann_file=f'ucf101_train_split_{split}_videos.txt', pipeline=train_pipeline))
val_dataloader = dict(
    dataset=dict(
        ucf101,
        ann_file=f'ucf101_val_split_{split}_videos.txt',
        pipeline=test_pipeline,
        test_mode=True))
test_dataloader = val_dataloader
load_from = None
