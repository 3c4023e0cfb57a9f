# Made by tools/condense_dataset.py --out data/hmdb51/ifs
split = '{{$SPLIT:1}}'  # of which tools/condense_dataset.py wrote the lists
data_root = '{{$CONDENSED:data/hmdb51/ifs}}'
condensed = data_root.rstrip('/').split('/')[-1]  # what made them, such as ifs_mot
data_made_by = 'tools/condense_dataset.py, see bash tools/train_ifs.sh or tools/train_avd.sh'
train_dataloader = dict(
    batch_size=32,
    num_workers=8,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='RawframeDataset',
        data_root=data_root,
        ann_file=f'train_split_{split}.txt',
        data_prefix=dict(img='frames')))
val_dataloader = dict(
    batch_size=1,
    num_workers=8,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='RawframeDataset',
        data_root=data_root,
        ann_file=f'val_split_{split}.txt',
        data_prefix=dict(img='frames'),
        test_mode=True))
test_dataloader = val_dataloader
