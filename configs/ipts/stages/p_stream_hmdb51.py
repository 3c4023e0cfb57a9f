_base_ = ['_base_/distill_2d3d.py', '_base_/hmdb51.py']
model = dict(
    teacher=dict(
        checkpoint=f'{_base_.stages}/flow_2d3d/final.pth',
        made_by='bash tools/train_ip_tsn.sh hmdb51 1'))
train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
load_from = f'{_base_.stages}/mr_2d3d/final.pth'
work_dir = f'{_base_.stages}/p_stream'
