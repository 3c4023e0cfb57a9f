# Made by tools/data/kinetics/prepare_n50.sh: 30 training and 20 validation videos a class.
data_root = 'data/kinetics_n50'
data_prefix = dict(video='videos_mpeg4')  # re-encoded: MPEG-4 part 2, GOP 12, 340x256
data_made_by = 'bash tools/data/kinetics/prepare_n50.sh KINETICS LISTS data/kinetics_n50'

train_dataloader = dict(
    batch_size=8,
    num_workers=8,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    collate_fn=dict(type='compact_collate'),
    dataset=dict(
        type='CompressedVideoDataset',
        data_root=data_root,
        ann_file='kinetics_n50_train_videos.txt',
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
        ann_file='kinetics_n50_val_videos.txt',
        data_prefix=data_prefix,
        test_mode=True))
test_dataloader = val_dataloader

val_evaluator = [dict(type='AccMetric'), dict(type='StreamAccMetric')]
test_evaluator = val_evaluator
