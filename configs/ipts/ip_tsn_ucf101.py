# IP-TSN: the last of its six stages. A frozen network on optical flow teaches the P-stream; it and
# the weights to start from are made by the stages before: bash tools/train_ip_tsn.sh ucf101 1
_base_ = [
    '../_base_/models/ip_tsn_distilled_r152_r18.py', '../_base_/datasets/ucf101.py',
    '../_base_/pipelines/ip_tsn_flow_224.py', '../_base_/schedules/adam_510e_ip_tsn.py',
    '../_base_/default_runtime.py'
]
stages = '{{$IP_TSN_STAGES:work_dirs/ip_tsn/ucf101}}/split{{$SPLIT:1}}'
model = dict(
    i_stream=dict(cls_head=dict(num_classes=101)),
    p_stream=dict(
        cls_head=dict(num_classes=101),
        init_cfg=dict(type='Pretrained', checkpoint=f'{stages}/mr_2d3d/final.pth'),
        teacher=dict(
            recognizer=dict(cls_head=dict(num_classes=101)),
            checkpoint=f'{stages}/flow_2d3d/final.pth',
            made_by='bash tools/train_ip_tsn.sh ucf101 1')))
train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
test_dataloader = dict(
    batch_size=_base_.test_batch_size, dataset=dict(pipeline=_base_.test_pipeline))
