# Three networks, scores before softmax added: "I+MV+R" of Table 3. They share nothing, so that the
# accuracies logged for each stream are the rows "I", "MV" and "R".
_base_ = 'tp_hmdb51.py'
head = dict(
    type='TSNHead',
    num_classes=51,
    in_channels=1280,
    dropout_ratio=0.2,
    average_clips='score')
rgb = dict(type='FeatureMapBackbone', backbone=_base_.backbone, in_channels=3)
motion = dict(type='FeatureMapBackbone', backbone=_base_.backbone, in_channels=2)
model = dict(
    _delete_=True,
    type='CoViAR',
    i_stream=dict(type='Recognizer2D', backbone=rgb, cls_head=head),
    motion_stream=dict(type='Recognizer2D', backbone=motion, cls_head=head),
    residual_stream=dict(type='Recognizer2D', backbone=rgb, cls_head=head),
    fusion_weights=(1, 1, 1),
    data_preprocessor=_base_.model.data_preprocessor)
val_evaluator = [dict(type='AccMetric'), dict(type='StreamAccMetric')]
test_evaluator = val_evaluator
