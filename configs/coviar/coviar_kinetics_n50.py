# As on UCF101, rates and schedule too: none are printed for this data set.
_base_ = 'coviar_ucf101.py'
model = dict(
    i_stream=dict(cls_head=dict(num_classes=400)),
    motion_stream=dict(cls_head=dict(num_classes=400)),
    residual_stream=dict(cls_head=dict(num_classes=400)))
data_root = 'data/kinetics_n50'
data_made_by = 'bash tools/data/kinetics/prepare_n50.sh KINETICS LISTS data/kinetics_n50'
train_dataloader = dict(
    dataset=dict(data_root=data_root, ann_file='kinetics_n50_train_videos.txt'))
val_dataloader = dict(dataset=dict(data_root=data_root, ann_file='kinetics_n50_val_videos.txt'))
test_dataloader = dict(dataset=dict(data_root=data_root, ann_file='kinetics_n50_val_videos.txt'))
split = 1  # the only one
