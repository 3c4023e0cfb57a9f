# TSN of an image network that comes from ImageNet: eight frames.
_base_ = '_base_/rgb.py'
model = dict(
    **_base_.image_network,
    data_preprocessor=_base_.image_norm)
load_from = _base_.image_weights
sample = dict(type='UniformSample', clip_len=_base_.num_pictures)
pack = [dict(type='FormatShape', input_format='NCHW'), dict(type='PackActionInputs')]
train_pipeline = [
    _base_.train_pipeline[0], sample, *_base_.train_pipeline[2:6], *pack]
test_pipeline = [
    _base_.test_pipeline[0], dict(sample, test_mode=True), *_base_.test_pipeline[2:4], *pack]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
optim_wrapper = dict(optimizer=dict(lr=_base_.image_lr))
param_scheduler = [dict(_base_.param_scheduler[0], eta_max=_base_.image_lr)]
default_hooks = dict(checkpoint_fit=dict(loosely=True))  # the classifier is new
