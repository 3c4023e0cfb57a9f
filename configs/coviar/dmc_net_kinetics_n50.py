# DMC-Net, first stage. The network on flow comes first:
# python tools/train.py configs/ipts/stages/flow_2d_kinetics_n50.py
_base_ = ['_base_/dmc_net.py', '../_base_/datasets/kinetics_n50.py', '_base_/dmc_net_50e.py']
stages = '{{$IP_TSN_STAGES:work_dirs/ip_tsn/kinetics_n50}}'
weights_made_by = 'python tools/train.py configs/ipts/stages/flow_2d_kinetics_n50.py'
model = dict(cls_head=dict(num_classes=400))
train_dataloader = dict(batch_size=45, dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
val_evaluator = [dict(type='AccMetric')]
test_evaluator = val_evaluator
load_from = f'{stages}/flow_2d/final.pth'
work_dir = f'{stages}/dmc_net'
