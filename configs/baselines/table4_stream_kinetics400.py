# IFS's Table 4, one-stream rows of single modalities: MODALITY in the environment is motion, residual
# or flow. One field in training, 20 in three crops in testing, as the frames' rows; classifier and
# schedule as behind IFS, its input a BatchNorm, as CoViAR's.
_base_ = [
    '../ifs/classifiers/_base_/tsn_r101.py', '../ifs/_base_/kinetics400.py',
    '../ifs/classifiers/_base_/sgd_256e.py', '../ifs/classifiers/_base_/runtime.py'
]
modality = '{{$MODALITY:motion}}'
pictures = dict(
    motion=dict(mean=[127.5] * 2, std=[255] * 2),
    residual=dict(mean=[127.5] * 3, std=[58.395, 57.12, 57.375]),
    flow=dict(mean=[127.5] * 2, std=[255] * 2))[modality]
model = dict(
    _delete_=True,
    type='Recognizer2D',
    backbone=dict(
        type='ResNet2D3D',
        depth=101,
        in_channels=len(pictures['mean']),
        inflate_from=None,
        pretrained='torchvision://resnet101'),
    cls_head=_base_.model.cls_head,
    data_preprocessor=dict(
        type='StreamDataPreprocessor',
        stream=(modality, ),
        preprocessors={
            modality: dict(type='ActionDataPreprocessor', format_shape='NCHW', **pictures)
        }))
pack = [
    dict(type='FormatCompressedShape', layouts={modality: 'NCHW'}),
    dict(type='PackActionInputs', collect_keys=(modality, ))
]
loads = {
    part: dict(
        type='LoadFlow', video_folder=f'videos_{part}_mpeg4', flow_folder=f'flow_{part}')
    if modality == 'flow' else dict(
        type='LoadCompressedVideo', modalities=(modality, ), reference='iframe')
    for part in ('train', 'val')
}
train_pipeline = [
    dict(type='SampleCompressedFrames', num_segments=1), loads['train'],
    dict(type='RandomRescale', scale_range=(256, 340)),
    dict(type='RandomCrop', size=224),
    dict(type='Flip', flip_ratio=0.5), *pack
]
test_pipeline = [
    dict(type='SampleCompressedFrames', num_segments=20, test_mode=True), loads['val'],
    dict(type='Resize', scale=(-1, 256)),
    dict(type='ThreeCrop', crop_size=256), *pack
]
train_dataloader = dict(batch_size=32, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(batch_size=1, dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
work_dir = f'work_dirs/ifs_table4/{modality}'
