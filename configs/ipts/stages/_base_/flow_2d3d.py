# Stage 5: the teacher, inflated from stage 2 in the same way.
_base_ = [
    '../../../_base_/models/flow_teacher_r18.py', '../../../_base_/pipelines/geometry_224.py'
]
model = dict(
    **_base_.flow_2d3d,
    data_preprocessor=dict(
        type='StreamDataPreprocessor',
        preprocessors=dict(flow=_base_.flow_ncthw),
        stream=('flow', )))

load = [dict(type='LoadFlow', video_folder='videos_mpeg4', flow_folder='flow')]
pack = [
    dict(type='FormatCompressedShape', layouts=dict(flow='NCTHW')),
    dict(type='PackActionInputs', collect_keys=('flow', ))
]
train_pipeline = [
    dict(type='SampleCompressedFrames', num_segments=16), *load, *_base_.train_geometry, *pack
]
test_pipeline = [
    dict(type='SampleCompressedFrames', num_segments=16, test_mode=True), *load,
    *_base_.test_geometry, *pack
]
