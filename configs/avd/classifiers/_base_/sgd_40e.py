# Section 4.2: SGD with momentum 0.9 from 0.003, times 0.1 every epoch; how many is not said. The paper's
# epoch shows all ten images of a video, ours one of them at random: ten of ours are one of the
# paper's, of which these are four.
optim_wrapper = dict(optimizer=dict(type='SGD', lr=3e-3, momentum=0.9, weight_decay=1e-4))
param_scheduler = [dict(type='StepLR', step_size=10, gamma=0.1, by_epoch=True)]
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=40, val_begin=10, val_interval=10)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
auto_scale_lr = dict(enable=False, base_batch_size=32)
