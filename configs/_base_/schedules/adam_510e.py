_base_ = 'adam_300e.py'
param_scheduler = [
    dict(type='MultiStepLR', begin=0, end=510, by_epoch=True, milestones=[150, 270, 390])
]
train_cfg = dict(max_epochs=510)
