# Stage 1: a 2D ResNet-18 on motion and residuals (MR); as in CoViAR 3 segments in training.
_base_ = [
    '../../../_base_/models/ip_tsn_r152_r18.py', '../../../_base_/pipelines/geometry_224.py'
]
modalities = ('motion', 'residual')
layout = 'NCHW'
p_stream = _base_.model.p_stream
normalise = {
    name: dict(_base_.model.data_preprocessor.preprocessors[name], format_shape=layout)
    for name in modalities
}
model = dict(
    _delete_=True,
    type='Recognizer2D',
    backbone=dict(p_stream.backbone, inflate_from=None),
    cls_head=dict(p_stream.cls_head, type='TSNHead'),
    data_preprocessor=dict(
        type='StreamDataPreprocessor', preprocessors=normalise, stream=modalities))

load = [dict(type='LoadCompressedVideo', modalities=modalities, reference='previous')]
pack = [
    dict(type='FormatCompressedShape', layouts=dict(motion=layout, residual=layout)),
    dict(type='PackActionInputs', collect_keys=modalities)
]
train_pipeline = [
    dict(type='SampleCompressedFrames', num_segments=3), *load, *_base_.train_geometry, *pack
]
test_pipeline = [
    dict(type='SampleCompressedFrames', num_segments=16, test_mode=True), *load,
    *_base_.test_geometry, *pack
]
