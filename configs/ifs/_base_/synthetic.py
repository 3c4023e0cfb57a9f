# Made by: python tools/data/make_synthetic.py --task motion --out data/synthetic/motion_gop \
#     --size 64 --num-frames 12 --smoothness 4 --num-train 1600 --num-val 400
# A clip is one GOP. Smooth textures, so that appearance can be told from few pixels.
data_root = 'data/synthetic/motion_gop'
data_made_by = (
    'python tools/data/make_synthetic.py --task motion --out data/synthetic/motion_gop '
    '--size 64 --num-frames 12 --smoothness 4 --num-train 1600 --num-val 400')

train_dataloader = dict(
    batch_size=16,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(type='CompressedVideoDataset', data_root=data_root, ann_file='train.txt'))
val_dataloader = dict(
    batch_size=50,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='CompressedVideoDataset', data_root=data_root, ann_file='val.txt', test_mode=True))
test_dataloader = val_dataloader
