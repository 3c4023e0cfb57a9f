# IFS's Table 4, one-stream rows of single modalities: INPUT in the environment is motion, residual or
# flow. 20 fields in three crops in testing, as the frames' rows; classifier and schedule as behind IFS.
_base_ = [
    '_base_/single_pictures.py', '../ifs/_base_/kinetics400.py',
    '../ifs/classifiers/_base_/sgd_256e.py', '../ifs/classifiers/_base_/runtime.py'
]
model = dict(backbone=dict(depth=101, pretrained='torchvision://resnet101'))
test_pipeline = [
    dict(type='SampleCompressedFrames', num_segments=20, test_mode=True), _base_.load,
    dict(type='Resize', scale=(-1, 256)),
    dict(type='ThreeCrop', crop_size=256), *_base_.pack
]
train_dataloader = dict(batch_size=32, dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(batch_size=1, dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
work_dir = f'work_dirs/ifs_table4/{_base_.modality}'
