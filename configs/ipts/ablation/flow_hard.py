# The teacher of the table: the P-stream's architecture on optical flow, from scratch.
_base_ = '../stages/flow_2d3d_synthetic.py'
model = dict(backbone=dict(pretrained=None))
data_root = 'data/synthetic/motion_hard'
sample_train = dict(type='SampleCompressedFrames', num_segments=4)
sample_test = dict(type='SampleCompressedFrames', num_segments=4, test_mode=True)
train_pipeline = [sample_train, *_base_.load_dis, *_base_.pack]
test_pipeline = [sample_test, *_base_.load_dis, *_base_.pack]
train_dataloader = dict(
    batch_size=8, dataset=dict(data_root=data_root, pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(data_root=data_root, pipeline=test_pipeline))
test_dataloader = val_dataloader
train_cfg = dict(max_epochs=60, val_begin=60, val_interval=60)
param_scheduler = [
    dict(
        type='OneCycleLR',
        eta_max=2e-3,
        total_steps=60,
        by_epoch=True,
        convert_to_iter_based=True)
]
default_hooks = dict(checkpoint=dict(interval=10, save_best=None))
work_dir = f'{_base_.stages}/flow'
