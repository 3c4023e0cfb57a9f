# The P-stream's network on condensed pictures, eight of a video: JPEGs of tools/condense_dataset.py,
# CONDENSED=folder. Otherwise as on RGB.
_base_ = 'rgb_2d3d.py'
sample = dict(type='UniformSample', clip_len=8)
train_pipeline = [sample, dict(type='RawFrameDecode'), *_base_.train_pipeline[3:]]
test_pipeline = [
    dict(sample, test_mode=True),
    dict(type='RawFrameDecode'), *_base_.test_pipeline[3:]
]
dataset = dict(
    _delete_=True,
    type='RawframeDataset',
    data_root='{{$CONDENSED:data/strokes_condensed}}',
    data_prefix=dict(img='frames'))
train_dataloader = dict(dataset=dict(dataset, ann_file='train.txt', pipeline=train_pipeline))
val_dataloader = dict(
    dataset=dict(dataset, ann_file='val.txt', test_mode=True, pipeline=test_pipeline))
test_dataloader = val_dataloader
