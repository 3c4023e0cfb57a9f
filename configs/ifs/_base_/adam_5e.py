# The paper's optimizer and decay in few epochs; the discriminator learns at a tenth of the rate.
optim_wrapper = dict(
    optimizer=dict(type='Adam', lr=2e-3, betas=(0.9, 0.999)),
    paramwise_cfg=dict(custom_keys={'discriminator': dict(lr_mult=0.1)}))
param_scheduler = [
    dict(type='CosineAnnealingLR', T_max=5, by_epoch=True, convert_to_iter_based=True)
]
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=5, val_begin=1, val_interval=1)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
auto_scale_lr = dict(enable=False, base_batch_size=16)
