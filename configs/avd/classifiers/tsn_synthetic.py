# A small TSN on distilled images, the same as behind IFS.
_base_ = '../../ifs/classifiers/tsn_synthetic.py'
data_root = '{{$CONDENSED:data/synthetic/motion_gop/avd}}'
train_dataloader = dict(dataset=dict(data_root=data_root))
val_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = dict(dataset=dict(data_root=data_root))
