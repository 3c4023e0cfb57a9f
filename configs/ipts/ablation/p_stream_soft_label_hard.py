# Third row: the class probabilities follow the teacher's (temperature 8, weight 50).
_base_ = 'p_stream_feature_hard.py'
model = dict(feature_loss=None, soft_label_loss=dict(type='SoftLabelLoss', loss_weight=50.0))
work_dir = f'{_base_.stages}/p_stream_soft_label'
