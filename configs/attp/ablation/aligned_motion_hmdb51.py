# Motion vectors alone, aligned with the flow network of attp_hmdb51.py: Figure 4 (right). Without
# alignment it is the motion stream of late_fusion_hmdb51.py.
_base_ = '../attp_hmdb51.py'
preprocessor = _base_.model.data_preprocessor.preprocessors
model = dict(
    _delete_=True,
    type='AlignedRecognizer2D',
    backbone=dict(type='FeatureMapBackbone', backbone=_base_.backbone, in_channels=2),
    cls_head=dict(
        type='TSNHead',
        num_classes=51,
        in_channels=1280,
        dropout_ratio=0.2,
        average_clips='score'),
    alignment=_base_.model.alignment,
    data_preprocessor=dict(
        type='StreamDataPreprocessor',
        preprocessors=dict(motion=preprocessor.motion, flow=preprocessor.motion),
        stream=('motion', )))
load = dict(_base_.load, modalities=('motion', ))
pack = dict(_base_.pack, collect_keys=('motion', ))
train_pipeline = [
    _base_.sample, load, _base_.load_flow, *_base_.train_geometry, _base_.format_shape,
    dict(pack, collect_keys=('motion', 'flow'))
]
test_pipeline = [_base_.sample_test, load, *_base_.test_geometry, _base_.format_shape, pack]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
