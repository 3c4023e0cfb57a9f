# Three networks, scores before softmax added: "I+MV+R" of Table 3, "I+P+B" of Figure 4.
_base_ = 'tp_synthetic.py'
head = dict(
    type='TSNHead',
    num_classes=16,
    in_channels=128,
    dropout_ratio=0.0,
    average_clips='score')
model = dict(
    _delete_=True,
    type='CoViAR',
    i_stream=dict(type='Recognizer2D', backbone=_base_.iframe_network, cls_head=head),
    motion_stream=dict(type='Recognizer2D', backbone=_base_.small_motion, cls_head=head),
    residual_stream=dict(type='Recognizer2D', backbone=_base_.small_residual, cls_head=head),
    fusion_weights=(1, 1, 1),
    data_preprocessor=_base_.model.data_preprocessor)
val_evaluator = [dict(type='AccMetric'), dict(type='StreamAccMetric')]
test_evaluator = val_evaluator
