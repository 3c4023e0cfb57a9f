# Trilinear pooling as the head over three of MMAction2's backbones: SlowOnly on RGB, SlowOnly on optical
# flow, ResNet-18 on log-mel spectrograms.
_base_ = [
    'mmaction::_base_/models/slowonly_r50.py', 'mmaction::_base_/schedules/sgd_50e.py',
    '../_base_/datasets/kinetics_n50.py', '../_base_/pipelines/geometry_224.py',
    '../_base_/default_runtime.py'
]
slowonly = _base_.model
model = dict(
    _delete_=True,
    type='MMRecognizer3D',
    backbone=dict(
        type='ParallelBackbones',
        networks=dict(
            rgb=slowonly.backbone,
            flow=dict(slowonly.backbone, in_channels=2, pretrained=None),
            audios=dict(type='ResNet', depth=18, in_channels=1, norm_eval=False))),
    cls_head=dict(
        type='PoolingHead',
        num_classes=400,
        in_channels=(2048, 2048, 512),
        pooling=dict(type='TrilinearPooling', in_channels=(2048, 2048, 512)),
        maps=('rgb', 'flow', 'audios'),
        averaged=('audios', ),
        scale=30.0,
        dropout_ratio=0.5,
        average_clips='prob'),
    data_preprocessor=dict(
        type='MultiModalDataPreprocessor',
        preprocessors=dict(
            rgb=slowonly.data_preprocessor,
            flow=dict(
                type='ActionDataPreprocessor',
                mean=[127.5] * 2,
                std=[255] * 2,
                format_shape='NCTHW'),
            audios=dict(type='ActionDataPreprocessor'))))
modalities = ('rgb', 'flow', 'audios')
load = [
    dict(type='LoadCompressedVideo', modalities=('rgb', )),
    dict(type='LoadFlow', video_folder='videos_mpeg4', flow_folder='flow')
]
pack = [
    dict(type='FormatCompressedShape', layouts=dict(rgb='NCTHW', flow='NCTHW')),
    dict(type='FindAudioFeature', video_folder='videos_mpeg4'),
    dict(type='LoadAudioFeature'),
    dict(type='AudioFeatureSelector'),
    dict(type='FormatAudioShape', input_format='NCTF'),
    dict(type='PackActionInputs', collect_keys=modalities)
]
train_pipeline = [
    dict(type='SampleCompressedFrames', num_segments=8), *load, *_base_.train_geometry, *pack
]
test_pipeline = [
    dict(type='SampleCompressedFrames', num_segments=8, test_mode=True), *load,
    *_base_.test_geometry, *pack
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
val_evaluator = [dict(type='AccMetric')]
test_evaluator = val_evaluator
