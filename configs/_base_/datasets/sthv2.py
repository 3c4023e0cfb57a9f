# Something-Something V2, the original webm files (VP9): nothing is re-encoded.
data_root = 'data/sthv2'
data_prefix = dict(video='videos')
data_made_by = 'bash tools/data/sthv2/prepare.sh VIDEOS ANNOTATIONS data/sthv2'
# MMAction2's: mirrored, "from left to right" is "from right to left". Labels that are not named stay.
flip_label_map = {86: 87, 87: 86, 93: 94, 94: 93, 166: 167, 167: 166}

train_dataloader = dict(
    batch_size=8,
    num_workers=8,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    collate_fn=dict(type='compact_collate'),
    dataset=dict(
        type='CompressedVideoDataset',
        data_root=data_root,
        ann_file='sthv2_train_list_videos.txt',
        data_prefix=data_prefix,
        num_classes=174))
val_dataloader = dict(
    batch_size=8,
    num_workers=8,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='compact_collate'),
    dataset=dict(
        type='CompressedVideoDataset',
        data_root=data_root,
        ann_file='sthv2_val_list_videos.txt',
        data_prefix=data_prefix,
        num_classes=174,
        test_mode=True))
test_dataloader = val_dataloader

val_evaluator = [dict(type='AccMetric'), dict(type='StreamAccMetric')]
test_evaluator = val_evaluator
