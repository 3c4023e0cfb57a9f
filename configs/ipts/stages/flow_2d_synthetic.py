_base_ = ['_base_/flow_2d.py', '_base_/synthetic.py']
model = dict(backbone=_base_.small_backbone, cls_head=_base_.small_head)
train_dataloader = dict(
    dataset=dict(pipeline=[_base_.sample_train_2d, *_base_.load_dis, *_base_.pack]))
val_dataloader = dict(dataset=dict(pipeline=[_base_.sample_test, *_base_.load_dis, *_base_.pack]))
test_dataloader = dict(dataset=dict(pipeline=[_base_.sample_test, *_base_.load_dis, *_base_.pack]))
work_dir = f'{_base_.stages}/flow_2d'
