# First stage (section 4.2): 50,000 iterations of extractor and TSD block, the main network fixed.
# Optimizer, momentum and weight decay are not printed.
_base_ = '../../_base_/default_runtime.py'
optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.1, momentum=0.9, weight_decay=1e-4))
param_scheduler = [
    dict(type='MultiStepLR', by_epoch=False, milestones=[10000, 20000, 30000, 40000], gamma=0.1)
]
train_cfg = dict(type='IterBasedTrainLoop', max_iters=50000, val_interval=10000)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
default_hooks = dict(checkpoint=dict(by_epoch=False, interval=10000))
custom_hooks = []
log_processor = dict(by_epoch=False)
auto_scale_lr = dict(enable=False, base_batch_size=64)
