# DMC-Net, first stage. The network on flow comes first:
# python tools/train.py configs/ipts/stages/flow_2d_hmdb51.py
_base_ = ['_base_/dmc_net.py', '../_base_/datasets/hmdb51.py', '_base_/dmc_net_50e.py']
stages = '{{$IP_TSN_STAGES:work_dirs/ip_tsn/hmdb51}}/split{{$SPLIT:1}}'
weights_made_by = 'python tools/train.py configs/ipts/stages/flow_2d_hmdb51.py'
train_dataloader = dict(batch_size=45, dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
val_evaluator = [dict(type='AccMetric')]
test_evaluator = val_evaluator
load_from = f'{stages}/flow_2d/final.pth'
work_dir = f'{stages}/dmc_net'
