_base_ = '../../../_base_/default_runtime.py'
val_evaluator = [dict(type='AccMetric')]
test_evaluator = val_evaluator
custom_hooks = []
