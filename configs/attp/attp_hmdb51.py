# ATTP. The flow network comes first: python tools/train.py configs/attp/flow_hmdb51.py
_base_ = 'ablation/ttp_hmdb51.py'
stages = '{{$ATTP_STAGES:work_dirs/attp/hmdb51}}/split{{$SPLIT:1}}'
model = dict(
    alignment=dict(
        type='FlowAlignmentLoss',
        loss_weight=1.0,
        teacher=dict(
            recognizer=dict(
                type='Recognizer2D',
                backbone=dict(
                    type='FeatureMapBackbone',
                    backbone=dict(type='mmpretrain.EfficientNet', arch='b1'),
                    in_channels=2),
                cls_head=dict(type='TSNHead', num_classes=51, in_channels=1280)),
            checkpoint=f'{stages}/flow/final.pth',
            made_by='python tools/train.py configs/attp/flow_hmdb51.py')),
    data_preprocessor=dict(
        preprocessors=dict(flow=_base_.model.data_preprocessor.preprocessors.motion)))
train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline_attp))
