# IFS's generator and its tasks, learned from crops; what it condenses are whole pictures.
_base_ = [
    '_base_/networks.py', '../ifs/_base_/ifs_small.py', '../ifs/_base_/pipelines_64.py'
]
model = dict(condenser=dict(num_classes=_base_.num_classes))
read, pack = _base_.load[0], _base_.load[1:]
gop = dict(type='SampleGOPClips', clip_len=12)
train_pipeline = [gop, read, _base_.resize, dict(type='RandomCrop', size=64), *pack]
condense_pipeline = [dict(gop, num_clips=None), read, _base_.resize, *pack]
test_pipeline = [dict(gop, test_mode=True), read, _base_.resize, *pack]
train_dataloader = dict(dataset=dict(**_base_.dataset, pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(**_base_.dataset, pipeline=test_pipeline))
test_dataloader = val_dataloader
val_evaluator = [dict(type='CondenserMetric'), dict(type='CondenserAccMetric')]
test_evaluator = val_evaluator
optim_wrapper = dict(
    optimizer=dict(_delete_=True, type='Adam', lr=2e-3),
    paramwise_cfg=dict(custom_keys={'discriminator': dict(lr_mult=0.1)}))
