_base_ = [
    'condense_rgb.py', '../../ifs/_base_/synthetic.py', 'rgb_64.py', 'adamw_20e.py', 'runtime.py'
]
train_dataloader = dict(batch_size=32, dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
