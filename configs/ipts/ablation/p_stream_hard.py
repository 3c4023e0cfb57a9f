# First row of the table: the P-stream without a teacher, from scratch.
_base_ = '../stages/mr_2d3d_synthetic.py'
model = dict(backbone=dict(pretrained=None))
data_root = 'data/synthetic/motion_hard'
train_dataloader = dict(dataset=dict(data_root=data_root))
val_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = dict(dataset=dict(data_root=data_root))
train_cfg = dict(max_epochs=20, val_begin=20)
param_scheduler = [
    dict(
        type='OneCycleLR',
        eta_max=2e-3,
        total_steps=20,
        by_epoch=True,
        convert_to_iter_based=True)
]
default_hooks = dict(checkpoint=dict(interval=5, save_best=None))
work_dir = f'{_base_.stages}/p_stream'
