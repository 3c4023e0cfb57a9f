# The flow network that ATTP's motion network is aligned with: the same one, on optical flow.
_base_ = 'ablation/tp_synthetic.py'
model = dict(
    _delete_=True,
    type='Recognizer2D',
    backbone=_base_.small_motion,
    cls_head=dict(
        type='TSNHead',
        num_classes=16,
        in_channels=128,
        dropout_ratio=0.0,
        average_clips='score'),
    data_preprocessor=dict(
        type='StreamDataPreprocessor',
        preprocessors=dict(flow=_base_.model.data_preprocessor.preprocessors.motion),
        stream=('flow', )))
load_flow = [
    dict(type='LoadCompressedVideo', modalities=('rgb', 'previous_rgb')),
    dict(type='LoadFlow', method='dis')
]
pack_flow = dict(_base_.pack, collect_keys=('flow', ))
train_pipeline = [_base_.sample, *load_flow, _base_.format_shape, pack_flow]
test_pipeline = [_base_.sample_test, *load_flow, _base_.format_shape, pack_flow]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
train_cfg = dict(max_epochs=2)
param_scheduler = [
    dict(
        type='OneCycleLR',
        eta_max=2e-3,
        total_steps=2,
        by_epoch=True,
        convert_to_iter_based=True)
]
work_dir = '{{$ATTP_STAGES:work_dirs/attp/synthetic}}/flow'
