# The main network of the synthetic configs, before it meets long clips: five frames, two apart, of
# the task `motion`, as the paper's main network comes from Kinetics. Made by:
#     python tools/data/make_synthetic.py --task motion --size 48 --num-frames 12 \
#         --num-train 1600 --num-val 400 --out data/synthetic/motion48
_base_ = [
    './_base_/brief.py', './_base_/brief_model.py', '../_base_/schedules/adamw_6e.py',
    '../_base_/default_runtime.py'
]
model = dict(condenser=dict(type='UniformFrames', num_frames=5))  # all of them
train_pipeline = [
    dict(type='OpenCVInit'),
    dict(type='SampleFrames', clip_len=5, frame_interval=2, num_clips=1),
    dict(type='OpenCVDecode'), *_base_.train_pipeline[3:]
]
test_pipeline = [
    dict(type='OpenCVInit'),
    dict(type='SampleFrames', clip_len=5, frame_interval=2, num_clips=1, test_mode=True),
    dict(type='OpenCVDecode'), *_base_.test_pipeline[3:]
]
data_root = 'data/synthetic/motion48'
train_dataloader = dict(dataset=dict(data_root=data_root, pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(data_root=data_root, pipeline=test_pipeline))
test_dataloader = val_dataloader
train_cfg = dict(val_begin=6, val_interval=6)
default_hooks = dict(checkpoint=dict(max_keep_ckpts=1, save_best=None))
