# The same of 8 moments of a video instead of 16.
_base_ = 'p_stream_cells_small.py'
moments = dict(type='SampleCompressedFrames', num_segments=8)
train_dataloader = dict(
    dataset=dict(pipeline=[moments, *_base_.train_dataloader.dataset.pipeline[1:]]))
val_dataloader = dict(
    dataset=dict(
        pipeline=[dict(moments, test_mode=True), *_base_.val_dataloader.dataset.pipeline[1:]]))
test_dataloader = val_dataloader
