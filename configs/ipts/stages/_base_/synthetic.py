_base_ = [
    '../../../_base_/datasets/synthetic.py', '../../../_base_/schedules/adamw_6e.py',
    '../../../_base_/default_runtime.py'
]
# Each stage starts where others ended, so half the epochs do.
train_cfg = dict(max_epochs=3)
param_scheduler = [
    dict(
        type='OneCycleLR',
        eta_max=2e-3,
        total_steps=3,
        by_epoch=True,
        convert_to_iter_based=True)
]
val_evaluator = [dict(type='AccMetric')]
test_evaluator = val_evaluator
# Each stage leaves its final.pth in a folder of its own in here, and finds the others' there.
stages = '{{$IP_TSN_STAGES:work_dirs/ip_tsn/synthetic}}'
weights_made_by = 'bash tools/train_ip_tsn.sh synthetic 1'
# A quarter of the channels, from scratch; no crops, and no flips, which turn left into right.
small_backbone = dict(base_channels=16, pretrained=None)
small_head = dict(num_classes=8, in_channels=128, dropout_ratio=0.0)
sample_train_2d = dict(type='SampleCompressedFrames', num_segments=3)
sample_train_3d = dict(type='SampleCompressedFrames', num_segments=8)
sample_test = dict(type='SampleCompressedFrames', num_segments=8, test_mode=True)
# Flow is computed from the frames of the same pass.
load_dis = [
    dict(type='LoadCompressedVideo', modalities=('rgb', 'previous_rgb')),
    dict(type='LoadFlow', method='dis')
]
load_mr_dis = [
    dict(
        type='LoadCompressedVideo',
        modalities=('motion', 'residual', 'rgb', 'previous_rgb'),
        reference='previous'),
    dict(type='LoadFlow', method='dis')
]
