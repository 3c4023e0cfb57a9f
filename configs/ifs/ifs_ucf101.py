# The generator on this data set; also condenses it with the weights from Kinetics-400 (Table 6).
_base_ = [
    '_base_/ifs.py', '../_base_/datasets/ucf101.py', '_base_/pipelines_224.py', '_base_/adam_64e.py',
    '../avd/_base_/runtime.py'
]
model = dict(condenser=dict(num_classes=101))
train_dataloader = dict(batch_size=16, dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
val_evaluator = [dict(type='CondenserMetric'), dict(type='CondenserAccMetric')]
test_evaluator = val_evaluator
