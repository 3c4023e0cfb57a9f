_base_ = '../../_base_/default_runtime.py'
default_hooks = dict(checkpoint=dict(max_keep_ckpts=1, save_best=None))
