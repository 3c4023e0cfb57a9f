# Stage 4: the P-stream from conv4_x on in 3D, inflated from stage 3; a clip of 16 P-frames.
_base_ = [
    '../../../_base_/models/ip_tsn_r152_r18.py', '../../../_base_/pipelines/geometry_224.py'
]
modalities = ('motion', 'residual')
layout = 'NCTHW'
model = dict(
    _delete_=True,
    **_base_.model.p_stream,
    data_preprocessor=dict(
        type='StreamDataPreprocessor',
        preprocessors={
            name: _base_.model.data_preprocessor.preprocessors[name]
            for name in modalities
        },
        stream=modalities))

load = [dict(type='LoadCompressedVideo', modalities=modalities, reference='previous')]
pack = [
    dict(type='FormatCompressedShape', layouts=dict(motion=layout, residual=layout)),
    dict(type='PackActionInputs', collect_keys=modalities)
]
train_pipeline = [
    dict(type='SampleCompressedFrames', num_segments=16), *load, *_base_.train_geometry, *pack
]
test_pipeline = [
    dict(type='SampleCompressedFrames', num_segments=16, test_mode=True), *load,
    *_base_.test_geometry, *pack
]
