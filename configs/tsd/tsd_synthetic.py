# Synthetic `brief`: 80 frames become 5, end to end. Which way did the second shape cross, which is
# there for 8 frames of the 80? The main network starts from main_synthetic.py.
_base_ = [
    './_base_/brief.py', './_base_/brief_model.py', './_base_/small_extractor.py',
    './_base_/adamw_4e.py', '../_base_/default_runtime.py'
]
model = dict(
    condenser=dict(
        type='TemporalSequenceDistillation',
        num_frames=80,
        num_distilled=5,
        extractor=_base_.extractor,
        extractor_channels=64,
        extractor_size=24,
        subtract_mean_frame=True,
        embed_channels=64,
        kernel=(9, 1, 1),
        # the paper's 0.01 is for kernels of 4096 weights, these have 576
        init_std=0.025))
load_from = '{{$MAIN_CHECKPOINT:work_dirs/main_synthetic/epoch_6.pth}}'
default_hooks = dict(
    checkpoint=dict(max_keep_ckpts=1, save_best=None),
    checkpoint_fit=dict(loosely=True))  # the checkpoint is the main network's
