# IFS's Table 4, one-stream rows of frames: CONDENSER in the environment is FirstFrame (I-frame),
# MeanFrame (AVE), RankPooling (DI) or SVMPooling, on GOPs of 12 frames; classifier and schedule as
# behind IFS.
_base_ = [
    '../ifs/classifiers/_base_/tsn_r101.py', '../ifs/_base_/kinetics400.py',
    '../ifs/classifiers/_base_/sgd_256e.py', '../ifs/classifiers/_base_/runtime.py',
    '_base_/rgb_in_clips.py'
]
condenser = '{{$CONDENSER:RankPooling}}'
recognizer = dict(
    type='Recognizer2D', backbone=_base_.model.backbone, cls_head=_base_.model.cls_head)
model = dict(
    _delete_=True,
    type='CondenseRecognizer',
    condenser=dict(type=condenser),
    recognizer=recognizer,
    data_preprocessor=_base_.rgb_in_clips)
load = dict(type='LoadCompressedVideo', modalities=('rgb', ))
pack = [
    dict(type='FormatCompressedShape', layouts=dict(rgb='NCTHW')),
    dict(type='PackActionInputs', collect_keys=('rgb', ))
]
train_pipeline = [
    dict(type='SampleGOPClips', clip_len=12, with_first=True), load,
    dict(type='RandomRescale', scale_range=(256, 340)),
    dict(type='RandomCrop', size=224),
    dict(type='Flip', flip_ratio=0.5), *pack
]
test_pipeline = [
    dict(type='SampleGOPClips', clip_len=12, with_first=True, num_clips=20, test_mode=True), load,
    dict(type='Resize', scale=(-1, 256)),
    dict(type='ThreeCrop', crop_size=256), *pack
]
train_dataloader = dict(batch_size=32, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(batch_size=1, dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
work_dir = f'work_dirs/ifs_table4/{condenser}'
