# The same, divided by the number of frames to each vector's reference: beside B-frames, P-frames
# refer to pictures further away.
_base_ = 'p_stream_cells_motion.py'
load_per_frame = dict(_base_.load_vectors, per_frame=True)
train_dataloader = dict(dataset=dict(pipeline=[_base_.sample_train, load_per_frame, _base_.crop, *_base_.pack_vectors]))
val_dataloader = dict(dataset=dict(pipeline=[_base_.sample_test, load_per_frame, *_base_.pack_vectors]))
test_dataloader = val_dataloader
