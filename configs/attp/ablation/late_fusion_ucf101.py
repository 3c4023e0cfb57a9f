# Row I+MV+R, I, MV and R of Table 3 on UCF101.
_base_ = 'late_fusion_hmdb51.py'
head = dict(num_classes=101)
model = dict(
    i_stream=dict(cls_head=head),
    motion_stream=dict(cls_head=head),
    residual_stream=dict(cls_head=head))
data_root = 'data/ucf101'
data_made_by = 'bash tools/data/ucf101/prepare.sh ARCHIVES data/ucf101'
train_dataloader = dict(
    dataset=dict(data_root=data_root, ann_file=f'ucf101_train_split_{_base_.split}_originals.txt'))
val_dataloader = dict(
    dataset=dict(data_root=data_root, ann_file=f'ucf101_val_split_{_base_.split}_originals.txt'))
test_dataloader = val_dataloader
