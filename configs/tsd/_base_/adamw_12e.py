_base_ = '../../_base_/schedules/adamw_6e.py'
param_scheduler = [
    dict(
        type='OneCycleLR',
        eta_max=2e-3,
        total_steps=12,
        by_epoch=True,
        convert_to_iter_based=True)
]
train_cfg = dict(max_epochs=12, val_interval=3)
