# ATTP: GOPs of the video, P- and B-frames alike; vectors in pixels per frame. Where key frames are
# rarer than every 12 frames, other pictures stand in for them. FRAME_TYPES=P or B in the environment:
# motion and residuals of these alone.
_base_ = 'geometry_224.py'
modalities = ('iframe', 'motion', 'residual')
meta_keys = ('img_shape', 'gop_inds')
layouts = dict(iframe='NCHW', motion='NCHW', residual='NCHW', flow='NCHW')
load = dict(
    type='LoadCompressedVideo', modalities=modalities, reference='previous', per_frame=True)
load_flow = dict(type='LoadFlow', video_folder='videos', flow_folder='flow_originals')
format_shape = dict(type='FormatCompressedShape', layouts=layouts)
pack = dict(type='PackActionInputs', collect_keys=modalities, meta_keys=meta_keys)
pack_with_flow = dict(pack, collect_keys=(*modalities, 'flow'))
frame_types = '{{$FRAME_TYPES:PB}}'
gops = dict(type='SampleGOPs', frame_types=tuple(frame_types), virtual_gop=12)
sample = dict(gops, num_gops=3)
sample_with_neighbours = dict(sample, neighbours=True)
sample_test = dict(gops, num_gops=25, test_mode=True)

train_pipeline = [sample, load, *_base_.train_geometry, format_shape, pack]
train_pipeline_ttp = [sample_with_neighbours, load, *_base_.train_geometry, format_shape, pack]
train_pipeline_attp = [
    sample_with_neighbours, load, load_flow, *_base_.train_geometry, format_shape, pack_with_flow
]
test_pipeline = [sample_test, load, *_base_.test_geometry, format_shape, pack]
