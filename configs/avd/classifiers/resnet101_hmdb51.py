# ResNet-101 on distilled images.
_base_ = [
    '../../ifs/classifiers/_base_/tsn_r101.py',
    '../../ifs/classifiers/_base_/condensed_hmdb51.py', '_base_/rawframes_224.py',
    '_base_/sgd_40e.py', '../../ifs/classifiers/_base_/runtime.py'
]
model = dict(
    backbone=dict(depth=101, pretrained='torchvision://resnet101'),
    cls_head=dict(num_classes=51))
data_root = '{{$CONDENSED:data/hmdb51/avd}}'
train_dataloader = dict(dataset=dict(data_root=data_root, pipeline=_base_.train_pipeline))
val_dataloader = dict(dataset=dict(data_root=data_root, pipeline=_base_.test_pipeline))
test_dataloader = dict(dataset=dict(data_root=data_root, pipeline=_base_.test_pipeline))
work_dir = 'work_dirs/' + data_root.rstrip('/').split('/')[-1] + f'/resnet101_hmdb51_split{_base_.split}'
