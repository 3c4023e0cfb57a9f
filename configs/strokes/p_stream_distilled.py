# The same, with features that follow those of flow.py (L1, weight 50).
_base_ = 'p_stream.py'
model = dict(
    type='DistilledRecognizer3D',
    teacher=dict(
        recognizer=dict(
            type='Recognizer3D',
            backbone=dict(_base_.resnet_2d3d, in_channels=2),
            cls_head=_base_.head_3d),
        checkpoint='{{$STROKES_TEACHER:work_dirs/real_video/strokes/flow/seed0/final.pth}}',
        made_by='python tools/benchmarks/real_video.py --rows flow --seeds 0'),
    feature_loss=dict(type='FeatureDistanceLoss', distance='l1', loss_weight=50.0),
    data_preprocessor=dict(
        preprocessors=dict(flow=dict(_base_.vector_norm, format_shape='NCTHW'))))
pack_with_flow = [
    dict(
        type='FormatCompressedShape',
        layouts=dict(motion='NCTHW', residual='NCTHW', flow='NCTHW')),
    dict(type='PackActionInputs', collect_keys=('motion', 'residual', 'flow'))
]
train_dataloader = dict(
    dataset=dict(
        pipeline=[
            _base_.sample_train, _base_.load,
            dict(type='LoadFlow', flow_folder=_base_.flow_folder), _base_.crop, _base_.resize,
            *pack_with_flow
        ]))
