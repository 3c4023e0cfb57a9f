# IP-TSN for which I-frames are all that is decoded: motion and bits stay on the codec's grid.
_base_ = 'ip_tsn.py'
modalities = ('iframe', 'motion', 'bits')
model = dict(
    p_modalities=('motion', 'bits'),
    p_stream=dict(backbone=dict(in_channels=4)),
    data_preprocessor=dict(
        preprocessors=dict(
            _delete_=True,
            iframe=dict(_base_.rgb_norm, format_shape='NCHW'),
            motion=dict(_base_.vector_norm, format_shape='NCTHW'),
            bits=dict(_base_.bits_norm, format_shape='NCTHW'))))
load_cells = [
    dict(type='LoadCompressedVideo', modalities=modalities, layout='cells'),
    dict(type='TransformIFrames', transforms=[_base_.resize])
]
pack_cells = [
    dict(
        type='FormatCompressedShape',
        layouts=dict(iframe='NCHW', motion='NCTHW', bits='NCTHW'),
        motion_bound=2.5),
    dict(type='PackActionInputs', collect_keys=modalities)
]
train_dataloader = dict(dataset=dict(pipeline=[_base_.sample_train, *load_cells, *pack_cells]))
val_dataloader = dict(dataset=dict(pipeline=[_base_.sample_test, *load_cells, *pack_cells]))
test_dataloader = val_dataloader
