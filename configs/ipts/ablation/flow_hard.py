# The teacher of the table: the P-stream's architecture on optical flow, from scratch, on the same
# 240 clips.
_base_ = '../stages/flow_2d3d_synthetic.py'
model = dict(backbone=dict(pretrained=None))
data_root = 'data/synthetic/motion_hard'
train_dataloader = dict(dataset=dict(data_root=data_root))
val_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = dict(dataset=dict(data_root=data_root))
train_cfg = dict(max_epochs=50, val_begin=50)
param_scheduler = [
    dict(
        type='OneCycleLR',
        eta_max=2e-3,
        total_steps=50,
        by_epoch=True,
        convert_to_iter_based=True)
]
default_hooks = dict(checkpoint=dict(save_best=None))
work_dir = f'{_base_.stages}/flow'
