# Stage 6 without the I-stream, which shares nothing with it: for rows that differ in the P-stream only.
_base_ = ['mr_2d3d.py', '../../../_base_/models/flow_teacher_r18.py']
model = dict(
    type='DistilledRecognizer3D',
    backbone=dict(pretrained=None),
    teacher=dict(recognizer=_base_.flow_2d3d),
    feature_loss=dict(type='FeatureDistanceLoss', distance='l1', loss_weight=50.0),
    data_preprocessor=dict(preprocessors=dict(flow=_base_.flow_ncthw)))

load_train = [*_base_.load, dict(type='LoadFlow', video_folder='videos_mpeg4', flow_folder='flow')]
pack_train = [
    dict(
        type='FormatCompressedShape',
        layouts=dict(motion='NCTHW', residual='NCTHW', flow='NCTHW')),
    dict(type='PackActionInputs', collect_keys=(*_base_.modalities, 'flow'))
]
train_pipeline = [
    dict(type='SampleCompressedFrames', num_segments=16), *load_train, *_base_.train_geometry,
    *pack_train
]
