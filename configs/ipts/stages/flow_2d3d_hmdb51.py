_base_ = ['_base_/flow_2d3d.py', '_base_/hmdb51.py']
model = dict(
    backbone=dict(pretrained=f'{_base_.stages}/flow_2d/final.pth'))
train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
work_dir = f'{_base_.stages}/flow_2d3d'
