# As long as MMAction2 trains on Something-Something V2.
_base_ = 'adam_300e.py'
param_scheduler = [
    dict(type='MultiStepLR', begin=0, end=50, by_epoch=True, milestones=[25, 45])
]
train_cfg = dict(max_epochs=50)
