# MMAction2's TSN on RGB pictures, which are the I-frames here, and beside it a stream on motion
# vectors and residuals; scores are averaged.
_base_ = [
    'mmaction::_base_/models/tsn_r50.py', 'mmaction::_base_/schedules/sgd_50e.py',
    '../_base_/datasets/ucf101.py', '../_base_/pipelines/ip_tsn_224.py',
    '../_base_/default_runtime.py'
]
tsn = _base_.model
model = dict(
    _delete_=True,
    type='IPTwoStream',
    i_stream=dict(
        type=tsn.type, backbone=tsn.backbone, cls_head=dict(tsn.cls_head, num_classes=101)),
    p_stream=dict(
        type='Recognizer3D',
        backbone=dict(type='ResNet2D3D', depth=18, pretrained='torchvision://resnet18'),
        cls_head=dict(type='I3DHead', num_classes=101, in_channels=512, average_clips='prob')),
    data_preprocessor=dict(
        type='MultiModalDataPreprocessor',
        preprocessors=dict(
            iframe=tsn.data_preprocessor,
            motion=dict(
                type='ActionDataPreprocessor',
                mean=[127.5] * 2,
                std=[255] * 2,
                format_shape='NCTHW'),
            residual=dict(
                type='ActionDataPreprocessor',
                mean=[127.5] * 3,
                std=[58.395, 57.12, 57.375],
                format_shape='NCTHW'))))
train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = val_dataloader
