# GOPs of clips as they are: small, and never flipped, since a flip turns left into right.
modalities = ('iframe', 'motion', 'residual')
meta_keys = ('img_shape', 'gop_inds')
layouts = dict(iframe='NCHW', motion='NCHW', residual='NCHW', flow='NCHW')
load = dict(
    type='LoadCompressedVideo', modalities=modalities, reference='previous', per_frame=True)
load_with_flow = [
    dict(load, modalities=(*modalities, 'rgb', 'previous_rgb')),
    dict(type='LoadFlow', method='dis')
]
format_shape = dict(type='FormatCompressedShape', layouts=layouts)
pack = dict(type='PackActionInputs', collect_keys=modalities, meta_keys=meta_keys)
pack_with_flow = dict(pack, collect_keys=(*modalities, 'flow'))
sample = dict(type='SampleGOPs', num_gops=2)
sample_with_neighbours = dict(sample, neighbours=True)
sample_test = dict(type='SampleGOPs', num_gops=3, test_mode=True)

train_pipeline = [sample, load, format_shape, pack]
train_pipeline_ttp = [sample_with_neighbours, load, format_shape, pack]
train_pipeline_attp = [sample_with_neighbours, *load_with_flow, format_shape, pack_with_flow]
test_pipeline = [sample_test, load, format_shape, pack]
