# Sixteen classes, shape and motion: each stream sees one half of the answer.
# Made by: python tools/data/make_synthetic.py --task both
_base_ = 'ip_tsn_synthetic.py'
model = dict(
    i_stream=dict(cls_head=dict(num_classes=16)), p_stream=dict(cls_head=dict(num_classes=16)))
data_root = 'data/synthetic/both'
train_dataloader = dict(dataset=dict(data_root=data_root))
val_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = dict(dataset=dict(data_root=data_root))
# Shapes are learned more slowly than motion: at the rate of `motion` the I-stream stays at chance.
train_cfg = dict(max_epochs=12)
param_scheduler = [
    dict(
        type='OneCycleLR',
        eta_max=1e-3,
        total_steps=12,
        by_epoch=True,
        convert_to_iter_based=True)
]
