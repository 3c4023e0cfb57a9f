# An image network that comes from ImageNet on the pictures of condensed.py.
_base_ = 'condensed.py'
model = dict(
    _delete_=True,
    **_base_.image_network,
    data_preprocessor=_base_.image_norm)
load_from = _base_.image_weights
pack = [dict(type='FormatShape', input_format='NCHW'), dict(type='PackActionInputs')]
train_dataloader = dict(dataset=dict(pipeline=[*_base_.train_pipeline[:-2], *pack]))
val_dataloader = dict(dataset=dict(pipeline=[*_base_.test_pipeline[:-2], *pack]))
test_dataloader = val_dataloader
optim_wrapper = dict(optimizer=dict(lr=_base_.image_lr))
param_scheduler = [dict(_base_.param_scheduler[0], eta_max=_base_.image_lr)]
default_hooks = dict(checkpoint_fit=dict(loosely=True))  # the classifier is new
