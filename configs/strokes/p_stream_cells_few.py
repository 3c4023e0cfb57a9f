# The same of 8 moments of a video instead of 16.
_base_ = 'p_stream_cells_small.py'
sample_train = dict(_base_.sample_train, num_segments=8)
sample_test = dict(_base_.sample_test, num_segments=8)
train_dataloader = dict(
    dataset=dict(pipeline=[sample_train, *_base_.train_dataloader.dataset.pipeline[1:]]))
val_dataloader = dict(
    dataset=dict(pipeline=[sample_test, *_base_.val_dataloader.dataset.pipeline[1:]]))
test_dataloader = val_dataloader
