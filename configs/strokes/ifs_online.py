# ifs.py as it is used on a new video, without the networks of its tasks.
_base_ = 'ifs.py'
model = dict(
    _delete_=True,
    **_base_.on_pictures,
    condenser=dict(_base_.model.condenser, loss_weights=dict()),
    data_preprocessor=_base_.model.data_preprocessor)
gops = dict(_base_.gop, num_clips=_base_.num_pictures, test_mode=True)
train_pipeline = [gops, _base_.read, _base_.crop, _base_.resize, *_base_.pack]
online_pipeline = [gops, _base_.read, _base_.resize, *_base_.pack]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=online_pipeline))
test_dataloader = val_dataloader
val_evaluator = _base_.accuracy
test_evaluator = val_evaluator
