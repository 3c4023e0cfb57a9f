# 80 frames become 40. First stage: TSD learns before a fixed I3D.
_base_ = ['./_base_/i3d.py', './_base_/kinetics400.py', './_base_/stage1.py']
model = dict(condenser=dict(num_frames=80, num_distilled=40), freeze_recognizer=True)
