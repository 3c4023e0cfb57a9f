# Stage 3: stage 1 goes on, with stage 2 as its teacher: the first round of distillation.
_base_ = ['mr_2d.py', '../../../_base_/models/flow_teacher_r18.py']
model = dict(
    type='DistilledRecognizer2D',
    backbone=dict(pretrained=None),
    teacher=dict(recognizer=_base_.flow_2d),
    feature_loss=dict(type='FeatureDistanceLoss', distance='l1', loss_weight=50.0),
    data_preprocessor=dict(preprocessors=dict(flow=_base_.flow_nchw)))

load_train = [*_base_.load, dict(type='LoadFlow', video_folder='videos_mpeg4', flow_folder='flow')]
pack_train = [
    dict(
        type='FormatCompressedShape', layouts=dict(motion='NCHW', residual='NCHW', flow='NCHW')),
    dict(type='PackActionInputs', collect_keys=(*_base_.modalities, 'flow'))
]
train_pipeline = [
    dict(type='SampleCompressedFrames', num_segments=3), *load_train, *_base_.train_geometry,
    *pack_train
]
