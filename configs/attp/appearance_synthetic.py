# The network that the synthetic configs' I-frame networks start from, as the paper's start from
# ImageNet: eight shapes, still pictures. Made by:
# python tools/data/make_synthetic.py --task appearance --codec h264 --b-frames 2 --size 48 \
#     --num-frames 36 --num-train 2000 --out data/synthetic/appearance_b
_base_ = 'ablation/tp_synthetic.py'
model = dict(
    _delete_=True,
    type='Recognizer2D',
    backbone=_base_.small_rgb,
    cls_head=dict(
        type='TSNHead',
        num_classes=8,
        in_channels=128,
        dropout_ratio=0.0,
        average_clips='score'),
    data_preprocessor=dict(
        type='StreamDataPreprocessor',
        preprocessors=dict(iframe=_base_.model.data_preprocessor.preprocessors.iframe),
        stream=('iframe', )))
load_iframes = dict(type='LoadCompressedVideo', modalities=('iframe', ))
pack_iframes = dict(_base_.pack, collect_keys=('iframe', ))
# One picture of a clip tells its shape; three of them would tell little more.
train_pipeline = [
    dict(_base_.sample, num_gops=1), load_iframes, _base_.format_shape, pack_iframes
]
test_pipeline = [_base_.sample_test, load_iframes, _base_.format_shape, pack_iframes]
data_root = 'data/synthetic/appearance_b'
train_dataloader = dict(
    batch_size=32, dataset=dict(data_root=data_root, pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(data_root=data_root, pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(data_root=data_root, pipeline=test_pipeline))
train_cfg = dict(max_epochs=10, val_begin=10)
param_scheduler = [
    dict(
        type='OneCycleLR',
        eta_max=2e-3,
        total_steps=10,
        by_epoch=True,
        convert_to_iter_based=True)
]
work_dir = '{{$ATTP_STAGES:work_dirs/attp/synthetic}}/appearance'
