# The encoder on optical flow, without labels: FLOW=tvl1 bash tools/data/kinetics/prepare_400.sh
_base_ = [
    '_base_/avd_flow.py', '../ifs/_base_/kinetics400.py', '_base_/flow_of_32.py',
    '_base_/adam_20e.py', '_base_/runtime.py'
]
train_dataloader = dict(batch_size=8, dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(batch_size=8, dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = dict(batch_size=8, dataset=dict(pipeline=_base_.test_pipeline))
val_evaluator = [dict(type='CondenserMetric')]
test_evaluator = val_evaluator
