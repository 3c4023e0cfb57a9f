# ResNet-101 on synthetic frames as floating-point numbers, not as JPEGs: Table 2's column "end-to-end".
_base_ = [
    '_base_/tsn_r101.py', '../_base_/preprocessor.py', '../_base_/kinetics400.py',
    '../_base_/pipelines_224.py', '_base_/sgd_256e.py', '_base_/runtime.py'
]
checkpoint = '{{$IFS_CHECKPOINT:work_dirs/ifs/generator/final.pth}}'
model = dict(
    _delete_=True,
    type='CondenseRecognizer',
    condenser=dict(type='IFS', clip_len=12, loss_weights=dict()),  # the generator alone
    condenser_checkpoint=checkpoint,
    freeze_condenser=True,
    recognizer=dict(
        type='Recognizer2D', backbone=_base_.model.backbone, cls_head=_base_.model.cls_head),
    data_preprocessor=_base_.ifs_preprocessor)
weights_made_by = 'bash tools/train_ifs.sh kinetics400 8'
test_pipeline = [
    dict(type='SampleGOPClips', clip_len=12, num_clips=20, test_mode=True), _base_.load,
    dict(type='Resize', scale=(-1, 256)),
    dict(type='ThreeCrop', crop_size=256), *_base_.pack
]
train_dataloader = dict(batch_size=32, dataset=dict(pipeline=_base_.train_pipeline))
val_dataloader = dict(batch_size=1, dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(batch_size=1, dataset=dict(pipeline=test_pipeline))
work_dir = checkpoint.rsplit('/', 2)[0] + '/end_to_end_r101_kinetics400'
