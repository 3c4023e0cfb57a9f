_base_ = '../../_base_/default_runtime.py'
# The authors' rates: 0.01 for the generator (and the discriminator), a hundredth of it for a
# classifier that has learned from flow before.
optim_wrapper = dict(
    optimizer=dict(type='Adam', lr=1e-2, weight_decay=1e-4, eps=1e-3),
    paramwise_cfg=dict(
        custom_keys={
            'backbone': dict(lr_mult=0.01),
            'cls_head': dict(lr_mult=0.01)
        }))
param_scheduler = [
    dict(type='MultiStepLR', begin=0, end=50, by_epoch=True, milestones=[20, 35, 45])
]
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=50, val_begin=1, val_interval=5)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
auto_scale_lr = dict(enable=False, base_batch_size=45)
# Nothing but the generator, or the discriminator, starts at random.
default_hooks = dict(checkpoint_fit=dict(loosely=True))
