_base_ = ['_base_/distill_2d3d.py', '_base_/ucf101.py']
model = dict(
    cls_head=dict(num_classes=101),
    teacher=dict(
        recognizer=dict(cls_head=dict(num_classes=101)),
        checkpoint=f'{_base_.stages}/flow_2d3d/final.pth',
        made_by='bash tools/train_ip_tsn.sh ucf101 1'))
train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
load_from = f'{_base_.stages}/mr_2d3d/final.pth'
work_dir = f'{_base_.stages}/p_stream'
