# avd.py as it is used on a new video.
_base_ = 'avd.py'
model = dict(
    _delete_=True,
    **_base_.on_pictures,
    condenser=_base_.encoder,
    data_preprocessor=_base_.rgb_in_clips)
val_dataloader = dict(dataset=dict(pipeline=_base_.online_pipeline))
test_dataloader = val_dataloader
