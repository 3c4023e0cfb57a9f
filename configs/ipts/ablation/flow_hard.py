# The teacher of the table: the P-stream's architecture on optical flow, from scratch, on 800 clips,
# none of them among the 240 that the P-stream learns from.
_base_ = '../stages/flow_2d3d_synthetic.py'
model = dict(backbone=dict(pretrained=None))
train_dataloader = dict(dataset=dict(data_root='data/synthetic/motion_hard_teacher'))
val_dataloader = dict(dataset=dict(data_root='data/synthetic/motion_hard'))
test_dataloader = dict(dataset=dict(data_root='data/synthetic/motion_hard'))
train_cfg = dict(max_epochs=15, val_begin=15)
param_scheduler = [
    dict(
        type='OneCycleLR',
        eta_max=2e-3,
        total_steps=15,
        by_epoch=True,
        convert_to_iter_based=True)
]
default_hooks = dict(checkpoint=dict(save_best=None))
work_dir = f'{_base_.stages}/flow'
