# The same on the grid's own resolution: 30x40 cells of 8x8 pixels, which nothing is painted from.
# Resize is for codecs with smaller cells, and for videos of another size.
_base_ = 'p_stream_bits.py'
cells = dict(type='LoadCompressedVideo', modalities=_base_.modalities, layout='cells')
to_grid = dict(type='Resize', scale=(40, 30), keep_ratio=False)
pack_cells = [
    # 20 pixels are 2.5 cells
    dict(
        type='FormatCompressedShape',
        layouts=dict(motion='NCTHW', bits='NCTHW'),
        motion_bound=2.5),
    dict(type='PackActionInputs', collect_keys=_base_.modalities)
]
train_dataloader = dict(
    dataset=dict(pipeline=[_base_.sample_train, cells, _base_.crop, to_grid, *pack_cells]))
val_dataloader = dict(dataset=dict(pipeline=[_base_.sample_test, cells, to_grid, *pack_cells]))
test_dataloader = val_dataloader
