# Second stage: everything, end to end. The paper does not say for how long: four steps here.
_base_ = 'stage1.py'
optim_wrapper = dict(optimizer=dict(lr=0.01))
param_scheduler = [dict(type='StepLR', by_epoch=False, step_size=30000, gamma=0.3)]
train_cfg = dict(max_iters=120000, val_interval=10000)
