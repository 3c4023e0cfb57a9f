# IP-TSN: the last of its six stages. A frozen network on optical flow teaches the P-stream; it and
# the weights to start from are made by the stages before: bash tools/train_ip_tsn.sh hmdb51 1
_base_ = [
    '../_base_/models/ip_tsn_distilled_r152_r18.py', '../_base_/datasets/hmdb51.py',
    '../_base_/pipelines/ip_tsn_flow_224.py', '../_base_/schedules/adam_300e_ip_tsn.py',
    '../_base_/default_runtime.py'
]
stages = '{{$IP_TSN_STAGES:work_dirs/ip_tsn/hmdb51}}/split{{$SPLIT:1}}'
model = dict(
    p_stream=dict(
        init_cfg=dict(type='Pretrained', checkpoint=f'{stages}/mr_2d3d/final.pth'),
        teacher=dict(
            checkpoint=f'{stages}/flow_2d3d/final.pth',
            made_by='bash tools/train_ip_tsn.sh hmdb51 1')))
train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = dict(
    batch_size=_base_.test_batch_size, dataset=dict(pipeline=_base_.test_pipeline))
