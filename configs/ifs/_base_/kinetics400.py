# Re-encoded with a GOP of 12, and listed, by tools/data/kinetics/prepare_400.sh.
data_root = 'data/kinetics400'
data_made_by = 'bash tools/data/kinetics/prepare_400.sh KINETICS data/kinetics400'
flow_made_by = f'FLOW=tvl1 {data_made_by}'
train_dataloader = dict(
    batch_size=16,
    num_workers=8,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='CompressedVideoDataset',
        data_root=data_root,
        ann_file='videos_train_mpeg4/kinetics400_train_list_videos.txt',
        data_prefix=dict(video='videos_train_mpeg4')))
val_dataloader = dict(
    batch_size=16,
    num_workers=8,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='CompressedVideoDataset',
        data_root=data_root,
        ann_file='videos_val_mpeg4/kinetics400_val_list_videos.txt',
        data_prefix=dict(video='videos_val_mpeg4'),
        test_mode=True))
test_dataloader = val_dataloader
