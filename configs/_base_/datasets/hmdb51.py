# Split 1; the others with SPLIT=2 or 3 in the environment, in training and testing alike.
split = '{{$SPLIT:1}}'
data_root = 'data/hmdb51'
data_prefix = dict(video='videos_mpeg4')  # re-encoded: MPEG-4 part 2, GOP 12, 340x256
data_made_by = 'bash tools/data/hmdb51/prepare.sh ARCHIVES data/hmdb51'

train_dataloader = dict(
    batch_size=8,
    num_workers=8,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    collate_fn=dict(type='compact_collate'),
    dataset=dict(
        type='CompressedVideoDataset',
        data_root=data_root,
        ann_file=f'hmdb51_train_split_{split}_videos.txt',
        data_prefix=data_prefix))
val_dataloader = dict(
    batch_size=8,
    num_workers=8,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='compact_collate'),
    dataset=dict(
        type='CompressedVideoDataset',
        data_root=data_root,
        ann_file=f'hmdb51_val_split_{split}_videos.txt',
        data_prefix=data_prefix,
        test_mode=True))
test_dataloader = val_dataloader

val_evaluator = [dict(type='AccMetric'), dict(type='StreamAccMetric')]
test_evaluator = val_evaluator
