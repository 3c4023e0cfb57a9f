_base_ = '../../_base_/default_runtime.py'
val_evaluator = [dict(type='AccMetric')]
test_evaluator = val_evaluator
default_hooks = dict(checkpoint=dict(max_keep_ckpts=1, save_best=None))
