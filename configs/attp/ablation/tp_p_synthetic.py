# TP without B-frames.
_base_ = 'tp_synthetic.py'
train_pipeline = [dict(_base_.sample, frame_types=('P', )), *_base_.train_pipeline[1:]]
test_pipeline = [dict(_base_.sample_test, frame_types=('P', )), *_base_.test_pipeline[1:]]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
