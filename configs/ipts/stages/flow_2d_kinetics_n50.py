_base_ = ['_base_/flow_2d.py', '_base_/kinetics_n50.py']
model = dict(
    cls_head=dict(num_classes=400))
train_dataloader = dict(batch_size=40, dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
work_dir = f'{_base_.stages}/flow_2d'
