# A ResNet on single pictures: INPUT in the environment is rgb, flow, motion or residual. All but RGB
# come behind a BatchNorm, as CoViAR's. One picture in training.
modality = '{{$INPUT:rgb}}'
vectors = dict(mean=[127.5] * 2, std=[255] * 2)
pictures = dict(
    flow=vectors,
    motion=vectors,
    rgb=dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375]),
    residual=dict(mean=[127.5] * 3, std=[58.395, 57.12, 57.375]))[modality]
model = dict(
    type='Recognizer2D',
    backbone=dict(
        type='ResNet2D3D',
        depth=50,
        in_channels=len(pictures['mean']),
        inflate_from=None,
        data_bn=modality != 'rgb',
        pretrained='torchvision://resnet50'),
    cls_head=dict(
        type='TSNHead',
        num_classes=400,
        in_channels=2048,
        dropout_ratio=0.5,
        average_clips='prob'),
    data_preprocessor=dict(
        type='StreamDataPreprocessor',
        stream=(modality, ),
        preprocessors={
            modality: dict(type='ActionDataPreprocessor', format_shape='NCHW', **pictures)
        }))
load = dict(type='LoadCompressedVideo', modalities=(modality, ), reference='iframe')
if modality == 'flow':
    load = dict(
        type='LoadFlow',
        folders=dict(
            videos_mpeg4='flow', videos_train_mpeg4='flow_train', videos_val_mpeg4='flow_val'))
pack = [
    dict(type='FormatCompressedShape', layouts={modality: 'NCHW'}),
    dict(type='PackActionInputs', collect_keys=(modality, ))
]
train_pipeline = [
    dict(type='SampleCompressedFrames', num_segments=1), load,
    dict(type='RandomRescale', scale_range=(256, 340)),
    dict(type='RandomCrop', size=224),
    dict(type='Flip', flip_ratio=0.5), *pack
]
