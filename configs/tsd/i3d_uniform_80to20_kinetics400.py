# TSD's rival I3D_E: 20 of 80 frames at equal distances, in training and in testing.
_base_ = ['./_base_/i3d.py', './_base_/kinetics400.py', './_base_/stage2.py']
model = dict(condenser=dict(_delete_=True, type='UniformFrames', num_frames=20))
