# ifs.py as it is used on a new video, without the networks of its tasks.
_base_ = 'ifs.py'
model = dict(
    _delete_=True,
    **_base_.on_pictures,
    condenser=dict(_base_.model.condenser, loss_weights=dict()),
    data_preprocessor=_base_.model.data_preprocessor)
online_pipeline = [
    dict(_base_.gop, num_clips=_base_.num_pictures, test_mode=True), _base_.read, _base_.resize,
    *_base_.pack
]
val_dataloader = dict(dataset=dict(pipeline=online_pipeline))
test_dataloader = val_dataloader
