# TTP on 209 clips: small networks, small pictures, from scratch, no flow network. The clips are
# those of https://github.com/seymanurakti/fight-detection-surv-dataset, re-encoded to MPEG-4 with
# GOP 12. Where they lie elsewhere, set {train,val,test}_dataloader.dataset.data_root.
_base_ = 'ablation/ttp_synthetic.py'
model = dict(
    backbones=dict(iframe=dict(pretrained=None)),
    cls_head=dict(num_classes=2, dropout_ratio=0.5, topk=(1, )))
resize = dict(type='Resize', scale=(128, 96), keep_ratio=False)
train_pipeline = [
    dict(_base_.sample_with_neighbours, num_gops=3), _base_.load, resize,
    dict(type='RandomCrop', size=80),
    dict(type='Flip', flip_ratio=0.5), _base_.format_shape, _base_.pack
]
test_pipeline = [
    dict(_base_.sample_test, num_gops=8), _base_.load, resize, _base_.format_shape, _base_.pack
]
data_root = '../shared/data/fights'
data_prefix = dict(video='videos')
train_dataloader = dict(
    drop_last=True,
    dataset=dict(data_root=data_root, data_prefix=data_prefix, pipeline=train_pipeline))
val_dataloader = dict(
    dataset=dict(data_root=data_root, data_prefix=data_prefix, pipeline=test_pipeline))
test_dataloader = val_dataloader
val_evaluator = [
    dict(type='AccMetric', metric_options=dict(top_k_accuracy=dict(topk=(1, ))))
]
test_evaluator = val_evaluator
train_cfg = dict(max_epochs=12, val_interval=12)
param_scheduler = [
    dict(
        type='OneCycleLR',
        eta_max=2e-3,
        total_steps=12,
        by_epoch=True,
        convert_to_iter_based=True)
]
