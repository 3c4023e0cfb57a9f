# Made by: python tools/data/make_synthetic.py --task motion
data_root = 'data/synthetic/motion'
data_made_by = 'python tools/data/make_synthetic.py --task motion'

train_dataloader = dict(
    batch_size=16,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    collate_fn=dict(type='compact_collate'),
    dataset=dict(
        type='CompressedVideoDataset',
        data_root=data_root,
        ann_file='train.txt'))
val_dataloader = dict(
    batch_size=16,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='compact_collate'),
    dataset=dict(
        type='CompressedVideoDataset',
        data_root=data_root,
        ann_file='val.txt',
        test_mode=True))
test_dataloader = val_dataloader

val_evaluator = [dict(type='AccMetric'), dict(type='StreamAccMetric')]
test_evaluator = val_evaluator
