# IP-TSN whose P-stream a frozen network on optical flow teaches (section 3.3).
_base_ = ['ip_tsn_r152_r18.py', 'flow_teacher_r18.py']
model = dict(
    p_stream=dict(
        type='DistilledRecognizer3D',
        backbone=dict(pretrained=None),
        teacher=dict(recognizer=_base_.flow_2d3d),
        feature_loss=dict(type='FeatureDistanceLoss', distance='l1', loss_weight=50.0)),
    data_preprocessor=dict(preprocessors=dict(flow=_base_.flow_ncthw)))
