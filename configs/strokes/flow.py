# The P-stream's network on DIS flow, extracted before (tools/data/extract_flow.py): the teacher.
_base_ = '_base_/compressed.py'
model = dict(
    type='Recognizer3D',
    backbone=dict(_base_.resnet_2d3d, in_channels=2),
    cls_head=_base_.head_3d,
    data_preprocessor=dict(
        type='StreamDataPreprocessor',
        stream=('flow', ),
        preprocessors=dict(flow=dict(_base_.vector_norm, format_shape='NCTHW'))))
load = dict(type='LoadFlow', flow_folder=_base_.flow_folder)
pack = [
    _base_.resize,
    dict(type='FormatCompressedShape', layouts=dict(flow='NCTHW')),
    dict(type='PackActionInputs', collect_keys=('flow', ))
]
train_dataloader = dict(dataset=dict(**_base_.dataset, pipeline=[_base_.sample_train, load, _base_.crop, *pack]))
val_dataloader = dict(dataset=dict(**_base_.dataset, pipeline=[_base_.sample_test, load, *pack]))
test_dataloader = val_dataloader
