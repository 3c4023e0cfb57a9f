# What a new video costs whose condensed pictures the P-stream's network sees as a clip. Which
# condenser is for a row to say; what trains is condensed.py, on pictures that were made before.
_base_ = [
    'networks.py', '../../baselines/_base_/rgb_in_clips.py', '../../baselines/_base_/rgb_64.py'
]
model = dict(**_base_.on_pictures, data_preprocessor=_base_.rgb_in_clips)
gop = dict(type='SampleGOPClips', clip_len=12, with_first=True)
read, pack = _base_.load[0], _base_.load[1:]
condense_pipeline = [dict(gop, num_clips=None), read, _base_.resize, *pack]
gops = dict(gop, num_clips=_base_.num_pictures, test_mode=True)  # in training, too: in order
train_pipeline = [gops, read, _base_.crop, _base_.resize, *pack]
online_pipeline = [gops, read, _base_.resize, *pack]
train_dataloader = dict(dataset=dict(**_base_.dataset, pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(**_base_.dataset, pipeline=online_pipeline))
test_dataloader = val_dataloader
