# The flow network that ATTP's motion network is aligned with: the same one, on optical flow, which
# tools/data/extract_flow.py writes.
_base_ = 'ablation/ttp_hmdb51.py'
model = dict(
    _delete_=True,
    type='Recognizer2D',
    backbone=dict(type='FeatureMapBackbone', backbone=_base_.backbone, in_channels=2),
    cls_head=dict(
        type='TSNHead',
        num_classes=51,
        in_channels=1280,
        dropout_ratio=0.2,
        average_clips='score'),
    data_preprocessor=dict(
        type='StreamDataPreprocessor',
        preprocessors=dict(flow=_base_.model.data_preprocessor.preprocessors.motion),
        stream=('flow', )))
pack_flow = dict(_base_.pack, collect_keys=('flow', ))
train_pipeline = [
    _base_.sample, _base_.load_flow, *_base_.train_geometry, _base_.format_shape, pack_flow
]
test_pipeline = [
    _base_.sample_test, _base_.load_flow, *_base_.test_geometry, _base_.format_shape, pack_flow
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
work_dir = '{{$ATTP_STAGES:work_dirs/attp/hmdb51}}/split{{$SPLIT:1}}/flow'
