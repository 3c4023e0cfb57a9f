# 209 clips to learn from: small streams, small pictures, from scratch. The clips are those of
# https://github.com/seymanurakti/fight-detection-surv-dataset, re-encoded to MPEG-4 with GOP 12.
# Where they lie elsewhere, set {train,val,test}_dataloader.dataset.data_root.
_base_ = ['ip_tsn_synthetic.py']
model = dict(
    i_stream=dict(cls_head=dict(num_classes=2, dropout_ratio=0.5)),
    p_stream=dict(cls_head=dict(num_classes=2, dropout_ratio=0.5)),
    # The I-stream learns little from so few scenes.
    fusion_weights=(1, 3))

modalities = ('iframe', 'motion', 'residual')
layouts = dict(iframe='NCHW', motion='NCTHW', residual='NCTHW')
train_pipeline = [
    dict(type='SampleCompressedFrames', num_segments=8),
    dict(type='LoadCompressedVideo', modalities=modalities, reference='previous'),
    dict(type='Resize', scale=(128, 96), keep_ratio=False),
    dict(type='RandomCrop', size=80),
    dict(type='Flip', flip_ratio=0.5),
    dict(type='FormatCompressedShape', layouts=layouts),
    dict(type='PackActionInputs', collect_keys=modalities)
]
test_pipeline = [
    dict(type='SampleCompressedFrames', num_segments=8, test_mode=True),
    dict(type='LoadCompressedVideo', modalities=modalities, reference='previous'),
    dict(type='Resize', scale=(128, 96), keep_ratio=False),
    dict(type='FormatCompressedShape', layouts=layouts),
    dict(type='PackActionInputs', collect_keys=modalities)
]
data_root = '../shared/data/fights'
data_prefix = dict(video='videos')
train_dataloader = dict(
    drop_last=True,
    dataset=dict(data_root=data_root, data_prefix=data_prefix, pipeline=train_pipeline))
val_dataloader = dict(
    dataset=dict(data_root=data_root, data_prefix=data_prefix, pipeline=test_pipeline))
test_dataloader = val_dataloader
accuracy = dict(type='AccMetric', metric_options=dict(top_k_accuracy=dict(topk=(1, ))))
val_evaluator = [accuracy, dict(type='StreamAccMetric')]
test_evaluator = val_evaluator
train_cfg = dict(max_epochs=30, val_interval=5)
param_scheduler = [
    dict(
        type='OneCycleLR',
        eta_max=2e-3,
        total_steps=30,
        by_epoch=True,
        convert_to_iter_based=True)
]
