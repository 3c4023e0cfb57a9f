# AVD's Table 1, baselines: ResNet-50 on single frames or fields of flow, one in training, the mean over
# ten in testing. INPUT in the environment is rgb or flow.
_base_ = ['sgd_40e.py', '../../../_base_/default_runtime.py']
modality = '{{$INPUT:rgb}}'
pictures = dict(
    rgb=dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375]),
    flow=dict(mean=[127.5] * 2, std=[255] * 2))[modality]
model = dict(
    type='Recognizer2D',
    backbone=dict(
        type='ResNet2D3D',
        depth=50,
        in_channels=len(pictures['mean']),
        inflate_from=None,
        data_bn=modality == 'flow',
        pretrained='torchvision://resnet50'),
    cls_head=dict(
        type='TSNHead',
        num_classes=101,
        in_channels=2048,
        dropout_ratio=0.5,
        average_clips='prob'),
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
load = (
    dict(type='LoadFlow', video_folder='videos_mpeg4', flow_folder='flow')
    if modality == 'flow' else dict(type='LoadCompressedVideo', modalities=(modality, )))
train_pipeline = [
    dict(type='SampleCompressedFrames', num_segments=1), load,
    dict(type='RandomRescale', scale_range=(256, 340)),
    dict(type='RandomCrop', size=224),
    dict(type='Flip', flip_ratio=0.5), *pack
]
test_pipeline = [
    dict(type='SampleCompressedFrames', num_segments=10, test_mode=True), load,
    dict(type='Resize', scale=(-1, 256)),
    dict(type='CenterCrop', crop_size=224), *pack
]
custom_hooks = [*_base_.custom_hooks, dict(type='FinalCheckpointHook')]
