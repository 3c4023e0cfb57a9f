_base_ = [
    '../../../_base_/datasets/ucf101.py', '../../../_base_/schedules/adam_510e_ip_tsn.py',
    '../../../_base_/default_runtime.py'
]
val_evaluator = [dict(type='AccMetric')]
test_evaluator = val_evaluator
# Each stage leaves its final.pth in a folder of its own in here, and finds the others' there.
stages = '{{$IP_TSN_STAGES:work_dirs/ip_tsn/ucf101}}/split{{$SPLIT:1}}'
weights_made_by = 'bash tools/train_ip_tsn.sh ucf101 1'
