# 20 frames become 5. First stage: TSD learns before a fixed I3D.
_base_ = ['./_base_/i3d.py', './_base_/clips_of_20.py', './_base_/stage1.py']
model = dict(condenser=dict(num_frames=20, num_distilled=5), freeze_recognizer=True)
