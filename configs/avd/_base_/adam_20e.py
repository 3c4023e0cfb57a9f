# The paper does not say how E, D and T are trained: Adam as GANs use it.
optim_wrapper = dict(optimizer=dict(type='Adam', lr=2e-4, betas=(0.5, 0.999)))
param_scheduler = [
    dict(type='CosineAnnealingLR', T_max=20, by_epoch=True, convert_to_iter_based=True)
]
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=20, val_begin=1, val_interval=5)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
auto_scale_lr = dict(enable=False, base_batch_size=8)
