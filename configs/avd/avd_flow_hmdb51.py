_base_ = [
    '_base_/avd_flow.py', '../_base_/datasets/hmdb51.py', '_base_/flow_of_32.py',
    '_base_/adam_20e.py', '_base_/runtime.py'
]
train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
val_evaluator = [dict(type='CondenserMetric')]
test_evaluator = val_evaluator
