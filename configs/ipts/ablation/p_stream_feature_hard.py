# Second row: the average-pooled features follow the teacher's (L1, weight 50).
_base_ = ['p_stream_hard.py', '../../_base_/models/flow_teacher_r18.py']
model = dict(
    type='DistilledRecognizer3D',
    teacher=dict(
        recognizer=dict(
            _base_.flow_2d3d,
            backbone=dict(_base_.flow_2d3d.backbone, base_channels=16),
            cls_head=dict(_base_.flow_2d3d.cls_head, num_classes=8, in_channels=128)),
        checkpoint=f'{_base_.stages}/flow/final.pth',
        made_by='bash tools/benchmarks/distillation_table.sh hard'),
    feature_loss=dict(type='FeatureDistanceLoss', distance='l1', loss_weight=50.0),
    data_preprocessor=dict(preprocessors=dict(flow=_base_.flow_ncthw)))
pack_train = [
    dict(
        type='FormatCompressedShape',
        layouts=dict(motion='NCTHW', residual='NCTHW', flow='NCTHW')),
    dict(type='PackActionInputs', collect_keys=('motion', 'residual', 'flow'))
]
train_dataloader = dict(
    dataset=dict(
        pipeline=[_base_.sample_train_3d, *_base_.load_mr_dis, *pack_train]))
work_dir = f'{_base_.stages}/p_stream_feature'
