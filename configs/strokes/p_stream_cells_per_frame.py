# The same, divided by the number of frames to each vector's reference: beside B-frames, P-frames
# refer to pictures further away.
_base_ = 'p_stream_cells_motion.py'
vectors_per_frame = [dict(_base_.vectors[0], per_frame=True), *_base_.vectors[1:]]
train_dataloader = dict(dataset=dict(pipeline=[_base_.sample_train, *vectors_per_frame]))
val_dataloader = dict(dataset=dict(pipeline=[_base_.sample_test, *vectors_per_frame]))
test_dataloader = val_dataloader
