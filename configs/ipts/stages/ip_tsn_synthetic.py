# The last stage on the synthetic set; ../ip_tsn_synthetic.py is the same without a teacher.
_base_ = ['../ip_tsn_synthetic.py', '../../_base_/models/flow_teacher_r18.py']
stages = '{{$IP_TSN_STAGES:work_dirs/ip_tsn/synthetic}}'
flow = _base_.flow_2d3d
model = dict(
    p_stream=dict(
        type='DistilledRecognizer3D',
        init_cfg=dict(type='Pretrained', checkpoint=f'{stages}/mr_2d3d/final.pth'),
        teacher=dict(
            recognizer=dict(
                flow,
                backbone=dict(flow.backbone, base_channels=16),
                cls_head=dict(flow.cls_head, num_classes=8, in_channels=128)),
            checkpoint=f'{stages}/flow_2d3d/final.pth',
            made_by='bash tools/train_ip_tsn.sh synthetic 1'),
        feature_loss=dict(type='FeatureDistanceLoss', distance='l1', loss_weight=50.0)),
    data_preprocessor=dict(preprocessors=dict(flow=_base_.flow_ncthw)))
train_pipeline = [
    dict(type='SampleCompressedFrames', num_segments=8),
    dict(
        type='LoadCompressedVideo',
        modalities=('iframe', 'motion', 'residual', 'rgb', 'previous_rgb'),
        reference='previous'),
    dict(type='LoadFlow', method='dis'),
    dict(
        type='FormatCompressedShape',
        layouts=dict(iframe='NCHW', motion='NCTHW', residual='NCTHW', flow='NCTHW')),
    dict(type='PackActionInputs', collect_keys=('iframe', 'motion', 'residual', 'flow'))
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
train_cfg = dict(max_epochs=3)
param_scheduler = [
    dict(
        type='OneCycleLR',
        eta_max=2e-3,
        total_steps=3,
        by_epoch=True,
        convert_to_iter_based=True)
]
