# Vectors alone on the codec's grid.
_base_ = 'p_stream_cells.py'
modalities = ('motion', )
model = dict(
    backbone=dict(in_channels=2),
    data_preprocessor=dict(
        stream=modalities,
        preprocessors=dict(
            _delete_=True, motion=dict(_base_.vector_norm, format_shape='NCTHW'))))
load_vectors = dict(type='LoadCompressedVideo', modalities=modalities, layout='cells')
pack_vectors = [
    _base_.to_grid,
    dict(type='FormatCompressedShape', layouts=dict(motion='NCTHW'), motion_bound=2.5),
    dict(type='PackActionInputs', collect_keys=modalities)
]
train_dataloader = dict(dataset=dict(pipeline=[_base_.sample_train, load_vectors, _base_.crop, *pack_vectors]))
val_dataloader = dict(dataset=dict(pipeline=[_base_.sample_test, load_vectors, *pack_vectors]))
test_dataloader = val_dataloader
