# avd.py as it is used on a new video.
_base_ = 'avd.py'
model = dict(
    _delete_=True,
    **_base_.on_pictures,
    condenser=dict(_base_.encoder, reconstruction_weight=None),  # the encoder alone
    data_preprocessor=_base_.rgb_in_clips)
online_train_pipeline = [
    _base_.gops, _base_.read, _base_.crop, _base_.resize, *_base_.pack
]
train_dataloader = dict(dataset=dict(pipeline=online_train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.online_pipeline))
test_dataloader = val_dataloader
val_evaluator = _base_.accuracy
test_evaluator = val_evaluator
