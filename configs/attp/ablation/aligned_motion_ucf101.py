# Figure 4 (right) on UCF101.
_base_ = 'aligned_motion_hmdb51.py'
stages = '{{$ATTP_STAGES:work_dirs/attp/ucf101}}/split{{$SPLIT:1}}'
model = dict(
    cls_head=dict(num_classes=101),
    alignment=dict(
        teacher=dict(
            recognizer=dict(cls_head=dict(num_classes=101)),
            checkpoint=f'{stages}/flow/final.pth',
            made_by='python tools/train.py configs/attp/flow_ucf101.py')))
data_root = 'data/ucf101'
data_made_by = 'bash tools/data/ucf101/prepare.sh ARCHIVES data/ucf101'
train_dataloader = dict(
    dataset=dict(data_root=data_root, ann_file=f'ucf101_train_split_{_base_.split}_originals.txt'))
val_dataloader = dict(
    dataset=dict(data_root=data_root, ann_file=f'ucf101_val_split_{_base_.split}_originals.txt'))
test_dataloader = val_dataloader
