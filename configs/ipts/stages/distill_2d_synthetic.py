_base_ = ['_base_/distill_2d.py', '_base_/synthetic.py']
model = dict(
    backbone=_base_.small_backbone,
    cls_head=_base_.small_head,
    teacher=dict(
        recognizer=dict(backbone=_base_.small_backbone, cls_head=_base_.small_head),
        checkpoint=f'{_base_.stages}/flow_2d/final.pth',
        made_by='bash tools/train_ip_tsn.sh synthetic 1'))
train_dataloader = dict(
    dataset=dict(pipeline=[_base_.sample_train_2d, *_base_.load_mr_dis, *_base_.pack_train]))
val_dataloader = dict(dataset=dict(pipeline=[_base_.sample_test, *_base_.load, *_base_.pack]))
test_dataloader = dict(dataset=dict(pipeline=[_base_.sample_test, *_base_.load, *_base_.pack]))
load_from = f'{_base_.stages}/mr_2d/final.pth'
work_dir = f'{_base_.stages}/distill_2d'
