# Ten strokes of a pointing finger, https://github.com/varunj/EgoGestAR, or any other folder with
# train.txt, val.txt (`file label` lines) and videos/: STROKES=folder, STROKES_CLASSES=number.
# All rows see 16 moments of a video at 96x128, spread evenly, in training of a random part of the
# picture. Never flipped: left and right would swap.
_base_ = '../../_base_/default_runtime.py'
num_segments = 16
num_classes = int('{{$STROKES_CLASSES:10}}')
data_root = '{{$STROKES:data/strokes}}'
flow_folder = '{{$STROKES_FLOW:flow}}'  # beside videos/, or an absolute path
crop = dict(type='RandomResizedCrop', area_range=(0.5, 1.0))
resize = dict(type='Resize', scale=(128, 96), keep_ratio=False)
dataset = dict(
    type='CompressedVideoDataset', data_root=data_root, data_prefix=dict(video='videos'))
stock_dataset = dict(type='VideoDataset', data_root=data_root, data_prefix=dict(video='videos'))
loading = dict(batch_size=16, num_workers=1, persistent_workers=True)
train_dataloader = dict(
    **loading,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(ann_file='{{$STROKES_LIST:train.txt}}'))
val_dataloader = dict(
    **loading,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(ann_file='val.txt', test_mode=True))
test_dataloader = val_dataloader
accuracy = [dict(type='AccMetric', metric_options=dict(top_k_accuracy=dict(topk=(1, ))))]
val_evaluator = accuracy
test_evaluator = val_evaluator
optim_wrapper = dict(optimizer=dict(type='AdamW', lr=2e-3, weight_decay=0.05))
epochs = int('{{$STROKES_EPOCHS:40}}')
param_scheduler = [
    dict(
        type='OneCycleLR',
        eta_max=2e-3,
        total_steps=epochs,
        by_epoch=True,
        convert_to_iter_based=True)
]
train_cfg = dict(
    type='EpochBasedTrainLoop', max_epochs=epochs, val_begin=epochs, val_interval=epochs)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
default_hooks = dict(
    checkpoint=dict(interval=10, max_keep_ckpts=1, save_best=None), logger=dict(interval=100))
